import { encodeEntry } from '../../cache/codec.ts'
import { toPageKey, toShellKey } from '../../routing/key.ts'
import type {
  PlainBody,
  CacheStore,
  Engine,
  Entry,
  Fallback,
  Generated,
  IsrEvent,
  Job,
  ManifestRoute,
  Outcome,
  Prerendered,
  Renderer,
  StopSignal,
  Settings,
  Target,
} from '../../types.ts'
import { createEngine, type EngineOptions } from '../engine.ts'
import { createVirtualClock, settle, type VirtualClock } from './virtual-clock.ts'

export const YEAR = 31_536_000

export const SETTINGS: Settings = {
  expire: YEAR,
  notFoundRevalidate: 60,
  generateTimeout: 30,
  render: { workers: 1, concurrency: 8, queue: 1000, waiters: 20_000 },
  cache: {
    dir: '.isr-cache',
    memoryBytes: 64 * 1024 * 1024,
    diskBytes: 1024 ** 3,
    diskEntries: 100_000,
    notFoundEntries: 10_000,
    customStore: false,
  },
  maxPathBytes: 1024,
  api: { bodyBytes: 1024 ** 2, totalBodyBytes: 256 * 1024 ** 2 },
  maxPageBytes: 16 * 1024 * 1024,
  logging: { fetches: false },
}

export const READ = { prefetch: false, complete: false }
export const COMPLETE = { prefetch: false, complete: true }
/** `res.revalidate` without options. */
export const ALWAYS = { onlyGenerated: false }
export const PREFETCH = { prefetch: true, complete: false }

function toBody(text: string): PlainBody {
  return { identity: Buffer.from(new TextEncoder().encode(text).buffer), digest: `digest of ${text}`.slice(0, 27) }
}

export function toPage(text: string, times: { revalidate?: number | false; expire?: number } = {}): Generated {
  const { revalidate = 60, expire } = times
  return {
    kind: 'page',
    status: 200,
    revalidate,
    expire,
    html: toBody(`<p>${text}</p>`),
    data: toBody(`{"text":"${text}"}`),
  }
}

export function toPageEntry(path: string, text: string, times: Partial<Omit<Entry, 'key'>> = {}): Entry {
  return {
    key: toPageKey(path),
    startedAt: 0,
    generatedAt: 0,
    revalidate: 60,
    expire: YEAR,
    ...times,
    kind: 'page',
    status: 200,
    html: toBody(`<p>${text}</p>`),
    data: toBody(`{"text":"${text}"}`),
  }
}

/** What a reader would see of the outcome. */
export function toText(outcome: Outcome | Entry | undefined): string | undefined {
  const entry = outcome && 'entry' in outcome ? outcome.entry : outcome
  if (!entry || !('kind' in entry)) return undefined
  if (entry.kind !== 'page') return entry.kind
  return /<p>(.*)<\/p>/.exec(Buffer.from(entry.html.identity!).toString())?.[1]
}

/** `HIT fresh v1`, `SHELL`, … */
export function show(outcome: Outcome): string {
  return 'entry' in outcome ? `${outcome.state} ${outcome.detail} ${toText(outcome)}` : outcome.state
}

/** A dynamic ISR page with a fallback, or another kind of page. */
export function toTarget(path: string, fallback: Fallback | 'none' | 'static' = 'blocking'): Target {
  const isDynamic = typeof fallback === 'boolean' || fallback === 'blocking'
  const route: ManifestRoute = {
    pattern: isDynamic ? '/b/[slug]' : path,
    kind: fallback === 'static' ? 'static' : 'isr',
    file: isDynamic ? 'pages/b/[slug].tsx' : `pages${path}.tsx`,
    css: [],
    js: [],
    paths: 0,
    ...(isDynamic && { fallback }),
  }
  const slug = path.split('/').at(-1) ?? ''
  return { key: toPageKey(path), route, path, params: isDynamic ? { slug } : {} }
}

export function toShellTarget(kind: 'isr' | 'static' = 'isr'): Target {
  const { route } = toTarget('/b/x', true)
  return { key: toShellKey(route.pattern), route: { ...route, kind }, path: route.pattern, params: {} }
}

/** A call of the renderer that a test answers. */
export interface Call {
  readonly job: Job
  readonly signal: StopSignal | undefined
  resolve(generated: Generated): Promise<void>
  reject(error: unknown): Promise<void>
}

export interface FakeRenderer extends Renderer {
  readonly calls: Call[]
  /** Answers each call from now on by itself. */
  answer: ((job: Job) => Generated | Promise<Generated>) | undefined
}

