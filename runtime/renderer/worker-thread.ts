import { Worker } from 'node:worker_threads'
import { IsrError, toErrorMessage } from '../errors.ts'
import type { Job, JobResult, Renderer } from '../types.ts'
import { abortError, describeJob, timeoutError } from './in-process.ts'
import { fromWireError, type FromWorker, type ToWorker, type WorkerSetup } from './protocol.ts'

/** How `createWorkerRenderer` is set up. */
export interface WorkerRendererOptions {
  /** The module that calls `serveJobs`. */
  readonly worker: URL
  /** The build that pages are made for: a worker that finds another one in its place makes none. Default: not checked. */
  readonly buildId?: string
  /** HTML and navigation data of one page together, in bytes and not compressed. Default: any number. */
  readonly maxPageBytes?: number
  /** Worker threads; each starts with the first job it gets. */
  readonly workers: number
  /** A worker that does not answer for this long is taken to be in an endless loop. Milliseconds, default 15 000. */
  readonly unresponsiveMs?: number
  /** A worker is replaced once this many of its jobs timed out: their code may still run in it. Default 20. */
  readonly maxTimeouts?: number
  /** Heap of one worker in MiB; past it the worker is replaced. Default: Node's own limit. */
  readonly memoryMegabytes?: number
  /** Hears why a worker was lost. */
  readonly onLost?: (error: IsrError) => void
}

interface Task {
  readonly id: number
  readonly job: Job
  readonly settle: { readonly resolve: (result: unknown) => void; readonly reject: (error: IsrError) => void }
}

interface Lane {
  worker: Worker | undefined
  readonly tasks: Map<number, Task>
  timeouts: number
  /** Consecutive deaths without a finished job: they slow down the next start. */
  deaths: number
  watchdog: NodeJS.Timeout | undefined
  answeredAt: number
  restart: NodeJS.Timeout | undefined
}

const PING_MS = 1000
const EXIT_MS = 500
const REPLACE_MS = 1000
const MAX_RESTART_DELAY_MS = 5000

/**
 * Runs jobs in worker threads, away from the thread that answers requests.
 *
 * A job has a time limit. A worker that dies (`process.exit`, out of memory, an unhandled rejection) or stops answering
 * (an endless loop) is replaced. Which of its jobs did that cannot be told from outside, so each is tried once more, alone in
 * a worker of its own: the guilty one fails, the others are answered.
 */
