import type { Clock, Engine, Entry } from '../../types.ts'
import type { VirtualClock } from '../testing/virtual-clock.ts'
import type { Made } from './site.ts'

/** A server's own view of time: all share how it passes, each has its own idea of what time it is. */
export interface InstanceClock extends Clock {
  /** Sets the wall clock. */
  jump(ms: number): void
  /** Sets it right again. */
  correct(): void
  /** The process is gone, and its timers with it. */
  stop(): void
  timers(): number
}

export function createInstanceClock(clock: VirtualClock): InstanceClock {
  const handles = new Set<unknown>()
  let offset = 0
  return {
    now: () => clock.now() + offset,
    setTimeout(callback, ms) {
      const handle = clock.setTimeout(() => {
        handles.delete(handle)
        callback()
      }, ms)
      handles.add(handle)
      return handle
    },
    clearTimeout(handle) {
      handles.delete(handle)
      clock.clearTimeout(handle)
    },
    jump(ms) {
      offset += ms
    },
    correct() {
      offset = 0
    },
    stop() {
      for (const handle of handles) clock.clearTimeout(handle)
      handles.clear()
    },
    timers: () => handles.size,
  }
}

/** Somebody who waits for an answer of the engine. */
export interface Call {
  readonly kind: 'read' | 'revalidate' | 'close'
  readonly path: string
  /** When it was made: the step, and the clock's `elapsed`. */
  readonly step: number
  readonly at: number
  /** Renders that start from now on have at least this id. */
  readonly nextId: number
  /** Whether a look into the store was under way, which the call may share. */
  readonly isLoading: boolean
  /** The wall clock of the server at the call. */
  readonly wall: number
  /** By when, in terms of `elapsed`, it must have been answered. */
  readonly deadline: number
}

/** Since when a page that was revalidated must have been rendered. */
export interface Floor {
  /** Renders of this process: the first that counts. */
  readonly id: number
  /** Renders of other processes are ordered by their clocks. */
  readonly wall: number
  /** When the call was made. */
  readonly at: number
}

/** What the outside world knows of one page in one process. */
export interface PageHistory {
  /** Renders that have not ended. */
  readonly running: Set<Made>
  /** Records on their way to the store. */
  readonly writing: Set<{ readonly made: Made; readonly since: number }>
  /** What the store has answered in time with whole bytes, newest last. */
  readonly answers: Array<{ readonly step: number; readonly made: Made; readonly entry: Entry }>
  /** The step in which a look into the store last found nothing that can be used. */
  missedAt: number
  floor: Floor | undefined
  /** When a generation last failed or was refused. */
  failedAt: number
  /** When a render was last made what is served. */
  committedAt: number
  /** The newest copy that the process has certainly had. */
  latest: Entry | undefined
  /** Whether nothing can have pushed that out of memory. */
  isHeld: boolean
  /** The order of the newest entry that was served or found. */
  seenStamp: number
  /** The render of the last record that was written. */
  lastWritten: Entry | undefined
  /** Whether the store has let go of a write very late: what that wrote over is written again, whoever made it. */
  hasAbandoned: boolean
  /** The last render of this process, or of another, that the store has been seen to have. */
  storedId: number
  /** Counts signs of life: a render that starts, a failure, a refusal, an adoption. */
  attempts: number
  /** The step in which reading the build's copy last went wrong. */
  packTroubleAt: number
}

/** One process with its engine. */
export interface Instance {
  readonly id: number
  readonly slot: number
  readonly clock: InstanceClock
  readonly engine: Engine
  readonly histories: Map<string, PageHistory>
  readonly calls: Set<Call>
  state: 'serving' | 'closing' | 'gone'
  /** When its wall clock was last set, in terms of `elapsed`. */
  jumpedAt: number
}

export function createPageHistory(): PageHistory {
  return {
    running: new Set(),
    writing: new Set(),
    answers: [],
    missedAt: -1,
    floor: undefined,
    failedAt: -Infinity,
    committedAt: -Infinity,
    latest: undefined,
    isHeld: false,
    seenStamp: -Infinity,
    lastWritten: undefined,
    hasAbandoned: false,
    storedId: 0,
    attempts: 0,
    packTroubleAt: -1,
  }
}