export function createFakeRenderer(): FakeRenderer {
  const calls: Call[] = []
  const renderer: FakeRenderer = {
    calls,
    answer: undefined,
    // oxlint-disable-next-line typescript/no-explicit-any -- Only pages and shells are asked for here.
    run(job, options): Promise<any> {
      return new Promise((resolve, reject) => {
        calls.push({
          job,
          signal: options.signal,
          async resolve(generated) {
            resolve(generated)
            await settle()
          },
          async reject(error) {
            // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- Users reject with anything.
            reject(error)
            await settle()
          },
        })
        if (renderer.answer) resolve(renderer.answer(job))
      })
    },
    async close() {},
  }
  return renderer
}

export interface FakeStore extends CacheStore {
  readonly records: Map<string, Uint8Array>
  readonly log: string[]
  readonly setAsideKeys: string[]
  /** What the next operations reject with. */
  failure: { get?: unknown; set?: unknown }
  /** While set, operations wait for it. */
  gate: { get?: Promise<void>; set?: Promise<void> }
  setAside(key: string): Promise<void>
}

export function createFakeStore(entries: readonly Entry[] = []): FakeStore {
  const store: FakeStore = {
    records: new Map(entries.map((entry) => [entry.key, encodeEntry(entry)])),
    log: [],
    setAsideKeys: [],
    failure: {},
    gate: {},
    async get(key) {
      store.log.push(`get ${key}`)
      await store.gate.get
      if ('get' in store.failure) throw store.failure.get
      return store.records.get(key)
    },
    async set(key, value) {
      store.log.push(`set ${key}`)
      await store.gate.set
      if ('set' in store.failure) throw store.failure.set
      store.records.set(key, value)
    },
    async delete(key) {
      store.records.delete(key)
    },
    async setAside(key) {
      store.setAsideKeys.push(key)
      store.records.delete(key)
    },
    async close() {
      store.log.push('close')
    },
  }
  return store
}

export function createFakePrerendered(entries: readonly Entry[] = []): Prerendered {
  const all = new Map(entries.map((entry) => [entry.key, entry]))
  return {
    newestStartedAt: Math.max(0, ...entries.map((entry) => entry.startedAt)),
    has: (key) => all.has(key),
    read: async (key) => all.get(key),
    async close() {},
  }
}

export interface Kit {
  readonly engine: Engine
  readonly clock: VirtualClock
  readonly renderer: FakeRenderer
  readonly store: FakeStore
  readonly events: IsrEvent[]
  /** Types of the events so far, without hits. */
  eventTypes(): string[]
}

/** An engine on a virtual clock with a renderer that the test answers. */
export function createKit(options: Partial<Omit<EngineOptions, 'store'>> & { store?: FakeStore } = {}): Kit {
  const clock = (options.clock as VirtualClock | undefined) ?? createVirtualClock()
  const renderer = (options.renderer as FakeRenderer | undefined) ?? createFakeRenderer()
  const store = options.store ?? createFakeStore()
  const events: IsrEvent[] = []
  const engine = createEngine({
    random: () => 0,
    prerendered: createFakePrerendered(),
    settings: SETTINGS,
    onEvent: (event) => events.push(event),
    ...options,
    clock,
    renderer,
    store,
  })
  return {
    engine,
    clock,
    renderer,
    store,
    events,
    eventTypes: () => events.map((event) => event.type).filter((type) => type !== 'hit'),
  }
}

/** A kit whose build made `/b/x` as v1, long enough ago to be stale. */
export function createStaleKit(options: Parameters<typeof createKit>[0] = {}): Kit {
  const kit = createKit({ prerendered: createFakePrerendered([toPageEntry('/b/x', 'v1')]), ...options })
  kit.clock.jump(61_000 - kit.clock.now())
  return kit
}

/** A kit whose build made `/b/x` as v1, fresh for ever. */
export function createWarmKit(options: Parameters<typeof createKit>[0] = {}): Kit {
  const clock = createVirtualClock()
  const prerendered = createFakePrerendered([nowEntry(clock, '/b/x', 'v1', { revalidate: false })])
  return createKit({ clock, prerendered, ...options })
}

/** An entry as the clock's now makes it. */
export function nowEntry(
  clock: VirtualClock,
  path: string,
  text: string,
  times: Partial<Omit<Entry, 'key'>> = {},
): Entry {
  return toPageEntry(path, text, { startedAt: clock.now(), generatedAt: clock.now(), ...times })
}

/** Keeps the state of a promise visible. */
export function watch<T>(promise: Promise<T>): {
  state: 'pending' | 'resolved' | 'rejected'
  value?: T
  error?: unknown
} {
  const watched: ReturnType<typeof watch<T>> = { state: 'pending' }
  promise.then(
    (value) => Object.assign(watched, { state: 'resolved', value }),
    (error: unknown) => Object.assign(watched, { state: 'rejected', error }),
  )
  return watched
}
