import { Worker } from 'node:worker_threads'
import { IsrError, toErrorMessage } from '../errors.ts'
import type { Job, JobResult, Renderer, StopSignal } from '../types.ts'
import { abortError, lostError, pausedError, timeoutError, unsendableError } from './job-errors.ts'
import { readForeignBytes, toHeapMegabytes } from './memory.ts'
import { fromWireError, type Answer, type FromWorker, type ToWorker, type WorkerSetup } from './protocol.ts'
import { createRestarts } from './restarts.ts'
import { createStrikes } from './strikes.ts'

/** How `createWorkerRenderer` is set up. */
export interface WorkerRendererOptions {
  /** The module that calls `serveJobs`. */
  readonly worker: URL
  /** The build that pages are made for: a worker that finds another one in its place makes none. Default: not checked. */
  readonly buildId?: string
  /** HTML and navigation data of one page together, in bytes and not compressed. Default: any number. */
  readonly maxPageBytes?: number
  /** False leaves the bodies of pages plain: whoever stores them compresses them. Default: true. */
  readonly compress?: boolean
  /**
   * True puts the bodies of pages that are ready at the same time into one block of memory that is used again and again: for
   * those who copy them at once. They are there until the next turn of the event loop. What is moved from thread to thread
   * would be garbage in this one, and with a large heap around it that is costly to collect. Default: false, each has memory
   * of its own.
   */
  readonly packBodies?: boolean
  /** Jobs that run at a time in one worker; others that it has wait there for their turn, as does their time limit. Default: all. */
  readonly concurrency?: number
  /**
   * Where the threads of one process can have different priorities, which is on Linux: ours get less of a busy processor than
   * the one that answers. Default: false.
   */
  readonly givesWay?: boolean
  /** Worker threads; each starts with the first job it gets. */
  readonly workers: number
  /**
   * A worker that does not answer for this long is taken to be in an endless loop, or for half the time limit of a job that
   * it has, if that is shorter: those beside the loop are then still in time elsewhere. Milliseconds, default 15 000.
   */
  readonly unresponsiveMs?: number
  /** A worker is replaced once this many of its jobs timed out: their code may still run in it. Default 20. */
  readonly maxTimeouts?: number
  /** Memory of one worker in bytes; past it the worker is replaced. Default: Node's own limit. */
  readonly memoryBytes?: number
  /** Megabytes of one worker for what it has just made: nothing fails for want of it. Default: V8's own, 48. */
  readonly youngMegabytes?: number
  /** Hears why a worker was lost. */
  readonly onLost?: (error: IsrError) => void
}

interface Task {
  readonly id: number
  readonly job: Job
  readonly timeoutMs: number
  /** Runs from its turn on. */
  timer: NodeJS.Timeout | undefined
  readonly settle: { readonly resolve: (result: unknown) => void; readonly reject: (error: IsrError) => void }
}

interface Lane {
  worker: Worker | undefined
  readonly tasks: Map<number, Task>
  /** Tasks that the worker has not been told of yet. */
  outbox: Task[]
  /** Jobs that timed out: their code may still run. */
  timeouts: number
  /** Runs while the worker is ready. */
  watchdog: NodeJS.Timeout | undefined
  /** When the oldest ping was sent that is not answered. */
  pingedAt: number | undefined
  restart: NodeJS.Timeout | undefined
}

/** A worker is asked so often whether it is there, while it has something to do. */
const PING_MS = 250
const SHORTEST_PATIENCE_MS = 1000
const EXIT_MS = 500
const REPLACE_MS = 1000
/** So long the memory of a worker that was ended may take to be free. */
const RELIEF_MS = 1000
/** Jobs that are tried alone at the same time. */
const ALONE = 4

/**
 * Runs jobs in worker threads, away from the thread that answers requests.
 *
 * A job has a time limit. A worker that dies (`process.exit`, out of memory, an unhandled rejection), stops answering (an
 * endless loop) or needs too much memory is replaced. Which of its jobs did that cannot be told from outside, so each is
 * tried once more, alone in a worker of its own: the guilty one fails, the others are answered. Who was guilty runs alone
 * from then on, after pauses that grow (`createStrikes`), and workers follow each other more and more slowly
 * (`createRestarts`).
 */
