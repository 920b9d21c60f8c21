import { toPlainBytes } from '../cache/body.ts'
import type { RepairableStore } from '../cache/guarded-store.ts'
import type { Compress } from '../cache/completion.ts'
import { createLayers } from '../cache/layers.ts'
import type { Leisure } from '../cache/leisure.ts'
import { createMemory } from '../cache/memory.ts'
import { IsrError, toErrorMessage } from '../errors.ts'
import { toShellKey } from '../routing/key.ts'
import type {
  Clock,
  Engine,
  Entry,
  IsrEvent,
  Outcome,
  Prerendered,
  ReadRequest,
  Renderer,
  RevalidateResult,
  Settings,
  Target,
} from '../types.ts'
import { createBackoff } from './backoff.ts'
import { createFleet } from './fleet.ts'
import { createFlights, type Draft, type Flight, type Landing } from './flight.ts'
import { createFloors } from './floors.ts'
import { decide, toAgeMs } from './freshness.ts'
import { createGeneration, toGenerateError } from './generation.ts'
import { createWaiters } from './waiters.ts'

/** The parts of an engine; all that is not decided comes from outside. */
export interface EngineOptions {
  readonly clock: Clock
  /** A number from 0 up to 1, such as `Math.random`. */
  readonly random: () => number
  readonly renderer: Renderer
  readonly prerendered: Prerendered
  /** Where generated entries survive a restart; without one they live in memory only. */
  readonly store: RepairableStore | undefined
  readonly settings: Settings
  /** Pages are made without brotli, and get that from here. Default: they are made with it. */
  readonly compress?: Compress | undefined
  /** When there is time for what nobody waits for. Default: always. */
  readonly leisure?: Leisure | undefined
  /** Hears of each decision, hits included, and of each failure once. Whatever it throws is ignored. */
  readonly onEvent?: (event: IsrEvent) => void
  /** Whether `onEvent` wants each answer with an entry too, of which a busy site has thousands a second. Default true. */
  readonly hearsAnswers?: boolean
}

/**
 * Serves pages from the cache, regenerates them and makes new ones. Time, storage and rendering are injected, so that the
 * same calls in the same order give the same answers.
 *
 * `close` closes the store and the prerendered entries too, since nobody else reads them.
 */
