/**
 * What tests import as `vite-plugin-isr/testing`: the contract that a store of one's own has to keep.
 */
import { AssertionError, deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CacheStore, CreateStore, EntryMeta, StoreContext } from './types.ts'

/** How `testStore` is told where it runs. */
export interface TestStoreOptions {
  /** The runner's function that registers a test: `test` of vitest, of `node:test`, of Jest, … */
  readonly test: (name: string, run: () => Promise<void>) => unknown
  /**
   * Whether entries outlive the store that wrote them, so that a second one (another server, or the same after a restart)
   * finds them. Default `true`; `false` leaves those tests out, for a store in memory.
   */
  readonly persistent?: boolean
  /** Size in bytes of the largest value that is stored. Default 4 MiB. */
  readonly largestBytes?: number
  /** Milliseconds after which an operation counts as one that never ends. Default 10 000. */
  readonly timeoutMs?: number
}

/** Opens stores of one build that never was; all are closed when the test ends. */
interface Bench {
  open(context?: Partial<StoreContext>): Promise<CacheStore>
  close(store: CacheStore): Promise<void>
}

type Check = (bench: Bench) => Promise<void>

/**
 * Registers the tests of the store contract for a `cache.store` module's default export. Each test has a build id and an
 * empty folder of its own, and closes what it opened. Checks are made with `node:assert`, so every runner understands them.
 *
 * @example
 * // cache-store.test.ts
 * import { test } from 'vitest' // or: import test from 'node:test'
 * import { testStore } from 'vite-plugin-isr/testing'
 * import createStore from './cache-store'
 *
 * testStore(createStore, { test })
 */
export function testStore(createStore: CreateStore, options: TestStoreOptions): void {
  const { test, persistent = true, largestBytes = 4 * 1024 * 1024, timeoutMs = 10_000 } = options
  const checks: Record<string, Check> = {
    ...VALUES,
    [`keeps a value of ${largestBytes} bytes`]: (bench) => keepsBytes(bench, randomBytes(largestBytes)),
    ...KEYS,
    ...CONCURRENCY,
    ...CLAIMS,
    ...ENDS,
    ...(persistent && PERSISTENCE),
  }
  for (const [name, check] of Object.entries(checks))
    test(`store: ${name}`, () => withBench(createStore, check, timeoutMs))
}

async function withBench(createStore: CreateStore, check: Check, timeoutMs: number): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'isr-store-'))
  const context = { buildId: randomBytes(9).toString('base64url'), dir }
  const opened = new Set<CacheStore>()
  const close = async (store: CacheStore) => {
    opened.delete(store)
    await ended('close', store.close?.())
  }
  const ended = <T>(name: string, work: T) => withTimeout(name, work, timeoutMs)
  try {
    await check({
      async open(changes) {
        const store = await ended('createStore', createStore({ ...context, ...changes }))
        for (const name of ['get', 'set', 'delete'] as const) {
          strictEqual(typeof store[name], 'function', `the store's \`${name}\` is not a function`)
        }
        // Asked through this one, so that an operation that never ends is told by its name.
        const timed: CacheStore = {
          get: (key) => ended('get', store.get(key)),
          set: (key, value, meta) => ended('set', store.set(key, value, meta)),
          delete: (key) => ended('delete', store.delete(key)),
          ...(store.claim && { claim: async (key, ms) => ended('claim', store.claim?.(key, ms) ?? false) }),
          ...(store.limits && { limits: store.limits }),
          close: async () => store.close?.(),
        }
        opened.add(timed)
        return timed
      },
      close,
    })
  } finally {
    await Promise.all([...opened].map(close))
    await rm(dir, { recursive: true, force: true })
  }
}

/** Rejects when something has not ended in time; what is no promise has. */
async function withTimeout<T>(name: string, work: T, ms: number): Promise<Awaited<T>> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new AssertionError({ message: `${name} did not settle within ${ms} ms` })), ms)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}

const PAGE: EntryMeta = { kind: 'page', generatedAt: 1_700_000_000_000, revalidate: 60, expire: 31_536_000 }

const text = (value: string) => new TextEncoder().encode(value)

/** Every byte there is, so that nothing may pass through a string. */
const everyByte = () => Uint8Array.from({ length: 256 }, (_, index) => index)

/** Compares bytes, whatever subclass of `Uint8Array` a store hands out. */
function sameBytes(actual: Uint8Array | undefined, expected: Uint8Array, what: string): void {
  ok(actual instanceof Uint8Array, `${what}: get gave ${actual === null ? 'null' : typeof actual} instead of bytes`)
  ok(
    Buffer.from(actual.buffer, actual.byteOffset, actual.byteLength).equals(expected),
    `${what}: get gave ${actual.byteLength} bytes that are not the ${expected.byteLength} that were set`,
  )
}

async function keepsBytes({ open }: Bench, value: Uint8Array): Promise<void> {
  const store = await open()
  await store.set('p:/a', value, PAGE)
  sameBytes(await store.get('p:/a'), value, 'p:/a')
}

