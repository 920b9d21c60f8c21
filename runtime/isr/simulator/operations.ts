import type { Instance } from './instance.ts'

/** Something that is under way outside the engine, until the scheduler lets it end. */
export interface Operation {
  readonly kind: 'get' | 'set' | 'setAside' | 'claim' | 'pack' | 'render' | 'close'
  readonly instance: Instance
  readonly path: string
  /** When it began, in terms of the clock's `elapsed`. */
  readonly begunAt: number
  /** After this many milliseconds the engine has given it up. */
  readonly limitMs: number
  /** Goes on. @returns what happened; `again` when it has not ended, `hangs` when it will not end by itself */
  go(roll: Roll): { readonly said: string; readonly state: 'ended' | 'again' | 'hangs' }
  /** The process has died. */
  die?(roll: number): void
}

/** How an operation ends: the fault that the weather and the schedule's number choose, if any. */
export interface Roll {
  readonly how: number
  /** @returns one of the faults, or undefined when all goes well */
  fault<F extends string>(area: Area, faults: readonly F[]): F | undefined
}

/** Parts of the world that have weather of their own. */
export const AREAS = ['store', 'render', 'pack'] as const
export type Area = (typeof AREAS)[number]

/** Of a hundred operations, how many go wrong in each weather. */
const FAULTY = [0, 15, 50, 100]

/** Everything that is under way, in the order in which it began, and the weather. */
export interface Operations {
  readonly running: Operation[]
  readonly hung: Operation[]
  add(operation: Operation): void
  /** Lets one go on. @returns what happened, or undefined when nothing is under way */
  go(which: number, how: number): string | undefined
  /** Lets one go on that hung. */
  goLate(which: number, how: number): string | undefined
  /** What the engine still waits for. */
  isUnderWay(instance: Instance, path: string, now: number): boolean
  /** Whether one is there that the engine has given up. */
  isOverdue(kind: Operation['kind'], instance: Instance, path: string, now: number): boolean
  /** @param level 0 for fine, up to 3 for an outage */
  setWeather(area: Area, level: number): void
  kill(instance: Instance, how: number): void
}

export function createOperations(onFault: (fault: string) => void): Operations {
  const running: Operation[] = []
  const hung: Operation[] = []
  const weather: Record<Area, number> = { store: 0, render: 0, pack: 0 }

  function toRoll(how: number): Roll {
    return {
      how,
      fault(area, faults) {
        if (how % 100 >= (FAULTY[weather[area]] ?? 0)) return undefined
        const fault = faults[Math.floor(how / 100) % faults.length]
        if (fault !== undefined) onFault(`${area}: ${fault}`)
        return fault
      },
    }
  }

  function goIn(list: Operation[], which: number, how: number): string | undefined {
    const operation = list[which % Math.max(1, list.length)]
    if (!operation) return undefined
    const index = list.indexOf(operation)
    const { said, state } = operation.go(toRoll(how))
    if (state === 'again' && list === running) return said
    list.splice(index, 1)
    if (state === 'hangs') hung.push(operation)
    else if (state === 'again') running.push(operation)
    return said
  }

  return {
    running,
    hung,
    add: (operation) => void running.push(operation),
    go: (which, how) => goIn(running, which, how),
    goLate: (which, how) => goIn(hung, which, how),
    isUnderWay: (instance, path, now) =>
      [running, hung].some((list) =>
        list.some((each) => each.instance === instance && each.path === path && now <= each.begunAt + each.limitMs),
      ),
    isOverdue: (kind, instance, path, now) =>
      [running, hung].some((list) =>
        list.some(
          (each) =>
            each.kind === kind &&
            each.instance === instance &&
            each.path === path &&
            now >= each.begunAt + each.limitMs,
        ),
      ),
    setWeather(area, level) {
      weather[area] = level
    },
    kill(instance, how) {
      for (const list of [running, hung]) {
        for (const operation of list.filter((each) => each.instance === instance)) {
          list.splice(list.indexOf(operation), 1)
          operation.die?.(how)
        }
      }
    },
  }
}
