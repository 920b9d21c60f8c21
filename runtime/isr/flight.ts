import { IsrError } from '../errors.ts'
import type { Clock, Entry, RevalidateReason, Target } from '../types.ts'
import { createQueue, isBefore, type Priority } from './queue.ts'

/** One generation, from the first who asked for it to its end. */
export interface Flight {
  readonly target: Target
  /** `on-demand` from the moment on that `res.revalidate` waits for it. */
  readonly reason: RevalidateReason
  /** Resolves with what is served now; rejects when there is nothing new. Nobody needs to listen. */
  readonly landed: Promise<Landing>
}

/** How a generation ended well. */
export interface Landing {
  readonly entry: Entry
  /** Whether another process had made it already. */
  readonly adopted: boolean
  /** How long the renderer took, in milliseconds. */
  readonly renderMs: number
  /** Whether the store has the entry: settles, without ever rejecting, when that is known. */
  readonly stored: Promise<boolean>
}

/** What a generation made, before it is put anywhere. */
export interface Draft {
  readonly entry: Entry
  /** Whether another process had made it already. */
  readonly adopted: boolean
  /** How long the renderer took, in milliseconds. */
  readonly renderMs: number
}

export interface FlightsOptions {
  readonly clock: Clock
  /** Generations at a time. */
  readonly concurrency: number
  /** Generations that may wait. */
  readonly queue: number
  /** How long one may wait before it is given up, in milliseconds. */
  readonly waitMs: number
  /**
   * Makes the entry; has to end in bounded time. One that was overtaken before its render has begun need not begin it:
   * that makes nothing.
   */
  readonly generate: (flight: Flight, isOvertaken: () => boolean) => Promise<Draft | undefined>
  /** Puts what was made where readers find it. Synchronous: from then on it is served. */
  readonly commit: (flight: Flight, draft: Draft) => Landing
  readonly onFailed: (flight: Flight, error: unknown) => void
  readonly onOverload: (flight: Flight, priority: Priority) => void
}

/** The generations that run and wait: one per key, but for those that a revalidation has overtaken. */
export interface Flights {
  /** The generation of the key that is under way, or a new one. */
  join(target: Target, priority: Priority): Flight
  /**
   * A generation that starts after this call. Those that started before are fenced off: they land nothing, and whoever
   * waits for them gets what this one makes. Calls that come before it has started share it.
   */
  overtake(target: Target): Flight
  isRunning(key: string): boolean
  /** Whether `res.revalidate` waits for the key. */
  isDemanded(key: string): boolean
  /** Gives up background generations that have not started. */
  dropBackground(): void
  /** Gives up all, and all that is asked for from now on. */
  abandon(): void
  /** Resolves when nothing runs or waits. */
  idle(): Promise<void>
}

interface Lane {
  /** The one to join. */
  current: Generation | undefined
  /** Starts when the current one has ended, because that began before those who wait for this one asked. */
  next: Generation | undefined
  /** All that have not ended, fenced ones included. */
  readonly all: Set<Generation>
  /** What landed last: nothing that started earlier may land after it. */
  last: { readonly sequence: number; readonly landing: Landing } | undefined
}

interface Generation extends Flight {
  readonly lane: Lane
  reason: RevalidateReason
  priority: Priority
  /** The order of starts; 0 before the start. */
  sequence: number
  newer: Generation | undefined
  expiry: unknown
  readonly resolve: (landing: Landing) => void
  readonly reject: (error: unknown) => void
}