const VALUES: Record<string, Check> = {
  'gives undefined for a key that was never set': async ({ open }) => {
    strictEqual(await (await open()).get('p:/never'), undefined)
  },
  'gives back the very bytes that were set': (bench) => keepsBytes(bench, everyByte()),
  'replaces a value whole, by a longer and by a shorter one': async ({ open }) => {
    const store = await open()
    for (const value of ['short', 'a good deal longer', 'x']) {
      await store.set('p:/a', text(value), PAGE)
      sameBytes(await store.get('p:/a'), text(value), value)
    }
  },
  'stores only the bytes of a view, not the memory it looks at': async ({ open }) => {
    const store = await open()
    await store.set('p:/a', text('before value after').subarray(7, 12), PAGE)
    sameBytes(await store.get('p:/a'), text('value'), 'a view')
  },
  'does not keep the array it was handed': async ({ open }) => {
    const store = await open()
    const value = everyByte()
    await store.set('p:/a', value, PAGE)
    value.fill(0)
    sameBytes(await store.get('p:/a'), everyByte(), 'after the array was changed')
  },
  'does not change what it returned': async ({ open }) => {
    const store = await open()
    await store.set('p:/a', text('first'), PAGE)
    const returned = await store.get('p:/a')
    await store.set('p:/a', text('other'), PAGE)
    await store.delete('p:/a')
    sameBytes(returned, text('first'), 'after another value was set')
  },
  'accepts every kind of entry and every lifetime': async ({ open }) => {
    const store = await open()
    const metas: EntryMeta[] = [
      PAGE,
      { ...PAGE, revalidate: false },
      { ...PAGE, kind: 'notFound', revalidate: 1, expire: 1 },
      { ...PAGE, kind: 'redirect' },
      // No clock and no counter of seconds may overflow.
      { ...PAGE, revalidate: 1e12, expire: 1e12 },
      // Made long ago: still the last good page, which is served while a new one can't be made.
      { ...PAGE, generatedAt: 0, revalidate: 1, expire: 1 },
    ]
    for (const [index, meta] of metas.entries()) await store.set(`p:/${index}`, text(`value ${index}`), meta)
    for (const index of metas.keys()) sameBytes(await store.get(`p:/${index}`), text(`value ${index}`), `p:/${index}`)
  },
  'forgets what is deleted, and that only': async ({ open }) => {
    const store = await open()
    for (const key of ['p:/a', 'p:/a/b']) await store.set(key, text(key), PAGE)
    await store.delete('p:/a')
    await store.delete('p:/a')
    await store.delete('p:/never')
    strictEqual(await store.get('p:/a'), undefined)
    sameBytes(await store.get('p:/a/b'), text('p:/a/b'), 'p:/a/b')
  },
}

const KEYS: Record<string, Check> = {
  'tells all keys apart': async ({ open }) => {
    const store = await open()
    const keys = [
      'p:/',
      'p:/a',
      'p:/A',
      'p:/a/b',
      'p:/a%2Fb',
      'p:/a%2fb',
      'p:/a.b',
      'p:/a_b',
      'p:/a:b',
      'p:/con',
      'p:/%E2%82%AC',
      'p:/constructor',
      'p:/__proto__',
      's:/posts/[id]',
      'p:/posts/[id]',
    ]
    for (const key of keys) await store.set(key, text(key), PAGE)
    for (const key of keys) sameBytes(await store.get(key), text(key), key)
  },
  'takes keys that would lead out of a folder, or into a command': async ({ open }) => {
    const store = await open()
    for (const key of ['p:/../../../../x', "p:/'; DROP TABLE entries; --", 'p:/*', 'p:/a\r\nDEL b', 'p:/%', 'p:/_']) {
      await store.set(key, text(key), PAGE)
      sameBytes(await store.get(key), text(key), key)
    }
    strictEqual(await store.get('p:/any'), undefined, 'a key was taken for a wildcard')
  },
  'takes keys of a thousand characters that differ in the last': async ({ open }) => {
    const store = await open()
    const [first, second] = ['1', '2'].map((end) => `p:/${'long-'.repeat(200)}${end}`) as [string, string]
    await store.set(first, text('first'), PAGE)
    strictEqual(await store.get(second), undefined)
    await store.set(second, text('second'), PAGE)
    sameBytes(await store.get(first), text('first'), 'the first')
    sameBytes(await store.get(second), text('second'), 'the second')
  },
}