export function createWorkerRenderer(options: WorkerRendererOptions): Renderer {
  const { unresponsiveMs = 15_000, maxTimeouts = 20, memoryBytes, concurrency = Infinity } = options
  const now = () => performance.now()
  const lanes = Array.from({ length: Math.max(1, options.workers) }, createLane)
  const restarts = createRestarts({ free: 2, longestMs: 2000, now })
  const strikes = createStrikes(now)
  /** Jobs to be tried alone, and those that are. */
  const suspects: Task[] = []
  const alone = new Set<Lane>()
  const aloneRestarts = createRestarts({ free: 2 * ALONE, longestMs: 2000, now })
  let aloneTimer: NodeJS.Timeout | undefined
  /** Lanes whose worker finishes what it has and gets nothing new. */
  const draining = new Set<Lane>()
  const retiring = new Set<Promise<unknown>>()
  /** Blocks of packed bodies that were read, on their way back to a worker. */
  const spares: SharedArrayBuffer[] = []
  /** Of native code that was there before: a bundler's, say. */
  const foreignBytes = memoryBytes === undefined ? 0 : readForeignBytes()
  let nextId = 0
  let closed = false
  let replacedAt = -Infinity
  let relievedAt = -Infinity

  function allLanes(): Lane[] {
    return [...lanes, ...draining, ...alone]
  }

  function pickLane(): Lane {
    return lanes.reduce((best, lane) => (lane.tasks.size < best.tasks.size ? lane : best))
  }

  function submit(lane: Lane, task: Task): void {
    lane.tasks.set(task.id, task)
    if (lane.tasks.size <= concurrency) startTimer(task)
    if (lane.restart) return
    const delayMs = lane.worker || alone.has(lane) ? 0 : restarts.toDelayMs()
    if (delayMs > 0) return startLater(lane, delayMs)
    lane.worker ??= start(lane)
    // Until it is ready the worker is not watched, and gets its jobs then: starting must not look like an endless loop.
    if (lane.watchdog) post(lane, task)
  }

  function startTimer(task: Task): void {
    task.timer ??= setTimeout(() => abandon(task, timeoutError(task.job, task.timeoutMs)), task.timeoutMs)
  }

  /** The worker takes its jobs in the order in which they came: who is among the first has its turn. */
  function startTimers(lane: Lane): void {
    if (concurrency === Infinity) return
    let turns = concurrency
    for (const task of lane.tasks.values()) {
      if (turns === 0) return
      turns -= 1
      startTimer(task)
    }
  }

  /** The jobs that come meanwhile wait with it. */
  function startLater(lane: Lane, delayMs: number): void {
    lane.restart = setTimeout(() => {
      lane.restart = undefined
      if (lane.tasks.size > 0 && !closed) lane.worker = start(lane)
    }, delayMs)
    lane.restart.unref()
  }

  /** Jobs that come in the same turn go in one message: it costs as much as several of them. */
  function post(lane: Lane, task: Task): void {
    lane.outbox.push(task)
    if (lane.outbox.length === 1) queueMicrotask(() => postAll(lane))
  }

  function postAll(lane: Lane): void {
    const tasks = lane.outbox.filter(({ id }) => lane.tasks.has(id))
    lane.outbox = []
    const { worker } = lane
    if (!worker || tasks.length === 0) return
    try {
      worker.postMessage(toMessage(tasks, spares.splice(0)))
    } catch {
      for (const task of tasks) postAlone(lane, worker, task)
    }
  }

  /** Props may be what JSON carries and threads do not, such as the proxies of a state library: then JSON decides. */
  function postAlone(lane: Lane, worker: Worker, task: Task): void {
    const { id, job } = task
    try {
      try {
        worker.postMessage(toMessage([task]))
      } catch {
        worker.postMessage(toMessage([{ id, job: JSON.parse(JSON.stringify(job)) as Job }]))
      }
    } catch (error) {
      lane.tasks.delete(id)
      startTimers(lane)
      task.settle.reject(unsendableError(job, error))
      endIfDrained(lane)
    }
  }

  function start(lane: Lane): Worker {
    const { buildId, maxPageBytes, compress = true, packBodies = false, givesWay = false, youngMegabytes } = options
    const worker = new Worker(options.worker, {
      name: 'isr-render',
      workerData: {
        buildId,
        maxPageBytes,
        compress,
        packBodies,
        concurrency: options.concurrency,
        givesWay,
        memoryBytes,
      } satisfies WorkerSetup,
      resourceLimits: {
        ...(memoryBytes !== undefined && { maxOldGenerationSizeMb: toHeapMegabytes(memoryBytes) }),
        ...(youngMegabytes !== undefined && { maxYoungGenerationSizeMb: youngMegabytes }),
      },
    })
    let reason: unknown
    worker.on('message', (message: FromWorker) => {
      // One that was given up, for starting too slowly say, has nothing more to say in its lane.
      if (lane.worker !== worker) return
      lane.pingedAt = undefined
      if (message.type === 'ready') {
        watch(lane, worker)
        for (const task of lane.tasks.values()) post(lane, task)
      } else if (message.type === 'leaving') reason ??= fromWireError(message.error).cause
      else if (message.type === 'answers') readAnswers(lane, message)
    })
    // Says more than the last word, which comes before or after it.
    worker.on('error', (error) => (reason = error))
    worker.on('exit', (code) => {
      if (lane.worker !== worker) return
      lane.worker = undefined
      lose(lane, reason ?? new Error(`the render worker exited with code ${code}`))
    })
    // An idle worker must not keep a finished process alive; running jobs do, through their time limits.
    worker.unref()
    return worker
  }

  function watch(lane: Lane, worker: Worker): void {
    let tickedAt = now()
    lane.watchdog = setInterval(() => {
      const isLate = now() - tickedAt > 2 * PING_MS
      tickedAt = now()
      // What has timed out may still run, and loop.
      if (lane.tasks.size === 0 && lane.timeouts === 0) return
      if (lane.pingedAt === undefined) {
        lane.pingedAt = now()
        worker.postMessage({ type: 'ping' } satisfies ToWorker)
        return
      }
      // This thread was busy itself: the answer may lie there, unread.
      if (isLate) lane.pingedAt = now()
      const trouble = findTrouble(lane)
      if (trouble === undefined) return
      // It can't hear that it should leave.
      void worker.terminate().catch(() => {})
      lose(lane, new Error(trouble))
    }, PING_MS)
    lane.watchdog.unref()
  }

  /** What is wrong with a worker that has not answered yet. */
  function findTrouble(lane: Lane): string | undefined {
    const silentMs = now() - lane.pingedAt!
    if (silentMs > toPatience(lane)) {
      return `the render worker did not answer for ${(silentMs / 1000).toFixed(1)} s: an endless loop?`
    }
    if (memoryBytes === undefined || silentMs < PING_MS || now() - relievedAt < RELIEF_MS) return undefined
    // Whose memory it is cannot be told; who allocates without end is silent from then on.
    if (allLanes().some(({ pingedAt }) => pingedAt !== undefined && pingedAt < lane.pingedAt!)) return undefined
    // V8 enforces its limit in most cases. One allocation far beyond it would end the whole process, so this comes first.
    const bytes = readForeignBytes() - foreignBytes
    if (bytes <= memoryBytes) return undefined
    relievedAt = now()
    return `out of memory: about ${bytes} bytes were in use, above the ${memoryBytes} of the option render.memoryBytes`
  }

  function toPatience(lane: Lane): number {
    // Who is tried alone has used up half of its time elsewhere.
    const share = alone.has(lane) ? 4 : 2
    const limits = [...lane.tasks.values()].map(({ timeoutMs }) => timeoutMs / share)
    return Math.max(Math.min(unresponsiveMs, ...limits), SHORTEST_PATIENCE_MS)
  }

  function readAnswers(lane: Lane, { answers, block }: Extract<FromWorker, { type: 'answers' }>): void {
    for (const answer of answers) finish(lane, answer)
    if (block) setImmediate(() => spares.push(block))
  }

  function finish(lane: Lane, answer: Answer): void {
    const task = lane.tasks.get(answer.id)
    // A job that timed out was answered then; its late result is nobody's.
    if (!task) return
    lane.tasks.delete(answer.id)
    startTimers(lane)
    if (alone.has(lane)) strikes.clear(task.job)
    if (answer.type === 'done') task.settle.resolve(answer.result)
    else task.settle.reject(fromWireError(answer.error))
    if (answer.type === 'failed' && answer.error.code === 'ISR_IMPORT') replace(lane)
    endIfDrained(lane)
  }

  /** Goes on where a lane has run out of jobs: one that gets no new ones ends its worker. */
  function endIfDrained(lane: Lane): void {
    if (lane.tasks.size > 0 || !(draining.delete(lane) || alone.delete(lane))) return
    retire(lane)
    tryNextSuspects()
  }

  /** Node remembers that a module failed, so only another worker can import it once its fault has gone. */
  function replace(lane: Lane): void {
    if (now() - replacedAt < REPLACE_MS || !drain(lane)) return
    replacedAt = now()
  }

  /** Puts a new lane in the place of one, whose worker finishes what it has. */
  function drain(lane: Lane): boolean {
    const index = lanes.indexOf(lane)
    if (index === -1) return false
    lanes[index] = createLane()
    draining.add(lane)
    return true
  }

  function lose(lane: Lane, reason: unknown): void {
    retire(lane)
    const tasks = [...lane.tasks.values()]
    lane.tasks.clear()
    if (alone.delete(lane)) {
      aloneRestarts.add()
      // One that timed out a moment ago is not there any more.
      for (const task of tasks) {
        strikes.add(task.job)
        task.settle.reject(lostError(task.job, reason))
      }
    } else {
      restarts.add()
      draining.delete(lane)
      for (const task of tasks) strikes.doubt(task.job)
      suspects.push(...tasks)
      const message = `A render worker was lost and is replaced: ${toErrorMessage(reason)}`
      options.onLost?.(new IsrError('ISR_RENDERER_LOST', message, { cause: reason }))
    }
    tryNextSuspects()
  }

  function tryNextSuspects(): void {
    if (closed) return
    while (alone.size < ALONE && suspects.length > 0) {
      const delayMs = aloneRestarts.toDelayMs()
      if (delayMs > 0) {
        clearTimeout(aloneTimer)
        aloneTimer = setTimeout(tryNextSuspects, delayMs)
        aloneTimer.unref()
        return
      }
      const lane = createLane()
      alone.add(lane)
      submit(lane, suspects.shift()!)
    }
  }

  /** Takes the worker out of its lane at once; its end is awaited by `close`. */
  function retire(lane: Lane): void {
    clearInterval(lane.watchdog)
    lane.watchdog = undefined
    lane.pingedAt = undefined
    lane.timeouts = 0
    const { worker } = lane
    lane.worker = undefined
    if (!worker) return
    const end = stop(worker)
    retiring.add(end)
    void end.then(() => retiring.delete(end))
  }

  /** Answers a job without its worker: it timed out or was given up. */
  function abandon(task: Task, error: IsrError): void {
    task.settle.reject(error)
    const waiting = suspects.indexOf(task)
    if (waiting !== -1) suspects.splice(waiting, 1)
    const lane = allLanes().find((candidate) => candidate.tasks.delete(task.id))
    if (!lane) return
    startTimers(lane)
    if (lane.restart) return
    lane.timeouts += 1
    // What is left of it goes on beside those that come after it.
    lane.worker?.postMessage({ type: 'abandoned', id: task.id } satisfies ToWorker)
    const isSilent = lane.pingedAt !== undefined && now() - lane.pingedAt > 2 * PING_MS
    if (isSilent) {
      if (alone.has(lane)) strikes.add(task.job)
      else strikes.doubt(task.job)
    }
    if (lane.worker && !lane.watchdog) return lose(lane, new Error('the render worker did not start'))
    // Nothing else runs there, so the abandoned code is stopped rather than left running, be it a loop or a leak.
    if (lane.tasks.size === 0 && isSilent) retire(lane)
    else if (lane.timeouts >= maxTimeouts) drain(lane)
    endIfDrained(lane)
  }

  return {
    run<J extends Job>(job: J, limits: { timeoutMs: number; signal?: StopSignal }): Promise<JobResult[J['type']]> {
      if (closed || limits.signal?.aborted) return Promise.reject(abortError(job))
      if (strikes.toPauseMs(job) > 0) return Promise.reject(pausedError(job))
      return new Promise((resolve, reject) => {
        const done = () => {
          clearTimeout(task.timer)
          limits.signal?.removeEventListener('abort', onAbort)
        }
        const task: Task = {
          id: nextId++,
          job,
          timeoutMs: limits.timeoutMs,
          timer: undefined,
          settle: {
            resolve: (result) => {
              done()
              resolve(result as JobResult[J['type']])
            },
            reject: (error) => {
              done()
              reject(error)
            },
          },
        }
        if (concurrency === Infinity) startTimer(task)
        const onAbort = () => abandon(task, abortError(job))
        limits.signal?.addEventListener('abort', onAbort, { once: true })
        if (!strikes.isSuspect(job)) return submit(pickLane(), task)
        suspects.push(task)
        tryNextSuspects()
      })
    },

    async close() {
      closed = true
      clearTimeout(aloneTimer)
      for (const task of suspects.splice(0)) task.settle.reject(abortError(task.job))
      for (const lane of allLanes()) {
        clearTimeout(lane.restart)
        for (const task of lane.tasks.values()) task.settle.reject(abortError(task.job))
        lane.tasks.clear()
        retire(lane)
      }
      await Promise.all(retiring)
    },
  }
}

/**
 * Lets the worker leave by itself: native addons such as database drivers may abort the whole process when their thread is
 * terminated in the middle of a call. One that is too busy to hear it is terminated.
 */
async function stop(worker: Worker): Promise<void> {
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  worker.postMessage({ type: 'exit' } satisfies ToWorker)
  const timer = setTimeout(() => void worker.terminate().catch(() => {}), EXIT_MS)
  await exited
  clearTimeout(timer)
}

function toMessage(
  tasks: ReadonlyArray<Pick<Task, 'id' | 'job'>>,
  spares: readonly SharedArrayBuffer[] = [],
): ToWorker {
  return { type: 'jobs', jobs: tasks.map(({ id, job }) => ({ id, job })), spares }
}

function createLane(): Lane {
  return {
    worker: undefined,
    tasks: new Map(),
    outbox: [],
    timeouts: 0,
    watchdog: undefined,
    pingedAt: undefined,
    restart: undefined,
  }
}
