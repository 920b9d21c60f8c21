import { decodeEntry } from '../../cache/codec.ts'
import { toRetainedBytes } from '../../cache/memory.ts'
import type { Entry, EntryMeta, IsrEvent, Outcome, ReadRequest, RevalidateResult, Target } from '../../types.ts'
import type { VirtualClock } from '../testing/virtual-clock.ts'
import { createPageHistory, type Call, type Floor, type Instance, type PageHistory } from './instance.ts'
import type { Operations } from './operations.ts'
import type { Setup } from './schedule.ts'
import { isSame, type Made, type Site } from './site.ts'
import { WRITE_LIMIT_MS } from './store.ts'

/** A promise that was broken, in words. */
export interface Violation {
  /** `P1`, … */
  readonly promise: string
  readonly text: string
}

/** Looks at everything that goes into the engines and comes out of them. It knows nothing of what is inside. */
export interface Checker {
  readonly violations: Violation[]
  /** How often each situation was reached. */
  readonly reached: Map<string, number>
  callRead(instance: Instance, target: Target, request: ReadRequest): void
  callRevalidate(instance: Instance, target: Target, options: { onlyGenerated: boolean }): Promise<RevalidateResult>
  callClose(instance: Instance, timeoutMs: number, onClosed: () => void): void
  peek(instance: Instance, target: Target): Entry | undefined
  /** Looks at all that memory gives away. */
  audit(instance: Instance): void
  noteRender(instance: Instance, made: Made): void
  noteRendered(instance: Instance, made: Made, end: 'ok' | 'failed' | 'late'): void
  /** @returns tells that the store has let go of the record, and whether it says that it is stored */
  noteWrite(instance: Instance, path: string, bytes: Uint8Array, meta: EntryMeta): (isStored: boolean) => void
  /** @param entry what the store answered in time, and whole */
  noteAnswer(instance: Instance, path: string, entry: Entry | undefined): void
  /** Reading the build's copy has ended, or will not. */
  noteJump(instance: Instance): void
  /** A server has asked whether it is to make a page. */
  noteClaim(isGranted: boolean): void
  notePack(instance: Instance, path: string, isGood: boolean): void
  noteEvent(instance: Instance, event: IsrEvent): void
  /** @returns the outcome of a read in a world without faults, to be looked at by the caller */
  onOutcome: ((instance: Instance, path: string, outcome: Outcome) => void) | undefined
  violate(promise: string, text: string): void
  /** After each step. */
  check(instances: readonly Instance[]): void
}

export interface CheckerParts {
  readonly clock: VirtualClock
  readonly site: Site
  readonly setup: Setup
  readonly operations: Operations
  readonly say: (text: () => string) => void
  readonly getStep: () => number
}

/** The longest back-off after a failure. */
const LONGEST_PAUSE_MS = 30_000
/** The longest time for which a page that was never made and fails is left alone. */
const LONGEST_COLD_PAUSE_MS = 2000
/** After this long a write that the store does not let go of is left to itself. */
const ABANDON_MS = 30_000
/** A clock that is a little behind is no reason to regenerate. */
const CLOCK_TOLERANCE_MS = 2000
/** All that is asked of a store before a generation starts: reading, setting aside, the build's copy, and once more. */
const STORE_MS = 12_000
/** And with claims: other servers get so long to make the page, and are asked and looked for all the time. */
const CLAIMED_STORE_MS = 30_000
/** Below this nothing is pushed out of memory by so few pages. */
const ROOMY_BYTES = 100_000
const ROOMY_COUNT = 10

/** What a visitor's failed request may fail with. The last is what a data function gets that revalidates, and may pass on. */
const VISIBLE_CODES = [
  'ISR_GENERATE',
  'ISR_TIMEOUT',
  'ISR_RENDERER_LOST',
  'ISR_OVERLOADED',
  'ISR_CLOSED',
  'ISR_PAUSED',
  'ISR_REVALIDATE_FAILED',
  'ISR_REVALIDATE_PATH',
]

interface Obligation {
  readonly instance: Instance
  readonly path: string
  readonly attempts: number
  readonly deadline: number
  readonly at: number
  isMet: boolean
  /** What was served meanwhile: one from the future becomes fresh as time goes by. */
  served: Entry | undefined
}