const CONCURRENCY: Record<string, Check> = {
  'gives whole values while others are written': async ({ open }) => {
    const store = await open()
    const values = ['a', 'b', 'c', 'd'].map((letter, index) => text(letter.repeat(50_000 + index)))
    await store.set('p:/a', values[0]!, PAGE)
    const found = await Promise.all(
      values.flatMap((value) => [store.set('p:/a', value, PAGE).then(() => undefined), store.get('p:/a')]),
    )
    const last = await store.get('p:/a')
    ok(last, 'the value is gone after concurrent writes')
    for (const value of [...found, last]) {
      if (value === undefined) continue
      ok(
        values.some((whole) => Buffer.from(whole).equals(value)),
        'get gave a mixture of two values, or a part of one',
      )
    }
  },
  'has settled on one value after several were set at once': async ({ open }) => {
    const store = await open()
    const values = Array.from({ length: 20 }, (_, index) => text(`value ${index}`))
    await Promise.all(values.map((value) => store.set('p:/a', value, PAGE)))
    const found = await store.get('p:/a')
    ok(found, 'the value is gone after concurrent writes')
    for (let index = 0; index < 5; index++) sameBytes(await store.get('p:/a'), found, 'read again')
  },
  'shows each value of a quick sequence, the last one at the end': async ({ open }) => {
    const store = await open()
    for (let index = 0; index < 50; index++) {
      await store.set('p:/a', text(`value ${index}`), PAGE)
      sameBytes(await store.get('p:/a'), text(`value ${index}`), `value ${index}`)
    }
  },
  'keeps all of a hundred keys that are written at once': async ({ open }) => {
    const store = await open()
    const keys = Array.from({ length: 100 }, (_, index) => `p:/${index}`)
    await Promise.all(keys.map((key) => store.set(key, text(key), PAGE)))
    const values = await Promise.all(keys.map((key) => store.get(key)))
    deepStrictEqual(
      values.map((value) => value && Buffer.from(value).toString()),
      keys,
    )
  },
}

/** For stores that have `claim`. */
const CLAIMS: Record<string, Check> = {
  'gives a claim to one of many, until it is deleted': async ({ open }) => {
    const store = await open()
    if (!store.claim) return
    for (let round = 0; round < 3; round++) {
      const claims = await Promise.all(Array.from({ length: 10 }, async () => store.claim?.('c:p:/a', 30_000)))
      strictEqual(claims.filter((isMine) => isMine === true).length, 1, 'not exactly one claim was given')
      strictEqual(claims.filter((isMine) => isMine === false).length, 9, 'a claim that is refused has to give false')
      strictEqual(await store.claim('c:p:/b', 30_000), true, 'another key is claimed apart')
      await store.delete('c:p:/a')
      await store.delete('c:p:/b')
    }
  },
  'ends a claim by itself': async ({ open }) => {
    const store = await open()
    if (!store.claim) return
    strictEqual(await store.claim('c:p:/a', 200), true)
    strictEqual(await store.claim('c:p:/a', 200), false)
    await new Promise((resolve) => setTimeout(resolve, 300))
    strictEqual(await store.claim('c:p:/a', 200), true, 'the claim did not end')
  },
}

const ENDS: Record<string, Check> = {
  'has limits that are milliseconds, if any': async ({ open }) => {
    const { limits = {} } = await open()
    for (const [name, value] of Object.entries(limits)) {
      ok(typeof value === 'number' && value > 0, `limits.${name} is no number of milliseconds above 0`)
    }
  },
  'ends what runs when it is closed': async ({ open, close }) => {
    const store = await open()
    await store.set('p:/a', text('value'), PAGE)
    const running = [store.get('p:/a'), store.set('p:/b', text('value'), PAGE), store.delete('p:/c')]
    // Whether they still succeed is up to the store; one that never ends would keep a server from going on.
    const outcomes = Promise.allSettled(running)
    await close(store)
    for (const outcome of await outcomes) {
      if (outcome.status === 'rejected' && outcome.reason instanceof AssertionError) throw outcome.reason
    }
  },
}

const PERSISTENCE: Record<string, Check> = {
  'has its values after it was closed and opened again': async ({ open, close }) => {
    const first = await open()
    await first.set('p:/a', everyByte(), PAGE)
    await close(first)
    sameBytes(await (await open()).get('p:/a'), everyByte(), 'after a restart')
  },
  'shows what another server has set, replaced and deleted': async ({ open }) => {
    const [mine, other] = [await open(), await open()]
    strictEqual(await mine.get('p:/a'), undefined)
    for (const value of ['first', 'second']) {
      await other.set('p:/a', text(value), PAGE)
      sameBytes(await mine.get('p:/a'), text(value), value)
    }
    await other.delete('p:/a')
    strictEqual(await mine.get('p:/a'), undefined)
  },
  'shows nothing of another build': async ({ open }) => {
    const store = await open()
    await store.set('p:/a', text('mine'), PAGE)
    const dir = await mkdtemp(join(tmpdir(), 'isr-store-'))
    try {
      const other = await open({ buildId: randomBytes(9).toString('base64url'), dir })
      strictEqual(await other.get('p:/a'), undefined)
      await other.set('p:/a', text('theirs'), PAGE)
      await other.delete('p:/a')
      sameBytes(await store.get('p:/a'), text('mine'), 'after another build deleted its own')
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  },
}