export function createEngine(options: EngineOptions): Engine {
  const { clock, renderer, prerendered, store, settings, onEvent, hearsAnswers = onEvent !== undefined } = options
  const memory = createMemory({ bytes: settings.cache.memoryBytes, notFoundEntries: settings.cache.notFoundEntries })
  const floors = createFloors()
  const backoff = createBackoff(options.random)
  /** Of pages that nobody has a copy of: an error is all that their visitors get, so that pauses are short. */
  const coldBackoff = createBackoff(options.random, {
    free: FREE_COLD_FAILURES,
    longestMs: LONGEST_COLD_PAUSE_MS,
    keys: 1000,
  })
  const generation = createGeneration({
    clock,
    renderer,
    settings,
    builtAt: prerendered.newestStartedAt,
    uncompressed: options.compress !== undefined,
  })
  const layers = createLayers({
    clock,
    random: options.random,
    memory,
    floors,
    prerendered,
    store,
    memoryBytes: settings.cache.memoryBytes,
    compress: options.compress,
    leisure: options.leisure,
    onTrouble: ({ key, reason, error }) => emit({ type: 'store-error', path: toPath(key), reason, error }),
    onPause: ({ key, type, error }) => emit({ type: 'store-paused', path: toPath(key), reason: type, error }),
    onResume: ({ key, type }) => emit({ type: 'store-resumed', path: toPath(key), reason: type }),
  })
  const fleet = createFleet({ clock, layers, claimMs: settings.generateTimeout * 1000 })
  const flights = createFlights({
    clock,
    concurrency: settings.render.concurrency,
    queue: settings.render.queue,
    waitMs: settings.generateTimeout * 1000,
    generate,
    commit,
    onFailed,
    onOverload: ({ target }, priority) => emit({ type: 'overload', ...toPlace(target), reason: priority }),
  })
  const waiters = createWaiters(settings.render.waiters)
  /** Flights that somebody can do without for now: their failures lead to a pause. */
  const replaceable = new WeakSet<Flight>()
  let closing: Promise<void> | undefined

  function emit(event: IsrEvent): void {
    try {
      const result: unknown = onEvent?.(event)
      if (result instanceof Promise) result.catch(() => {})
    } catch {
      // A listener that fails must not change what is served.
    }
  }

  /** What another request has found, or another server made, while this generation waited for its turn. */
  function adopt({ key }: Target): Entry | Promise<Entry | undefined> | undefined {
    const known = memory.get(key)
    if (known && decide(known, clock.now()) === 'fresh') return known
    // A page that nobody has is the first thing that was looked for.
    return (store?.claim ?? (store && known)) ? takeOver(key, known) : undefined
  }

  async function takeOver(key: string, known: Entry | undefined): Promise<Entry | undefined> {
    const newer = await fleet.takeOver(key, known)
    if (newer) return newer
    const kept = memory.get(key)
    if (!kept || decide(kept, clock.now()) !== 'fresh') return undefined
    fleet.release(key)
    return kept
  }

  async function generate({ target, reason }: Flight, isOvertaken: () => boolean): Promise<Draft | undefined> {
    const adopting = reason === 'stale' ? adopt(target) : undefined
    const adopted = adopting instanceof Promise ? await adopting : adopting
    if (adopted) return { entry: adopted, adopted: true, renderMs: 0 }
    if (isOvertaken()) {
      fleet.release(target.key)
      return undefined
    }
    const known = memory.get(target.key)
    const begin = clock.now()
    try {
      const entry = await generation.run(target, reason, known)
      const later = reason === 'stale' && store?.claim ? await fleet.findLater(entry) : undefined
      if (later) {
        fleet.release(target.key)
        return { entry: later, adopted: true, renderMs: 0 }
      }
      return { entry, adopted: false, renderMs: Math.max(0, clock.now() - begin) }
    } catch (error) {
      fleet.release(target.key)
      throw toGenerateError(error, target)
    }
  }

  function commit({ target, reason }: Flight, { entry, adopted, renderMs }: Draft): Landing {
    backoff.succeed(target.key)
    coldBackoff.succeed(target.key)
    if (adopted) {
      layers.keep(entry)
      return { entry, adopted, renderMs, stored: Promise.resolve(true) }
    }
    if (reason === 'on-demand') floors.raise(entry.key, entry.startedAt)
    const stored = layers.put(entry, reason === 'on-demand')
    // Not before it is there to be taken over.
    void stored.then(() => fleet.release(entry.key))
    const dataBytes = entry.kind === 'page' && entry.data ? toPlainBytes(entry.data) : 0
    emit({ type: 'regenerated', ...toPlace(target), reason, renderMs, bytes: toBytes(entry), dataBytes })
    return { entry, adopted, renderMs, stored }
  }

  function onFailed(flight: Flight, error: unknown): void {
    const { target, reason } = flight
    emit({ type: 'failed', ...toPlace(target), reason, error })
    if (replaceable.has(flight)) backoff.fail(target.key, clock.now())
    else if (reason !== 'on-demand') coldBackoff.fail(target.key, clock.now())
  }

  /** Visitors are answered without it: it is left alone for a while when it fails, and dropped when there is too much. */
  function refresh(target: Target): void {
    if (closing || backoff.isBlocked(target.key, clock.now())) return
    replaceable.add(flights.join(target, 'background'))
  }

  function isUnlisted({ key, route }: Target): boolean {
    return route.fallback === false && key !== toShellKey(route.pattern) && !prerendered.has(key)
  }

  function answer(
    target: Target,
    state: 'HIT' | 'STALE' | 'MISS',
    detail: string,
    entry: Entry,
    render?: { readonly renderMs: number },
  ): Outcome {
    if (hearsAnswers) {
      const ageMs = toAgeMs(entry, clock.now())
      emit({ type: TYPES[state], ...toPlace(target), reason: detail, ageMs, ...render, bytes: toBytes(entry) })
    }
    return { state, detail, entry }
  }

  function answerStale(target: Target, entry: Entry, request: ReadRequest): Outcome {
    const { key } = target
    const detail = flights.isDemanded(key) ? 'stale-on-demand' : backoff.isFailing(key) ? 'stale-error' : 'stale-time'
    if (!request.prefetch) refresh(target)
    return answer(target, 'STALE', detail, entry)
  }

  /** The visitor waits. An older copy, when there is one, is better than an error. */
  async function answerGenerated(target: Target, old: Entry | undefined, outdated: boolean): Promise<Outcome> {
    if (old && backoff.isBlocked(target.key, clock.now())) return answer(target, 'STALE', 'stale-error', old)
    if (!old && isPaused(target)) throw toPausedError(target)
    if (waiters.isFull()) return answerWithoutWaiting(target, old)
    const flight = flights.join(target, 'visitor')
    if (old) replaceable.add(flight)
    try {
      const { entry, adopted, renderMs } = await waiters.wait(flight.landed)
      if (!adopted) return answer(target, 'MISS', 'generated', entry, { renderMs })
      // What another server began later may have ended long ago.
      const isFresh = decide(entry, clock.now()) === 'fresh'
      return isFresh ? answer(target, 'HIT', 'fresh', entry) : answer(target, 'STALE', 'stale-time', entry)
    } catch (error) {
      // Somebody else may have found or stored a copy in the meantime, or the store may answer again.
      const again = old && !outdated ? layers.held(target.key) : (await layers.load(target.key))?.entry
      const isOlder = again && old && !outdated && again.startedAt < old.startedAt
      const copy = isOlder ? old : (again ?? old)
      if (!copy) throw error
      return answer(target, 'STALE', 'stale-error', copy)
    }
  }

  /** Who asks again and again for a page that fails does not get a render each time. */
  function isPaused(target: Target): boolean {
    if (!coldBackoff.isBlocked(target.key, clock.now()) || flights.isRunning(target.key)) return false
    emit({ type: 'skipped', ...toPlace(target), reason: 'paused' })
    return true
  }

  /** As when the queue is full: an older copy, marked as what it is, or an error. */
  function answerWithoutWaiting(target: Target, old: Entry | undefined): Outcome {
    emit({ type: 'overload', ...toPlace(target), reason: 'waiters' })
    if (old) {
      refresh(target)
      return answer(target, 'STALE', 'stale-error', old)
    }
    const details = { page: target.route.file, path: target.path }
    throw new IsrError('ISR_OVERLOADED', `${target.path} was not generated: too many visitors are waiting.`, details)
  }

  function answerAbsent(target: Target, request: ReadRequest): Outcome | Promise<Outcome> {
    const { key, route } = target
    if (route.fallback !== true || request.complete || key === toShellKey(route.pattern)) {
      return answerGenerated(target, undefined, false)
    }
    refresh(target)
    emit({ type: 'shell', ...toPlace(target), reason: 'fallback-shell' })
    return { state: 'SHELL' }
  }

  async function read(target: Target, request: ReadRequest): Promise<Outcome> {
    if (isUnlisted(target)) {
      emit({ type: 'miss', ...toPlace(target), reason: 'unlisted' })
      return { state: 'ABSENT' }
    }
    const found = layers.held(target.key) ? undefined : await layers.load(target.key)
    const held = layers.held(target.key)
    const entry = held ?? found?.entry
    if (!entry) return answerAbsent(target, request)
    // An outdated copy is treated as an expired one: better than an error page, and nothing else.
    const isOutdated = !held && found?.outdated === true
    const freshness = isOutdated ? 'expired' : decide(entry, clock.now())
    if (freshness === 'fresh') return answer(target, 'HIT', 'fresh', entry)
    return freshness === 'stale' ? answerStale(target, entry, request) : answerGenerated(target, entry, isOutdated)
  }

  async function revalidate(target: Target, { onlyGenerated }: { onlyGenerated: boolean }): Promise<RevalidateResult> {
    const { key, route, path } = target
    const details = { page: route.file, path }
    const refusal = toRefusal(target)
    if (refusal) {
      const error = new IsrError('ISR_REVALIDATE_PATH', `Failed to revalidate ${path}: ${refusal}`, details)
      emit({ type: 'refused', ...toPlace(target), reason: 'on-demand', error })
      throw error
    }
    if (onlyGenerated && !flights.isRunning(key) && !(await layers.load(key))) {
      emit({ type: 'skipped', ...toPlace(target), reason: 'only-generated' })
      return { status: 'skipped' }
    }
    try {
      const { entry, stored } = await flights.overtake(target).landed
      const isStored = await stored
      return { status: entry.kind === 'page' ? 'regenerated' : entry.kind, ...(!isStored && { stored: false }) }
    } catch (error) {
      const message = `Failed to revalidate ${path}: ${toErrorMessage(error)}`
      throw new IsrError('ISR_REVALIDATE_FAILED', message, { ...details, cause: error })
    }
  }

  function toRefusal(target: Target): string | undefined {
    const { route } = target
    if (route.kind !== 'isr') return `${route.file} has no getStaticProps.`
    return isUnlisted(target)
      ? `getStaticPaths of ${route.file} does not list it, and its fallback is false.`
      : undefined
  }

  async function shutDown(timeoutMs: number): Promise<void> {
    let timer: unknown
    const deadline = new Promise<void>((resolve) => (timer = clock.setTimeout(resolve, timeoutMs)))
    flights.dropBackground()
    await Promise.race([flights.idle().then(layers.finish), deadline])
    flights.abandon()
    generation.abort()
    await Promise.race([Promise.allSettled([closeStore(store), prerendered.close()]), deadline])
    clock.clearTimeout(timer)
  }

  return {
    peek(key, toPattern, now = clock.now()) {
      const entry = memory.get(key)
      if (!entry || decide(entry, now) !== 'fresh') return undefined
      if (hearsAnswers) {
        const path = toPath(key)
        const pattern = toPattern?.(path)
        const ageMs = toAgeMs(entry, now)
        emit({
          type: 'hit',
          path,
          ...(pattern !== undefined && { pattern }),
          reason: 'fresh',
          ageMs,
          bytes: toBytes(entry),
        })
      }
      return entry
    },
    read,
    complete: layers.complete,
    revalidate,
    close: (timeoutMs) => (closing ??= shutDown(timeoutMs)),
  }
}

/** It must not outlast by much what made the page fail. */
const LONGEST_COLD_PAUSE_MS = 2000
/** A new request is a new try, as in Next.js, until they are too many to be people. */
const FREE_COLD_FAILURES = 10

const TYPES = { HIT: 'hit', STALE: 'stale', MISS: 'miss' } as const

/** The part of a target that events tell. */
function toPlace({ path, route }: Target): { path: string; pattern: string } {
  return { path, pattern: route.pattern }
}

/** Where there is no target at hand: the path or pattern that the key was made of. */
function toPath(key: string): string {
  return key.slice(key.indexOf(':') + 1)
}

function toBytes(entry: Entry): number {
  return entry.kind === 'page' ? toPlainBytes(entry.html) : 0
}

function toPausedError({ path, route }: Target): IsrError {
  const message = `${route.file}: generating ${path} failed time and again, and is tried again in a moment.`
  return new IsrError('ISR_PAUSED', message, { page: route.file, path })
}

async function closeStore(store: RepairableStore | undefined): Promise<void> {
  await store?.close?.()
}
