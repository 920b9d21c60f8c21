import type { Entry, ReadRequest, Settings } from '../../types.ts'
import type { createEngine } from '../engine.ts'
import { createVirtualClock } from '../testing/virtual-clock.ts'
import { createChecker, isRoomyFor, toName, type Violation } from './checker.ts'
import { createInstanceClock, type Instance } from './instance.ts'
import { AREAS, createOperations } from './operations.ts'
import { createRandom } from './random.ts'
import { createSimulatedRenderer, toBuiltEntry } from './renderer.ts'
import type { Action, Schedule, Setup } from './schedule.ts'
import { createSite } from './site.ts'
import { createShelf, createSimulatedPack, createSimulatedStore, tear } from './store.ts'

/** What came of a schedule. */
export interface History {
  /** Actions, answers of the world and timers, each followed by all that the engines make of it and by the checks. */
  readonly steps: number
  /** The first promise that was broken. */
  readonly violation: Violation | undefined
  /** How often each fault was injected, and each situation reached. */
  readonly faults: ReadonlyMap<string, number>
  readonly reached: ReadonlyMap<string, number>
  /** What happened, in words; empty unless asked for. */
  readonly trace: readonly string[]
}

export interface RunOptions {
  readonly createEngine: typeof createEngine
  readonly tracing?: boolean
}

const READS: readonly ReadRequest[] = [
  { prefetch: false, complete: false },
  { prefetch: false, complete: false },
  { prefetch: false, complete: true },
  { prefetch: true, complete: false },
]
const PASSES_MS = [1, 20, 300, 1000, 1100, 2500, 6000, 11_000, 31_000, 62_000, 400_000]
const JUMPS_MS = [-3_600_000, 3_600_000, -10_000, 10_000, -2500, 1500, -1_600_000_000_000, 400_000_000_000]
const CLOSES_MS = [0, 100, 10_000]
const WINDOW_MS = 62_000
const LONGEST_PAUSE_MS = 31_000