export function createFlights(options: FlightsOptions): Flights {
  const { clock, generate, commit, onFailed, onOverload } = options
  const lanes = new Map<string, Lane>()
  const idleWaiters: Array<() => void> = []
  let sequence = 0
  let isAbandoned = false
  const queue = createQueue<Generation>({
    concurrency: options.concurrency,
    limit: options.queue,
    start: (flight) => {
      clock.clearTimeout(flight.expiry)
      sequence += 1
      flight.sequence = sequence
      void fly(flight)
    },
    drop: refuse,
  })

  function openLane(key: string): Lane {
    const lane = lanes.get(key) ?? { current: undefined, next: undefined, all: new Set(), last: undefined }
    lanes.set(key, lane)
    return lane
  }

  function board(lane: Lane, target: Target, reason: RevalidateReason, priority: Priority): Generation {
    let resolve: Generation['resolve'] = () => {}
    let reject: Generation['reject'] = () => {}
    const landed = new Promise<Landing>((onLanded, onFailure) => {
      resolve = onLanded
      reject = onFailure
    })
    // Background work has no listener; its failures are reported by `onFailed`.
    landed.catch(() => {})
    const flight: Generation = {
      target,
      reason,
      landed,
      lane,
      priority,
      sequence: 0,
      newer: undefined,
      expiry: undefined,
      resolve,
      reject,
    }
    lane.all.add(flight)
    return flight
  }

  function launch(flight: Generation): void {
    flight.lane.current = flight
    if (isAbandoned) return crash(flight, toClosedError(flight.target))
    if (!queue.add(flight, flight.priority)) refuse(flight)
    // Most begin at once.
    else if (flight.sequence === 0) armExpiry(flight)
  }

  function armExpiry(flight: Generation): void {
    clock.clearTimeout(flight.expiry)
    flight.expiry = clock.setTimeout(() => {
      if (queue.remove(flight)) refuse(flight)
    }, options.waitMs)
  }

  /** Somebody who goes first waits for it now, and for the full time. */
  function promote(flight: Generation, priority: Priority): void {
    if (flight.sequence > 0 || !isBefore(priority, flight.priority)) return
    flight.priority = priority
    queue.move(flight, priority)
    armExpiry(flight)
  }

  async function fly(flight: Generation): Promise<void> {
    let draft: Draft | undefined
    let failure: unknown
    try {
      draft = await generate(flight, () => flight.newer !== undefined)
    } catch (error) {
      failure = error
      onFailed(flight, error)
    }
    // The slot is free as soon as the rendering is over: the newer generation that is awaited below may need it.
    queue.release()
    const newerFailure = await waitForNewer(flight)
    if (!flight.lane.all.has(flight)) return
    const { last } = flight.lane
    if (last && last.sequence > flight.sequence) land(flight, last.landing)
    else if (draft) touchDown(flight, draft)
    else crash(flight, failure ?? newerFailure)
  }

  /** When the newer one fails, what this one made is the best there is. @returns why it failed, if it did */
  async function waitForNewer(flight: Generation): Promise<unknown> {
    let failure: unknown
    while (flight.newer) {
      const { newer } = flight
      flight.newer = undefined
      failure = await newer.landed.then(
        () => undefined,
        (error: unknown) => error,
      )
    }
    return failure
  }

  function touchDown(flight: Generation, draft: Draft): void {
    try {
      const landing = commit(flight, draft)
      flight.lane.last = { sequence: flight.sequence, landing }
      land(flight, landing)
    } catch (error) {
      onFailed(flight, error)
      crash(flight, error)
    }
  }

  function land(flight: Generation, landing: Landing): void {
    leave(flight)
    flight.resolve(landing)
  }

  function crash(flight: Generation, error: unknown): void {
    const { lane } = flight
    leave(flight)
    flight.reject(error)
    // What it had overtaken waits for the one after it, which is newer too.
    const { current } = lane
    for (const each of lane.all) {
      if (each.newer === flight) each.newer = current && isAfter(current, each) ? current : undefined
    }
    // One that this one had overtaken is as good as any other again.
    const latest = [...lane.all].findLast((each) => each.sequence > (lane.last?.sequence ?? 0))
    lane.current ??= latest
  }

  function refuse(flight: Generation): void {
    clock.clearTimeout(flight.expiry)
    onOverload(flight, flight.priority)
    const { route, path } = flight.target
    const details = { page: route.file, path }
    crash(flight, new IsrError('ISR_OVERLOADED', `${path} was not generated: too many pages are waiting.`, details))
  }

  function leave(flight: Generation): void {
    const { lane } = flight
    lane.all.delete(flight)
    if (lane.current === flight) {
      const { next } = lane
      lane.current = undefined
      lane.next = undefined
      if (next) launch(next)
    }
    if (lane.all.size > 0) return
    lanes.delete(flight.target.key)
    if (lanes.size === 0) for (const tell of idleWaiters.splice(0)) tell()
  }

  return {
    join(target, priority) {
      const lane = openLane(target.key)
      if (lane.current) {
        promote(lane.current, priority)
        return lane.current
      }
      const flight = board(lane, target, 'stale', priority)
      launch(flight)
      return flight
    },

    overtake(target) {
      const lane = openLane(target.key)
      const { current } = lane
      if (lane.next) return lane.next
      if (current && current.sequence === 0) {
        current.reason = 'on-demand'
        promote(current, 'on-demand')
        return current
      }
      const flight = board(lane, target, 'on-demand', 'on-demand')
      if (current?.reason === 'on-demand') lane.next = flight
      else {
        if (current) current.newer = flight
        launch(flight)
      }
      return flight
    },

    isRunning: (key) => lanes.has(key),

    isDemanded(key) {
      const lane = lanes.get(key)
      return lane?.current?.reason === 'on-demand'
    },

    dropBackground() {
      for (const { current } of lanes.values()) {
        if (current?.priority !== 'background' || !queue.remove(current)) continue
        clock.clearTimeout(current.expiry)
        crash(current, toClosedError(current.target))
      }
    },

    abandon() {
      isAbandoned = true
      for (const flight of [...lanes.values()].flatMap((lane) => [...lane.all])) {
        queue.remove(flight)
        clock.clearTimeout(flight.expiry)
        if (flight.lane.all.has(flight)) crash(flight, toClosedError(flight.target))
      }
    },

    async idle() {
      if (lanes.size > 0) await new Promise<void>((resolve) => idleWaiters.push(resolve))
    },
  }
}

function isAfter(first: Generation, second: Generation): boolean {
  return first.sequence === 0 || first.sequence > second.sequence
}

function toClosedError({ route, path }: Target): IsrError {
  return new IsrError('ISR_CLOSED', `${path} was not generated: the server is closing.`, { page: route.file, path })
}