export function createWorkerRenderer(options: WorkerRendererOptions): Renderer {
  const { unresponsiveMs = 15_000, maxTimeouts = 20 } = options
  const lanes = Array.from({ length: Math.max(1, options.workers) }, createLane)
  const isolation = createLane()
  /** Jobs of a lost worker, waiting to be tried alone. */
  const suspects: Task[] = []
  /** Lanes whose worker finishes what it has and gets nothing new. */
  const draining = new Set<Lane>()
  const retiring = new Set<Promise<unknown>>()
  let nextId = 0
  let closed = false
  let replacedAt = -Infinity

  function allLanes(): Lane[] {
    return [...lanes, ...draining, isolation]
  }

  function pickLane(): Lane {
    return lanes.reduce((best, lane) => (lane.tasks.size < best.tasks.size ? lane : best))
  }

  function submit(lane: Lane, task: Task): void {
    lane.tasks.set(task.id, task)
    if (lane.restart) return
    const worker = (lane.worker ??= start(lane))
    // Until it is ready the worker is not watched, and gets its jobs then: starting must not look like an endless loop.
    if (lane.watchdog) post(lane, worker, task)
  }

  /** Props may be what JSON carries and threads do not, such as the proxies of a state library: then JSON decides. */
  function post(lane: Lane, worker: Worker, task: Task): void {
    const { id, job } = task
    try {
      try {
        worker.postMessage({ type: 'job', id, job } satisfies ToWorker)
      } catch {
        worker.postMessage({ type: 'job', id, job: JSON.parse(JSON.stringify(job)) as Job } satisfies ToWorker)
      }
    } catch (error) {
      lane.tasks.delete(id)
      task.settle.reject(unsendableError(job, error))
      endIfDrained(lane)
    }
  }

  function start(lane: Lane): Worker {
    const worker = new Worker(options.worker, {
      name: 'isr-render',
      workerData: { buildId: options.buildId, maxPageBytes: options.maxPageBytes } satisfies WorkerSetup,
      ...(options.memoryMegabytes && { resourceLimits: { maxOldGenerationSizeMb: options.memoryMegabytes } }),
    })
    let reason: unknown
    worker.on('message', (message: FromWorker) => {
      // One that was given up, for starting too slowly say, has nothing more to say in its lane.
      if (lane.worker !== worker) return
      lane.answeredAt = performance.now()
      if (message.type === 'ready') {
        watch(lane, worker)
        for (const task of lane.tasks.values()) post(lane, worker, task)
      } else if (message.type === 'done' || message.type === 'failed') {
        lane.deaths = 0
        finish(lane, message)
      }
    })
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
    lane.answeredAt = performance.now()
    lane.watchdog = setInterval(() => {
      if (lane.tasks.size === 0) {
        lane.answeredAt = performance.now()
        return
      }
      const silentMs = performance.now() - lane.answeredAt
      if (silentMs > unresponsiveMs) {
        lose(lane, new Error(`the render worker did not answer for ${Math.round(silentMs / 1000)} s: an endless loop?`))
      } else worker.postMessage({ type: 'ping' } satisfies ToWorker)
    }, PING_MS)
    lane.watchdog.unref()
  }

  function finish(lane: Lane, message: Extract<FromWorker, { id: number }>): void {
    const task = lane.tasks.get(message.id)
    // A job that timed out was answered then; its late result is nobody's.
    if (!task) return
    lane.tasks.delete(message.id)
    if (message.type === 'done') task.settle.resolve(message.result)
    else task.settle.reject(fromWireError(message.error))
    if (message.type === 'failed' && message.error.code === 'ISR_IMPORT') replace(lane)
    endIfDrained(lane)
  }

  /** Goes on where a lane has run out of jobs: one that gets no new ones ends its worker. */
  function endIfDrained(lane: Lane): void {
    if (lane === isolation) tryNextSuspect()
    if (lane.tasks.size === 0 && (lane === isolation || draining.delete(lane))) retire(lane)
  }

  /** Node remembers that a module failed, so only another worker can import it once its fault has gone. */
  function replace(lane: Lane): void {
    if (performance.now() - replacedAt < REPLACE_MS || !drain(lane)) return
    replacedAt = performance.now()
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
    lane.deaths += 1
    const tasks = [...lane.tasks.values()]
    lane.tasks.clear()
    options.onLost?.(
      new IsrError('ISR_RENDERER_LOST', `A render worker was lost and is replaced: ${toErrorMessage(reason)}`, {
        cause: reason,
      }),
    )
    if (lane === isolation) {
      for (const task of tasks) task.settle.reject(lostError(task.job, reason))
      tryNextSuspect()
      return
    }
    suspects.push(...tasks)
    tryNextSuspect()
    // Crash loop: the next start waits longer and longer, and the jobs that come meanwhile wait with it.
    if (draining.delete(lane) || lane.deaths < 2) return
    const delay = Math.min(100 * 2 ** lane.deaths, MAX_RESTART_DELAY_MS)
    lane.restart = setTimeout(() => {
      lane.restart = undefined
      if (lane.tasks.size > 0 && !closed) lane.worker = start(lane)
    }, delay)
    lane.restart.unref()
  }

  function tryNextSuspect(): void {
    const task = isolation.tasks.size === 0 ? suspects.shift() : undefined
    if (task) submit(isolation, task)
  }

  /** Takes the worker out of its lane at once; its end is awaited by `close`. */
  function retire(lane: Lane): void {
    clearInterval(lane.watchdog)
    lane.watchdog = undefined
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
    lane.timeouts += 1
    if (lane.worker && !lane.watchdog) return lose(lane, new Error('the render worker did not start'))
    // Nothing else runs there, so the abandoned code is stopped rather than left running, be it a loop or a leak.
    const silent = performance.now() - lane.answeredAt > 2 * PING_MS
    if (lane.tasks.size === 0 && silent) retire(lane)
    else if (lane.timeouts >= maxTimeouts) drain(lane)
    endIfDrained(lane)
  }

  return {
    run<J extends Job>(job: J, limits: { timeoutMs: number; signal?: AbortSignal }): Promise<JobResult[J['type']]> {
      if (closed || limits.signal?.aborted) return Promise.reject(abortError(job))
      return new Promise((resolve, reject) => {
        const done = () => {
          clearTimeout(timer)
          limits.signal?.removeEventListener('abort', onAbort)
        }
        const task: Task = {
          id: nextId++,
          job,
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
        const timer = setTimeout(() => abandon(task, timeoutError(job, limits.timeoutMs)), limits.timeoutMs)
        const onAbort = () => abandon(task, abortError(job))
        limits.signal?.addEventListener('abort', onAbort, { once: true })
        submit(pickLane(), task)
      })
    },

    async close() {
      closed = true
      for (const lane of allLanes()) {
        clearTimeout(lane.restart)
        const tasks = [...lane.tasks.values(), ...suspects.splice(0)]
        lane.tasks.clear()
        for (const task of tasks) task.settle.reject(abortError(task.job))
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

function createLane(): Lane {
  return {
    worker: undefined,
    tasks: new Map(),
    timeouts: 0,
    deaths: 0,
    watchdog: undefined,
    answeredAt: 0,
    restart: undefined,
  }
}

function unsendableError(job: Job, cause: unknown): IsrError {
  const { what, ...details } = describeJob(job)
  const message = `${details.page}: ${what} cannot be sent to a render worker: ${toErrorMessage(cause)}`
  return new IsrError('ISR_PROPS', message, { ...details, cause })
}

function lostError(job: Job, reason: unknown): IsrError {
  const { what, ...details } = describeJob(job)
  return new IsrError(
    'ISR_RENDERER_LOST',
    `${details.page}: rendering ${what} ended its worker: ${toErrorMessage(reason)}`,
    {
      ...details,
      cause: reason,
    },
  )
}