/** Runs a schedule to its first violation or its end; then the faults end, and all has to be well again. */
export async function runSchedule(schedule: Schedule, options: RunOptions): Promise<History> {
  const { setup, actions } = schedule
  const trace: string[] = []
  const say = options.tracing ? (text: () => string) => void trace.push(text()) : () => {}
  const clock = createVirtualClock()
  const site = createSite(setup)
  const faults = new Map<string, number>()
  const noteFault = (fault: string) => void faults.set(fault, (faults.get(fault) ?? 0) + 1)
  const operations = createOperations(noteFault)
  let steps = 0
  const checker = createChecker({ clock, site, setup, operations, say, getStep: () => steps })
  const settings = toSettings(setup)
  const entries = new Map<string, Entry>()
  for (const { setup: page, target } of site.pages) {
    if (page.prerendered) entries.set(target.key, toBuiltEntry(site, page.path, clock.now()))
  }
  const sharedShelf = createShelf()
  const shelves = Array.from({ length: setup.servers }, () => (setup.store === 'own' ? createShelf() : sharedShelf))
  let throwsAtOnce = false
  let nextInstance = 0
  /** Those that serve, by slot; and those that are closing. */
  const slots: Instance[] = []
  const closing = new Set<Instance>()
  /** Whose `close` has resolved; the process ends when the last visitor is answered. */
  const closed = new Set<Instance>()
  // The build was some time ago.
  clock.pass(5000)

  function startInstance(slot: number): Instance {
    const id = nextInstance++
    const random = createRandom(schedule.seed + id)
    const instanceClock = createInstanceClock(clock)
    const getInstance = () => instance
    const parts = { clock, operations, checker, getInstance, claims: setup.claims }
    const engine = options.createEngine({
      clock: instanceClock,
      random: random.unit,
      renderer: createSimulatedRenderer({
        ...parts,
        site,
        limitMs: setup.generateTimeout * 1000,
        throwsAtOnce: () => throwsAtOnce,
      }),
      prerendered: createSimulatedPack(entries, parts),
      store: setup.store === 'none' ? undefined : createSimulatedStore(shelves[slot] ?? sharedShelf, parts),
      settings,
      onEvent: (event) => checker.noteEvent(instance, event),
      hearsAnswers: false,
    })
    const instance: Instance = {
      id,
      slot,
      clock: instanceClock,
      engine,
      histories: new Map(),
      calls: new Set(),
      state: 'serving',
      jumpedAt: -Infinity,
    }
    slots[slot] = instance
    return instance
  }

  function end(instance: Instance, how: number): void {
    instance.state = 'gone'
    closing.delete(instance)
    instance.clock.stop()
    operations.kill(instance, how)
  }

  function close(instance: Instance, timeoutMs: number): void {
    instance.state = 'closing'
    closing.add(instance)
    checker.callClose(instance, timeoutMs, () => closed.add(instance))
  }

  async function step(work: () => void): Promise<void> {
    if (checker.violations.length > 0) return
    steps += 1
    work()
    await drain()
    for (const instance of closed) {
      if (instance.calls.size > 0) continue
      say(() => `   ${toName(instance)} is closed`)
      closed.delete(instance)
      end(instance, 0)
    }
    checker.check([...slots, ...closing])
  }

  async function pass(ms: number, afterEach?: () => Promise<void>): Promise<void> {
    const until = clock.elapsed() + ms
    for (let due = clock.dueAt(); due !== undefined && due <= until; due = clock.dueAt()) {
      await step(() => {
        clock.fire()
        say(() => `   a timer at ${clock.elapsed()}`)
      })
      await afterEach?.()
      if (checker.violations.length > 0) return
    }
    clock.pass(Math.max(0, until - clock.elapsed()))
  }

  async function perform([kind, which, how]: Action): Promise<void> {
    const instance = slots[which % slots.length]!
    const page = site.pages[Math.floor(which / 4) % site.pages.length]!
    const { target } = page
    const name = () => `${kind} ${target.path} by ${toName(instance)}`
    switch (kind) {
      case 'read':
        return step(() => {
          say(name)
          checker.callRead(instance, target, READS[how % READS.length]!)
        })
      case 'peek':
        return step(() => {
          say(name)
          checker.peek(instance, target)
        })
      case 'revalidate':
        return step(() => {
          say(name)
          void checker.callRevalidate(instance, target, { onlyGenerated: how % 8 === 0 }).catch(() => {})
        })
      case 'write':
        return step(() => {
          page.version += 1
          page.kind = how % 10 === 0 ? 'notFound' : how % 10 === 1 ? 'redirect' : 'page'
          page.isLarge = how % 7 === 0
          page.revalidate = how % 11 === 0 ? (how % 2 === 0 ? 1 : false) : page.setup.revalidate
          say(() => `${target.path} is now v${page.version}, a ${page.kind} with revalidate ${page.revalidate}`)
        })
      case 'source':
        return step(() => {
          page.isFailing = how % 2 === 0
          if (page.isFailing) noteFault('source: fails')
          say(() => `the data of ${target.path} ${page.isFailing ? 'cannot' : 'can'} be read`)
        })
      case 'weather':
        return step(() => {
          const area = AREAS[which % AREAS.length]!
          operations.setWeather(area, how % 4)
          throwsAtOnce = how % 100 === 3
          if (throwsAtOnce) noteFault('render: throw at once')
          say(() => `the weather of ${area} is ${how % 4}`)
        })
      case 'go':
      case 'late': {
        const list = kind === 'go' ? operations.running : operations.hung
        const operation = list[which % Math.max(1, list.length)]
        if (!operation) return undefined
        await pass([0, 0, 1, 7][how % 4]!)
        return step(() => {
          say(() => `${operation.kind} of ${operation.path} by ${toName(operation.instance)} goes on`)
          const said = kind === 'go' ? operations.go(which, how) : operations.goLate(which, how)
          say(() => `   ${said}`)
        })
      }
      case 'timer': {
        const due = clock.dueAt()
        return due === undefined ? undefined : pass(due - clock.elapsed())
      }
      case 'pass': {
        const ms = PASSES_MS[how % PASSES_MS.length]!
        say(() => `${ms} ms pass`)
        await pass(ms)
        return step(() => {})
      }
      case 'jump':
        return step(() => {
          const ms = JUMPS_MS[how % JUMPS_MS.length]!
          instance.clock.jump(ms)
          checker.noteJump(instance)
          noteFault('clock: jumps')
          say(() => `the clock of ${toName(instance)} jumps by ${ms} ms`)
        })
      case 'close':
        return step(() => {
          say(() => `${toName(instance)} is told to close`)
          close(instance, CLOSES_MS[how % CLOSES_MS.length]!)
          noteFault('process: closed')
          startInstance(instance.slot)
        })
      case 'kill':
        return step(() => {
          say(() => `${toName(instance)} is killed`)
          end(instance, how)
          noteFault('process: killed')
          startInstance(instance.slot)
        })
      case 'corrupt':
        return step(() => {
          const { records } = shelves[which % shelves.length]!
          const { path } = target
          const record = records.get(path)
          const other = [...records].find(([each]) => each !== path)?.[1]
          if (!record) return
          if (how % 4 === 0) records.delete(path)
          else if (how % 4 === 1 && other) records.set(path, other)
          else records.set(path, tear(record, how))
          noteFault(`record: ${['lost', 'swapped', 'damaged', 'damaged'][how % 4]}`)
          say(() => `the record of ${path} is damaged or lost`)
        })
      case 'audit':
        return step(() => {
          say(() => `audit of ${toName(instance)}`)
          checker.audit(instance)
        })
    }
  }

  /** All that is under way ends well. */
  async function finishAll(): Promise<void> {
    while (operations.running.length > 0 && checker.violations.length === 0) {
      await step(() => {
        const [operation] = operations.running
        say(() => `${operation?.kind} of ${operation?.path} by ${operation && toName(operation.instance)} goes on`)
        const said = operations.go(0, 99)
        say(() => `   ${said}`)
      })
    }
  }

  /** P9: the faults are over. */
  async function recover(): Promise<void> {
    say(() => 'all faults end')
    for (const area of AREAS) operations.setWeather(area, 0)
    throwsAtOnce = false
    for (const page of site.pages) page.isFailing = false
    for (const instance of slots) instance.clock.correct()
    const seen = new Map<string, { entry: Entry | undefined; state: string }>()
    checker.onOutcome = (instance, path, outcome) =>
      void seen.set(`${instance.id} ${path}`, {
        entry: 'entry' in outcome ? outcome.entry : undefined,
        state: outcome.state,
      })
    for (let round = 0; round < 3; round++) {
      await finishAll()
      if (round < 2) await pass(WINDOW_MS + LONGEST_PAUSE_MS, finishAll)
      for (const instance of slots) {
        for (const { target, version } of site.pages) {
          await step(() => {
            say(() => `read ${target.path} by ${toName(instance)}`)
            checker.callRead(instance, target, { prefetch: false, complete: round === 2 })
          })
          await finishAll()
          if (round < 2) continue
          const found = seen.get(`${instance.id} ${target.path}`)
          if (!found || found.state === 'ABSENT') continue
          // What has no window is made new by a call only.
          if (found.entry?.revalidate === false && site.findMade(found.entry)?.version !== version) {
            await step(() => void checker.callRevalidate(instance, target, { onlyGenerated: false }).catch(() => {}))
            await finishAll()
            await step(() => checker.callRead(instance, target, { prefetch: false, complete: true }))
            await finishAll()
          }
          // Pages that fit neither into memory nor anywhere else are the build's again as soon as they are made.
          if (setup.store === 'none' && !isRoomyFor(setup)) continue
          const { entry } = seen.get(`${instance.id} ${target.path}`) ?? {}
          const made = entry && site.findMade(entry)
          if (made?.version === version || checker.violations.length > 0) continue
          checker.violate(
            'P9',
            `${toName(instance)} serves v${made?.version} of ${target.path} long after the faults, not v${version}`,
          )
        }
      }
    }
    for (const instance of slots) {
      await step(() => checker.audit(instance))
      await step(() => close(instance, 10_000))
    }
    await finishAll()
    await pass(40_000, finishAll)
    if (checker.violations.length === 0 && clock.timers() > 0)
      checker.violate('P7', `${clock.timers()} timers are left`)
  }

  for (let slot = 0; slot < setup.servers; slot++) startInstance(slot)
  for (const action of actions) {
    if (checker.violations.length > 0) break
    await perform(action)
  }
  if (checker.violations.length === 0) await recover()
  for (const instance of [...slots, ...closing]) end(instance, 0)
  return { steps, violation: checker.violations[0], faults, reached: checker.reached, trace }
}

/** Nothing here waits for anything but promises: after one turn of the event loop all of them have settled. */
function drain(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function toSettings({ memoryBytes, notFoundEntries, concurrency, queue, waiters, generateTimeout }: Setup): Settings {
  return {
    expire: 31_536_000,
    notFoundRevalidate: 60,
    generateTimeout,
    render: { workers: 1, concurrency, queue, waiters },
    cache: {
      dir: '.isr-cache',
      memoryBytes,
      diskBytes: 1024 ** 3,
      diskEntries: 100_000,
      notFoundEntries,
      customStore: true,
    },
    maxPathBytes: 1024,
    maxPageBytes: 32 * 1024 ** 2,
    api: { bodyBytes: 1024 ** 2, totalBodyBytes: 256 * 1024 ** 2 },
    logging: { fetches: false },
  }
}
