import { createRandom, type Random } from './random.ts'

/** One page of the simulated site. */
export interface PageSetup {
  readonly path: string
  readonly fallback: 'blocking' | true | false
  /** Whether the build made it. */
  readonly prerendered: boolean
  /** Seconds, unless a write changes it. */
  readonly revalidate: number | false
  /** Seconds. */
  readonly expire: number
}

/** What does not change while a schedule runs. */
export interface Setup {
  /** Processes at a time; each is replaced when it is closed or killed. */
  readonly servers: number
  readonly store: 'shared' | 'own' | 'none'
  /** Whether servers agree through the store on who makes a page. */
  readonly claims: boolean
  readonly pages: readonly PageSetup[]
  readonly memoryBytes: number
  readonly notFoundEntries: number
  readonly concurrency: number
  readonly queue: number
  readonly waiters: number
  /** Seconds. */
  readonly generateTimeout: number
}

/**
 * What the scheduler does, by weight. Each has two numbers that choose among what there is at that moment, so that a
 * schedule from which actions were taken out is still one.
 */
const WEIGHTS = {
  /** A visitor's request. */
  read: 14,
  /** A visitor's request for what may be in memory. */
  peek: 3,
  revalidate: 4,
  /** The data of a page changes. */
  write: 5,
  /** The data source begins or ceases to fail for a page. */
  source: 1,
  /** The store, the renderer or the build's entries get worse or better. */
  weather: 2,
  /** Something that is under way goes on or ends: a store's answer, a render, … */
  go: 42,
  /** Time passes until the next timer. */
  timer: 3,
  /** Time passes. */
  pass: 8,
  /** Something that hung ends after all. */
  late: 2,
  /** The wall clock of a server is set. */
  jump: 0.5,
  /** A server is closed and replaced. */
  close: 0.4,
  /** A server dies without notice and is replaced. */
  kill: 0.5,
  /** A stored record is damaged, lost or swapped where it lies. */
  corrupt: 1,
  /** All that a server has in memory is looked at. */
  audit: 0.7,
} as const

export type ActionKind = keyof typeof WEIGHTS
export type Action = readonly [kind: ActionKind, which: number, how: number]

/** A history before it happens. */
export interface Schedule {
  readonly seed: number
  readonly setup: Setup
  readonly actions: readonly Action[]
}

const KINDS = Object.keys(WEIGHTS) as ActionKind[]
const SHORTEST = 40
const LONGEST = 400

/** The schedule of a seed. Each has weights of its own, some of them none: what is rare in one happens often in another. */
export function createSchedule(seed: number): Schedule {
  const random = createRandom(seed)
  const setup = createSetup(random, seed % 5 === 0)
  const ends: Array<readonly [number, ActionKind]> = []
  let sum = 0
  for (const kind of KINDS) {
    const isEssential = kind === 'go' || kind === 'read'
    const factor = isEssential ? 1 : [0, 0.5, 1, 1, 2, 4][random.below(6)]!
    sum += WEIGHTS[kind] * factor
    ends.push([sum, kind])
  }
  const length = SHORTEST + random.below(LONGEST - SHORTEST)
  const actions = Array.from({ length }, (): Action => {
    const at = random.unit() * sum
    const kind = ends.find(([end]) => at < end)?.[1] ?? 'go'
    return [kind, random.below(1000), random.below(10_000)]
  })
  return { seed, setup, actions }
}

function createSetup(random: Random, claims: boolean): Setup {
  const choose = <const T extends readonly unknown[]>(...choices: T): T[number] =>
    choices[random.below(choices.length)]!
  const pages = Array.from({ length: 1 + random.below(4) }, (_, index): PageSetup => {
    const fallback = choose('blocking', 'blocking', 'blocking', true, false)
    return {
      path: `/b/${index}`,
      fallback,
      prerendered: fallback === false || choose(true, false),
      revalidate: choose(1, 5, 60, false),
      expire: choose(70, 300, 31_536_000),
    }
  })
  const servers = choose(1, 1, 2, 2, 3)
  return {
    servers,
    claims,
    store: choose('shared', 'shared', 'shared', 'own', servers === 1 ? 'none' : 'shared'),
    pages,
    memoryBytes: choose(700, 1500, 3000, 1e7, 1e7),
    notFoundEntries: choose(1, 100),
    concurrency: choose(1, 1, 2, 3, 8),
    queue: choose(0, 1, 2, 10),
    waiters: choose(1, 3, 100, 100),
    generateTimeout: choose(5, 30),
  }
}