export function createChecker(parts: CheckerParts): Checker {
  const { clock, site, setup, operations, say, getStep } = parts
  const violations: Violation[] = []
  const reached = new Map<string, number>()
  const limitMs = setup.generateTimeout * 1000
  /** A generation, that which overtook it, and one more: each may wait for a slot, ask the store and take its time. */
  const storeMs = setup.claims ? CLAIMED_STORE_MS : STORE_MS
  const longestMs = 3 * storeMs + 3 * (2 * limitMs + 4000)
  let obligations: Obligation[] = []
  /** Renders that must not start in this step: a fresh copy was just found for them. */
  let foundFresh: { step: number; instance: Instance; path: string } | undefined
  let nextId = 1
  /** Once clocks disagree, which of two copies is the newer one is a matter of opinion. */
  let hasJumped = false
  /** Stale renders that a revalidation has overtaken: what they make is not served any more. */
  const overtaken = new WeakSet<Made>()

  function reach(situation: string): void {
    reached.set(situation, (reached.get(situation) ?? 0) + 1)
  }

  function violate(promise: string, text: string): void {
    violations.push({ promise, text })
    say(() => `!! ${promise}: ${text}`)
  }

  function historyOf(instance: Instance, path: string): PageHistory {
    let history = instance.histories.get(path)
    if (!history) instance.histories.set(path, (history = createPageHistory()))
    return history
  }

  function begin(instance: Instance, kind: Call['kind'], path: string, ms: number): Call {
    const at = clock.elapsed()
    const isLoading = operations.isUnderWay(instance, path, at)
    const call = { kind, path, step: getStep(), at, nextId, wall: instance.clock.now(), deadline: at + ms, isLoading }
    instance.calls.add(call)
    return call
  }

  // ── What an entry is ──

  /** P2, P3, P11: whole, of one render, and of one that ended well and in time. */
  function identify(entry: Entry, path: string, where: string): Made | undefined {
    const made = site.findMade(entry)
    if (!made) {
      violate('P2', `${where}: an entry that was never rendered (expire ${entry.expire})`)
      return undefined
    }
    const name = `${where}: render #${made.id} of ${made.path}`
    if (made.path !== path) violate('P2', `${name} as ${path}`)
    if (made.end !== 'ok') violate(made.end === 'late' ? 'P5' : 'P11', `${name}, which has ${made.end}`)
    if (entry.kind !== made.kind || entry.revalidate !== made.revalidate) {
      violate('P2', `${name} as ${entry.kind} with revalidate ${entry.revalidate}`)
    }
    if (entry.kind === 'redirect' && entry.destination !== `/to/${made.id}`) {
      violate('P2', `${name} leads to ${entry.destination}`)
    }
    if (entry.kind !== 'page') return made
    checkBody(entry.html.identity, made.html, `${name}, its HTML`)
    checkBody(entry.data?.identity, made.data, `${name}, its data`)
    return made
  }

  function checkBody(bytes: Uint8Array | undefined, expected: Uint8Array | undefined, name: string): void {
    if (isSame(bytes, expected)) return
    const other = bytes && site.findByBytes(bytes)
    if (other) violate('P3', `${name} is of render #${other.id} of ${other.path}`)
    else violate('P2', `${name} is not what was rendered: ${bytes && Buffer.from(bytes).toString('latin1')}`)
  }

  function toFreshness(entry: Entry, now: number): 'fresh' | 'stale' | 'expired' {
    if (entry.revalidate === false) return 'fresh'
    const age = now - entry.generatedAt
    if (age < -CLOCK_TOLERANCE_MS) return 'stale'
    if (age < entry.revalidate * 1000) return 'fresh'
    return age < entry.expire * 1000 ? 'stale' : 'expired'
  }

  /**
   * P12: renders of the same process in their order; those of others as their clocks say.
   *
   * @param opinion what holds of copies of other processes when clocks disagree
   */
  function isSince(floor: Floor, made: Made, entry: Entry, instance: Instance, opinion: boolean): boolean {
    if (made.instance === instance.id) return made.id >= floor.id
    if (made.instance === -1) return false
    return hasJumped ? opinion : entry.startedAt >= floor.wall
  }

  // ── What must be there ──

  function isRoomy(entry: Entry): boolean {
    return entry.kind === 'page' ? setup.memoryBytes >= ROOMY_BYTES : setup.notFoundEntries >= ROOMY_COUNT
  }

  /** The engine has put it into memory. */
  function keep(instance: Instance, path: string, entry: Entry): void {
    for (const history of instance.histories.values())
      if (history.latest && !isRoomy(history.latest)) history.isHeld = false
    const history = historyOf(instance, path)
    if (history.latest && history.latest.startedAt > entry.startedAt) return
    history.latest = entry
    history.isHeld = entry.kind !== 'page' || toRetainedBytes(entry) <= setup.memoryBytes
  }

  /** Something was read into memory, or not: what may have been pushed out is not certain any longer. */
  function doubt(instance: Instance): void {
    for (const history of instance.histories.values())
      if (history.latest && !isRoomy(history.latest)) history.isHeld = false
  }

  /** Where a copy is that the engine can reach, whatever has failed; of those since a revalidation, when one is given. */
  function findReachable(
    instance: Instance,
    call: Call,
    heldBefore: Entry | undefined,
    floor?: Floor,
  ): string | undefined {
    const history = historyOf(instance, call.path)
    const isGood = (made: Made | undefined, entry: Entry) =>
      made !== undefined && (!floor || isSince(floor, made, entry, instance, false))
    for (const held of [heldBefore, history.isHeld ? history.latest : undefined]) {
      if (held && isGood(site.findMade(held), held)) return 'in memory'
    }
    for (const { made, since } of history.writing) {
      if (clock.elapsed() >= since + WRITE_LIMIT_MS) continue
      if (!floor || made.id >= floor.id) return 'on its way to the store'
    }
    const isStoreSlow = operations.isOverdue('get', instance, call.path, clock.elapsed())
    for (const { step, made, entry } of history.answers) {
      // Of several looks in that time one may have found nothing, and that may have been the one of this request.
      const isCertain = step >= call.step && history.missedAt < call.step && !call.isLoading && !isStoreSlow
      if (isCertain && isGood(made, entry)) return 'in the store'
    }
    const page = site.find(call.path)
    if (floor || !page.setup.prerendered || history.packTroubleAt >= call.step) return undefined
    return operations.isOverdue('pack', instance, call.path, clock.elapsed()) ? undefined : "among the build's"
  }

  // ── Answers ──

  function checkEntry(
    instance: Instance,
    call: Call,
    outcome: Extract<Outcome, { entry: Entry }>,
    held: Entry | undefined,
  ) {
    const { state, detail, entry } = outcome
    const { path } = call
    const history = historyOf(instance, path)
    const made = identify(entry, path, `${state} ${detail}`)
    if (!made) return
    const now = instance.clock.now()
    const freshness = toFreshness(entry, now)
    const name = `${state} ${detail} is render #${made.id} of ${path} v${made.version}`
    reach(state === 'STALE' ? detail : state.toLowerCase())
    if (made.instance !== instance.id && made.instance !== -1) reach('copy of another process served')
    if (state === 'HIT' && freshness !== 'fresh') violate('P9', `${name}, and ${freshness}`)
    if (state === 'MISS' && (made.instance !== instance.id || Math.max(made.endedAt, history.committedAt) < call.at)) {
      violate('P4', `${name}, which was not rendered for it`)
    }
    if (state === 'STALE' && detail !== 'stale-error' && freshness !== 'stale')
      violate('P9', `${name}, and ${freshness}`)
    // What this process rendered is never replaced by something older; what it took over may be, by a render of its own.
    const isOwn = held !== undefined && site.findMade(held)?.instance === instance.id
    if (!hasJumped && isOwn && entry.startedAt < held.startedAt)
      violate('P12', `${name}, and an older copy than memory had`)
    const hasFailed = history.failedAt > -Infinity || instance.state !== 'serving'
    if (detail === 'stale-error' && !hasFailed) violate('P9', `${name}, and nothing has failed`)
    if (detail !== 'stale-error' && isRoomy(entry) && entry.startedAt >= (history.latest?.startedAt ?? -Infinity)) {
      history.latest = entry
      history.isHeld = true
    }
    history.seenStamp = Math.max(history.seenStamp, entry.startedAt)
    const { floor } = history
    if (!floor || isSince(floor, made, entry, instance, true)) return
    // P1 wins over P12 in one case only: the newer copy is nowhere to be found, rendering it again was tried and failed.
    const reachable = findReachable(instance, call, held, floor)
    if (state !== 'STALE' || detail !== 'stale-error') {
      violate('P12', `${name}, but a revalidation has resolved since`)
    } else if (reachable !== undefined) violate('P12', `${name}, but a newer copy is ${reachable}`)
    else if (history.failedAt < Math.min(floor.at, call.at) && instance.state === 'serving') {
      violate('P12', `${name}, though nothing has failed since the revalidation`)
    } else reach('older copy after a lost one, because rendering failed')
  }

  function answer(
    instance: Instance,
    call: Call,
    outcome: Outcome,
    request: ReadRequest,
    held: Entry | undefined,
  ): void {
    const { setup: page } = site.find(call.path)
    say(() => `   ${toName(instance)} answers ${call.path}: ${toText(outcome, site)}`)
    if ('entry' in outcome) checkEntry(instance, call, outcome, held)
    else if (outcome.state === 'ABSENT') {
      if (page.fallback !== false || page.prerendered) violate('P1', `ABSENT for ${call.path}`)
    } else {
      reach('shell')
      const reachable = findReachable(instance, call, held)
      if (page.fallback !== true || request.complete) violate('P1', `SHELL for ${call.path}`)
      else if (reachable !== undefined) violate('P1', `SHELL for ${call.path}, but a copy is ${reachable}`)
    }
    checker.onOutcome?.(instance, call.path, outcome)
  }

  function refuse(instance: Instance, call: Call, error: unknown, held: Entry | undefined): void {
    const code = toCode(error)
    say(() => `   ${toName(instance)} fails for ${call.path}: ${code}`)
    reach(`error ${code}`)
    const reachable = findReachable(instance, call, held)
    if (reachable !== undefined) violate('P1', `${code} for ${call.path}, but a copy is ${reachable}`)
    if (!VISIBLE_CODES.includes(code)) {
      violate('P8', `${call.path} fails with ${code}: ${String((error as Error)?.stack)}`)
    }
    if (code === 'ISR_CLOSED' && instance.state === 'serving')
      violate('P1', `${call.path} fails, closed, while serving`)
    const { failedAt } = historyOf(instance, call.path)
    const sinceMs = clock.elapsed() - failedAt
    if (code === 'ISR_PAUSED') {
      if (sinceMs > LONGEST_COLD_PAUSE_MS + storeMs && instance.jumpedAt < failedAt)
        violate('P5', `${call.path} is paused for ${sinceMs} ms`)
    } else if (failedAt < call.at && instance.state === 'serving') {
      violate('P1', `${code} for ${call.path}, and nothing has failed`)
    }
  }

  /** P5: unless the page is left alone after a failure, a visitor's request leads to an attempt in bounded time. */
  function oblige(instance: Instance, path: string): Obligation | undefined {
    const history = historyOf(instance, path)
    const now = clock.elapsed()
    if (instance.state !== 'serving') return undefined
    if (now < Math.max(history.failedAt, instance.jumpedAt) + LONGEST_PAUSE_MS) return undefined
    for (const { startedAt } of history.running) if (now < startedAt + limitMs) return undefined
    // Whoever goes before others gives a waiting generation the full time again: background, on demand, visitor.
    const deadline = now + storeMs + 3 * limitMs + 4000
    const obligation: Obligation = {
      instance,
      path,
      attempts: history.attempts,
      deadline,
      at: now,
      isMet: false,
      served: undefined,
    }
    obligations.push(obligation)
    return obligation
  }

  const checker: Checker = {
    violations,
    reached,
    onOutcome: undefined,
    violate,

    callRead(instance, target, request) {
      const { path } = target
      const history = historyOf(instance, path)
      const held = history.isHeld ? history.latest : undefined
      const call = begin(instance, 'read', path, longestMs)
      const obligation = request.prefetch ? undefined : oblige(instance, path)
      instance.engine.read(target, request).then(
        (outcome) => {
          if (instance.state === 'gone') return
          instance.calls.delete(call)
          const isDone = outcome.state === 'HIT' || outcome.state === 'MISS' || outcome.state === 'ABSENT'
          if (obligation && isDone) obligation.isMet = true
          if (obligation && 'entry' in outcome) obligation.served = outcome.entry
          answer(instance, call, outcome, request, held)
        },
        (error: unknown) => {
          if (instance.state === 'gone') return
          instance.calls.delete(call)
          refuse(instance, call, error, held)
        },
      )
    },

    callRevalidate(instance, target, options) {
      const { path } = target
      const page = site.find(path)
      const call = begin(instance, 'revalidate', path, longestMs + 2 * WRITE_LIMIT_MS)
      if ([...instance.calls].some((other) => other !== call && other.kind === 'revalidate' && other.path === path)) {
        reach('revalidations at the same time')
      }
      const result = instance.engine.revalidate(target, options)
      result.then(
        ({ status, stored }) => {
          if (instance.state === 'gone') return
          instance.calls.delete(call)
          say(() => `   ${toName(instance)} has revalidated ${path}: ${status}`)
          reach(`revalidate ${status}`)
          if (status === 'skipped') {
            if (!options.onlyGenerated) violate('P12', `revalidate of ${path} was skipped`)
            return
          }
          const history = historyOf(instance, path)
          const { floor } = history
          if (stored === false) reach('revalidated, not stored')
          else if (setup.store !== 'none' && history.storedId < call.nextId) {
            violate('P12', `revalidate of ${path} resolves as stored, and the store has not said so`)
          }
          if (!floor || floor.id < call.nextId) history.floor = { id: call.nextId, wall: call.wall, at: call.at }
        },
        (error: unknown) => {
          if (instance.state === 'gone') return
          instance.calls.delete(call)
          const code = toCode(error)
          say(() => `   ${toName(instance)} could not revalidate ${path}: ${code}`)
          reach(`error ${code}`)
          const isUnlisted = page.setup.fallback === false && !page.setup.prerendered
          if (code !== (isUnlisted ? 'ISR_REVALIDATE_PATH' : 'ISR_REVALIDATE_FAILED')) {
            violate('P8', `revalidate of ${path} fails with ${code}: ${String((error as Error)?.stack)}`)
          }
        },
      )
      return result
    },

    callClose(instance, timeoutMs, onClosed) {
      const call = begin(instance, 'close', '', timeoutMs)
      instance.engine.close(timeoutMs).then(
        () => {
          if (instance.state === 'gone') return
          instance.calls.delete(call)
          onClosed()
        },
        (error: unknown) => violate('P8', `close rejects with ${String(error)}`),
      )
    },

    peek(instance, target) {
      const entry = instance.engine.peek(target.key)
      if (!entry) return undefined
      const { path } = target
      const made = identify(entry, path, 'peek')
      const { floor } = historyOf(instance, path)
      if (!made) return entry
      reach('hit')
      const freshness = toFreshness(entry, instance.clock.now())
      if (freshness !== 'fresh') violate('P9', `memory gives render #${made.id} of ${path}, and ${freshness}`)
      if (floor && !isSince(floor, made, entry, instance, true)) {
        violate('P12', `memory gives render #${made.id} of ${path}, but a revalidation has resolved since`)
      }
      return entry
    },

    audit(instance) {
      let bytes = 0
      let others = 0
      for (const { target } of site.pages) {
        const entry = checker.peek(instance, target)
        if (entry?.kind === 'page') bytes += toRetainedBytes(entry)
        else if (entry) others += 1
      }
      if (bytes > setup.memoryBytes) violate('P7', `${bytes} bytes are in memory`)
      if (others > setup.notFoundEntries) violate('P7', `${others} notFound and redirect entries are in memory`)
    },

    noteRender(instance, made) {
      nextId = made.id + 1
      const history = historyOf(instance, made.path)
      const now = clock.elapsed()
      history.attempts += 1
      const name = `render #${made.id} of ${made.path} starts`
      say(() => `   ${toName(instance)}: ${name} (${made.reason})`)
      const live = [...history.running].filter(({ startedAt }) => now < startedAt + limitMs)
      if (live.length < history.running.size) reach('tried again while a hung render is still there')
      // P4: one at a time, but for those that a revalidation has overtaken; and one of those at a time too.
      const joinable = live.filter((other) => other.reason === 'on-demand' || made.reason === 'stale')
      for (const other of joinable) {
        if (overtaken.has(other)) continue
        violate('P4', `${name} (${made.reason}) while #${other.id} (${other.reason}) is running`)
      }
      if (made.reason === 'on-demand' && live.length > 0) reach('render overtaken by a revalidation')
      if (made.reason === 'stale') {
        if (foundFresh?.step === getStep() && foundFresh.instance === instance && foundFresh.path === made.path) {
          violate('P4', `${name}, though the store has just given a fresh copy`)
        }
        const { latest, isHeld } = history
        const isFresh = latest && isHeld && toFreshness(latest, instance.clock.now()) === 'fresh'
        if (isFresh && !hasJumped) violate('P4', `${name}, though a fresh copy is in memory`)
      }
      history.running.add(made)
      let sum = 0
      for (const { running } of instance.histories.values()) {
        for (const { startedAt } of running) if (now < startedAt + limitMs) sum += 1
      }
      if (sum > setup.concurrency) violate('P7', `${sum} renders at a time`)
    },

    noteRendered(instance, made, end) {
      made.end = end
      made.endedAt = clock.elapsed()
      const history = historyOf(instance, made.path)
      history.running.delete(made)
      if (end === 'late') reach('late result')
      if (end === 'ok' && made.reason === 'on-demand') {
        for (const other of history.running) if (other.reason === 'stale') overtaken.add(other)
      }
    },

    noteWrite(instance, path, bytes, meta) {
      const { target } = site.find(path)
      const history = historyOf(instance, path)
      const entry = decodeEntry(bytes, target.key)
      if (!entry) {
        violate('P2', `what is stored for ${path} is no entry`)
        return () => {}
      }
      const made = identify(entry, path, 'store')
      if (!made) return () => {}
      say(() => `   ${toName(instance)} writes render #${made.id} of ${path}`)
      const isMended = history.hasAbandoned
      if (made.instance !== instance.id && !isMended) {
        violate('P4', `a copy of another process is stored again: #${made.id}`)
      }
      if (meta.kind !== entry.kind || meta.generatedAt !== entry.generatedAt) violate('P2', `meta data of #${made.id}`)
      const { lastWritten } = history
      const isAgain = lastWritten?.expire === entry.expire
      if (lastWritten && !isAgain && entry.startedAt <= lastWritten.startedAt) {
        violate('P12', `render #${made.id} of ${path} is stored after a later one`)
      }
      if (isAgain) reach('write tried again')
      history.lastWritten = entry
      // Not even beside one that was given up, or the older one would land over the newer one; but the store may never let go.
      const now = clock.elapsed()
      const beside = [...history.writing].filter(({ since }) => now < since + WRITE_LIMIT_MS + ABANDON_MS)
      if (beside.length > 0) violate('P12', `two records of ${path} are written at the same time`)
      if (history.writing.size > 0) reach('write beside one that the store does not let go of')
      const writing = { made, since: now }
      history.writing.add(writing)
      return (isStored) => {
        history.writing.delete(writing)
        if (clock.elapsed() >= now + WRITE_LIMIT_MS + ABANDON_MS) history.hasAbandoned = true
        if (isStored) history.storedId = Math.max(history.storedId, made.id)
      }
    },

    noteAnswer(instance, path, entry) {
      doubt(instance)
      const history = historyOf(instance, path)
      // What was found before has nothing to say any more, unless it is still in memory.
      history.answers.length = 0
      if (!entry) history.missedAt = getStep()
      if (!entry) return
      const made = identify(entry, path, 'stored')
      if (!made) return
      history.answers.push({ step: getStep(), made, entry })
      history.storedId = Math.max(history.storedId, made.id)
      // What does not fit pushes out what was there, and is not kept itself, or not for long.
      if (toRetainedBytes(entry) > setup.memoryBytes || !isRoomy(entry)) history.isHeld = false
      const isNewer = entry.startedAt > Math.max(history.seenStamp, history.latest?.startedAt ?? -Infinity)
      history.seenStamp = Math.max(history.seenStamp, entry.startedAt)
      const isOutdated = history.floor && !isSince(history.floor, made, entry, instance, true)
      if (isOutdated) reach('outdated record not taken for good')
      // A newer copy is taken over even when it is stale: the render that it replaces is over.
      if (isNewer) history.attempts += 1
      if (toFreshness(entry, instance.clock.now()) !== 'fresh') return
      history.attempts += 1
      // What this process revalidated may have started later than it was asked for.
      const { floor, lastWritten } = history
      const isAfterOwn = !floor || (lastWritten && entry.startedAt > lastWritten.startedAt)
      if (!isNewer || isOutdated || !isAfterOwn || hasJumped) return
      foundFresh = { step: getStep(), instance, path }
      if (made.instance !== instance.id) reach('record of another process adopted')
    },

    noteClaim(isGranted) {
      reach(isGranted ? 'claim granted' : 'claim taken by another server')
    },

    noteJump(instance) {
      instance.jumpedAt = clock.elapsed()
      hasJumped = true
    },

    notePack(instance, path, isGood) {
      doubt(instance)
      if (setup.memoryBytes < ROOMY_BYTES) historyOf(instance, path).isHeld = false
      if (!isGood) historyOf(instance, path).packTroubleAt = getStep()
    },

    noteEvent(instance, event) {
      if (instance.state === 'gone') return
      const history = historyOf(instance, event.path)
      if (event.type === 'regenerated') {
        history.attempts += 1
        history.committedAt = clock.elapsed()
        const entry = instance.engine.peek(site.find(event.path).target.key)
        if (entry) keep(instance, event.path, entry)
        else {
          history.isHeld = false
          doubt(instance)
        }
      }
      if (event.type === 'store-paused') {
        reach(`store paused for ${event.reason}s`)
        for (const each of instance.histories.values()) {
          each.answers.length = 0
          each.missedAt = getStep()
        }
      }
      if (event.type === 'store-resumed') reach('store used again')
      if (event.type === 'store-error') reach(`store ${event.reason}`)
      if (event.type === 'overload') reach(`overload ${event.reason}`)
      if (event.type === 'failed') reach(`failed ${toCode(event.error)}`)
      if (event.type !== 'failed' && event.type !== 'overload') return
      history.attempts += 1
      history.failedAt = clock.elapsed()
    },

    check(instances) {
      const now = clock.elapsed()
      obligations = obligations.filter((each) => {
        const { instance, path } = each
        if (each.isMet || instance.state !== 'serving' || historyOf(instance, path).attempts > each.attempts)
          return false
        if (each.served && toFreshness(each.served, instance.clock.now()) === 'fresh') return false
        if (now <= each.deadline) return true
        violate('P5', `${toName(instance)} has not tried ${path} since ${each.at}, and it is ${now}`)
        return false
      })
      for (const instance of instances) {
        const queued = new Set<string>()
        let waiting = 0
        for (const call of instance.calls) {
          if (now > call.deadline) {
            violate(
              'P5',
              `${call.kind} of ${call.path} by ${toName(instance)} waits since ${call.at}, and it is ${now}`,
            )
            instance.calls.delete(call)
          }
          if (call.kind === 'close' || operations.isUnderWay(instance, call.path, now)) continue
          // A render that waits for a revalidation of its own is not among the operations.
          if ([...historyOf(instance, call.path).running].some(({ startedAt }) => now <= startedAt + limitMs)) continue
          queued.add(call.path)
          if (call.kind === 'read') waiting += 1
        }
        // Whoever waits for another server's turn to end has a slot, and nothing under way that could be seen.
        if (queued.size > setup.queue && !setup.claims)
          violate('P7', `${queued.size} generations wait: ${[...queued].join(', ')}`)
        if (waiting > setup.waiters) violate('P7', `${waiting} visitors wait`)
      }
    },
  }

  return checker
}

/** Whether memory alone can hold all pages. */
export function isRoomyFor({ memoryBytes, notFoundEntries }: Setup): boolean {
  return memoryBytes >= ROOMY_BYTES && notFoundEntries >= ROOMY_COUNT
}

export function toName(instance: Pick<Instance, 'id' | 'slot'>): string {
  return `server ${instance.slot} (process ${instance.id})`
}

function toText(outcome: Outcome, site: Site): string {
  if (!('entry' in outcome)) return outcome.state
  const made = site.findMade(outcome.entry)
  return `${outcome.state} ${outcome.detail} #${made?.id} v${made?.version} ${outcome.entry.kind}`
}

function toCode(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : String(error)
}
