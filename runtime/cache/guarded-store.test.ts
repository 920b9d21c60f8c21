import { describe, expect, it } from 'vitest'
import { createVirtualClock, settle } from '../isr/testing/virtual-clock.ts'
import type { CacheStore, EntryMeta } from '../types.ts'
import { createGuardedStore, type RepairableStore } from './guarded-store.ts'

const META: EntryMeta = { kind: 'page', generatedAt: 0, revalidate: 60, expire: 600 }
const never = () => new Promise<never>(() => {})

function createGuarded(store: Partial<RepairableStore>) {
  const clock = createVirtualClock()
  const log: string[] = []
  const guarded = createGuardedStore(
    { get: async () => undefined, set: async () => {}, delete: async () => {}, ...store },
    {
      clock,
      random: () => 0,
      onPause: ({ type, error }) => log.push(`pause ${type}: ${error.message}`),
      onResume: ({ type }) => log.push(`resume ${type}`),
    },
  )
  const write = () => guarded.write('p:/a', new Uint8Array(1), META)
  return { guarded, clock, log, write }
}

describe('the guarded store', () => {
  it('REL-45 a store that hangs: 250 ms for a read, then none at all; one probe a time until it answers', async () => {
    let answer: () => Promise<undefined> = never
    let asked = 0
    const { guarded, clock, log } = createGuarded({ get: () => ((asked += 1), answer()) })
    for (let index = 0; index < 5; index++) {
      const read = guarded.read('p:/a')
      await clock.advance(250)
      expect(await read).toMatchObject({ state: 'failed', error: { code: 'ISR_STORE' } })
    }
    expect(log).toEqual([
      'pause read: Reading p:/a from the store failed: Error: the store took longer than 250 ms (its limits.readMs)',
    ])
    for (let index = 0; index < 1000; index++) expect(await guarded.read('p:/a')).toEqual({ state: 'paused' })
    expect(asked).toBe(5)
    await clock.advance(1000)
    const probe = guarded.read('p:/a')
    expect(await guarded.read('p:/b')).toEqual({ state: 'paused' })
    await clock.advance(250)
    // Visitors are not told again: the pause was.
    expect(await probe).toEqual({ state: 'paused' })
    answer = async () => undefined
    await clock.advance(1999)
    expect(await guarded.read('p:/a')).toEqual({ state: 'paused' })
    await clock.advance(1)
    expect(await guarded.read('p:/a')).toEqual({ state: 'answered', bytes: undefined })
    expect(log.slice(1)).toEqual(['resume read'])
    expect(asked).toBe(7)
    expect(clock.timers()).toBe(0)
  })

  it('REL-48 writes that are refused do not stop reads; reads that fail stop writes', async () => {
    const readOnly = createGuarded({ set: () => Promise.reject(new Error('READONLY')) })
    for (let index = 0; index < 5; index++) expect(await readOnly.write()).toMatchObject({ state: 'failed' })
    expect(await readOnly.write()).toEqual({ state: 'paused', isTried: false })
    expect(await readOnly.guarded.read('p:/a')).toMatchObject({ state: 'answered' })
    expect(readOnly.log).toHaveLength(1)

    const away = createGuarded({ get: () => Promise.reject(new Error('ECONNREFUSED')) })
    for (let index = 0; index < 5; index++) await away.guarded.read('p:/a')
    expect(await away.write()).toEqual({ state: 'paused', isTried: false })
    expect(away.guarded.toWaitMs()).toBe(1000)
  })

  it('REL-45 a write that takes too long is given up, and says when the store has let go of it', async () => {
    let finish = (): void => undefined
    const { clock, write } = createGuarded({ set: () => new Promise<void>((resolve) => (finish = resolve)) })
    const writing = write()
    await clock.advance(2000)
    const written = await writing
    expect(written.state).toBe('failed')
    let isOver = false
    void written.rest?.then(() => (isOver = true))
    await settle()
    expect(isOver).toBe(false)
    finish()
    await settle()
    expect(isOver).toBe(true)
  })

  it('a store sets its own limits, also one that is opened later', async () => {
    const limits = {}
    const { guarded, clock, write } = createGuarded({ get: never, set: never, limits })
    Object.assign(limits, { readMs: 3000, writeMs: 30_000 })
    const states: string[] = []
    void guarded.read('p:/a').then(({ state }) => states.push(`read ${state}`))
    void write().then(({ state }) => states.push(`write ${state}`))
    await clock.advance(2999)
    expect(states).toEqual([])
    await clock.advance(1)
    expect(states).toEqual(['read failed'])
    await clock.advance(27_000)
    expect(states).toEqual(['read failed', 'write failed'])
  })

  it.each<[what: string, value: unknown, told: RegExp]>([
    ['a string', 'text', /a string instead of a Uint8Array/],
    ['a number', 4, /a number instead/],
    ['an array', [1, 2], /an object instead/],
    ['an ArrayBuffer', new ArrayBuffer(4), /an object instead/],
    ['an object that claims to be bytes', { buffer: {}, byteLength: 4, byteOffset: 0 }, /an object instead/],
    ['a function', () => {}, /a function instead/],
  ])('REL-26 P8 %s is no entry', async (_what, value, told) => {
    const { guarded } = createGuarded({ get: (async () => value) as unknown as CacheStore['get'] })
    const answer = await guarded.read('p:/a')
    expect(answer.state === 'failed' && answer.error.message).toMatch(told)
  })

  it('null is nothing, and a store may throw instead of rejecting', async () => {
    const empty = createGuarded({ get: async () => null as never })
    expect(await empty.guarded.read('p:/a')).toEqual({ state: 'answered', bytes: undefined })
    const thrower = () => {
      throw new Error('at once')
    }
    const { guarded, write } = createGuarded({ get: thrower, set: thrower, setAside: thrower })
    expect(await guarded.read('p:/a')).toMatchObject({ state: 'failed' })
    expect(await write()).toMatchObject({ state: 'failed' })
    await guarded.setAside('p:/a')
  })

  it('REL-43 opening has 2 seconds of its own, once; while it takes longer nobody waits', async () => {
    let opened = false
    let finish = (): void => undefined
    const opening = new Promise<void>((resolve) => (finish = resolve))
    const { guarded, clock } = createGuarded({ open: () => (opened ? undefined : opening) })
    const first = guarded.read('p:/a')
    await clock.advance(1500)
    const second = guarded.read('p:/a')
    const states: string[] = []
    for (const read of [first, second]) void read.then(({ state }) => states.push(state))
    await clock.advance(499)
    expect(states).toEqual([])
    await clock.advance(1)
    expect(states).toEqual(['failed', 'failed'])
    const third = guarded.read('p:/a')
    await clock.advance(0)
    expect(await third).toMatchObject({
      state: 'failed',
      error: { message: expect.stringMatching(/not open after 2000/) },
    })
    finish()
    opened = true
    expect(await guarded.read('p:/a')).toMatchObject({ state: 'answered' })
  })

  it('REL-43 a store that cannot be opened is opened again', async () => {
    let isUp = false
    const open = () => (isUp ? undefined : Promise.reject(new Error('no such module')))
    const { guarded, write } = createGuarded({ open })
    expect(await guarded.read('p:/a')).toMatchObject({ state: 'failed' })
    expect(await write()).toMatchObject({ state: 'failed' })
    isUp = true
    expect(await guarded.read('p:/a')).toMatchObject({ state: 'answered' })
    expect(await write()).toEqual({ state: 'stored', isTried: true })
  })

  it('REL-45 the one write that tries whether the pause can end tells nobody when it fails, and ends it when it does not', async () => {
    let isUp = false
    const { log, write, clock, guarded } = createGuarded({
      set: () => (isUp ? Promise.resolve() : Promise.reject(new Error('READONLY'))),
    })
    for (let index = 0; index < 5; index++) {
      const written = await write()
      expect(written).toMatchObject({
        state: 'failed',
        isTried: true,
        error: { code: 'ISR_STORE', cause: { message: 'READONLY' } },
      })
      // It let go of the bytes at once.
      expect(written).not.toHaveProperty('rest')
    }
    expect(guarded.isPaused()).toBe(true)
    expect(guarded.toWaitMs()).toBe(1000)
    await clock.advance(1000)
    expect(await write()).toMatchObject({ state: 'paused', isTried: true, error: { code: 'ISR_STORE' } })
    expect(guarded.toWaitMs()).toBe(2000)
    isUp = true
    await clock.advance(2000)
    expect(await write()).toEqual({ state: 'stored', isTried: true })
    expect(log).toEqual(['pause write: Storing p:/a failed; it is served from memory: Error: READONLY', 'resume write'])
    expect([guarded.isPaused(), guarded.toWaitMs()]).toEqual([false, 0])
  })

  it.each(['get', 'set'] as const)(
    'REL-45 P10 while %s is left alone nothing else is asked of it either: no claim, no deletion',
    async (broken) => {
      const asked: string[] = []
      const { guarded, write } = createGuarded({
        [broken]: () => Promise.reject(new Error('down')),
        claim: async () => (asked.push('claim'), true),
        delete: async () => void asked.push('delete'),
      })
      expect(await guarded.claim('c:p:/a', 1000)).toBe('claimed')
      await guarded.delete('c:p:/a')
      for (let index = 0; index < 5; index++) await (broken === 'get' ? guarded.read('p:/a') : write())
      expect(guarded.isPaused()).toBe(true)
      expect(await guarded.claim('c:p:/a', 1000)).toBe('impossible')
      await guarded.delete('c:p:/a')
      expect(asked).toEqual(['claim', 'delete'])
    },
  )

  it('a claim that another server has is taken; a store without claims can give none', async () => {
    const shared = createGuarded({ claim: async () => false })
    expect(await shared.guarded.claim('c:p:/a', 1000)).toBe('taken')
    expect(await createGuarded({}).guarded.claim('c:p:/a', 1000)).toBe('impossible')
  })

  it('REL-45 P5 setting aside and deleting end within the limits of the store, however they go', async () => {
    const hung = createGuarded({ setAside: never, delete: never })
    const done: string[] = []
    void hung.guarded.setAside('p:/a').then(() => done.push('set aside'))
    void hung.guarded.delete('p:/a').then(() => done.push('deleted'))
    await hung.clock.advance(249)
    expect(done).toEqual([])
    await hung.clock.advance(1)
    expect(done).toEqual(['set aside'])
    await hung.clock.advance(1750)
    expect(done).toEqual(['set aside', 'deleted'])
    expect(hung.clock.timers()).toBe(0)
    const refusing = createGuarded({ delete: () => Promise.reject(new Error('READONLY')) })
    await refusing.guarded.delete('p:/a')
    await refusing.guarded.setAside('p:/a')
  })

  it('REL-40 REL-43 a clock that is set back while the store is opened makes nobody wait longer', async () => {
    const { guarded, clock } = createGuarded({ open: never })
    const first = guarded.read('p:/a')
    await clock.advance(1000)
    clock.jump(-3_600_000)
    const states: string[] = []
    for (const read of [first, guarded.read('p:/b')]) void read.then(({ state }) => states.push(state))
    await clock.advance(2000)
    expect(states).toEqual(['failed', 'failed'])
  })

  it('REL-43 a store that is opened again, after it was open, has its 2 seconds again', async () => {
    let opening: Promise<void> | undefined = Promise.resolve()
    const { guarded, clock } = createGuarded({ open: () => opening })
    expect(await guarded.read('p:/a')).toMatchObject({ state: 'answered' })
    await clock.advance(60_000)
    let finish = (): void => undefined
    opening = new Promise((resolve) => (finish = resolve))
    const states: string[] = []
    void guarded.read('p:/a').then(({ state }) => states.push(state))
    await clock.advance(1999)
    expect(states).toEqual([])
    finish()
    await settle()
    expect(states).toEqual(['answered'])
  })
})
