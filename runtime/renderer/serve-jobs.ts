import { constants, getPriority, setPriority } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import { isMainThread, parentPort, workerData, type TransferListItem } from 'node:worker_threads'
import { IsrError, toErrorMessage } from '../errors.ts'
import { createJobRunner, type RunJob } from '../isr/generate.ts'
import type { Body, Built, Generated, IsrApp, Job, PlainBody } from '../types.ts'
import { checkBuild } from './build-check.ts'
import { toWireError, type Answer, type FromWorker, type ToWorker, type WorkerSetup } from './protocol.ts'

type Page = Extract<Generated, { kind: 'page' }>

/** Answers of quick pages wait this long for each other: a message costs as much as several of them. */
const ANSWER_MS = 1

/** A third of what a thread of ordinary priority gets beside it: enough for the visitors who wait for a page. */
const LESS = 5

/**
 * The body of a render worker: answers the jobs of `createWorkerRenderer` until it is terminated.
 *
 * @param loadApp imports the app; called once source maps are on, so that stacks name the sources
 */
export function serveJobs(loadApp: () => Promise<IsrApp>): void {
  if (isMainThread || !parentPort) throw new Error('serveJobs runs in a worker thread only')
  const port = parentPort
  const setup = (workerData ?? {}) as Partial<WorkerSetup>
  process.setSourceMapsEnabled(true)
  let isDismissed = false
  const { concurrency = Infinity } = setup
  const queue: Array<{ readonly id: number; readonly job: Job }> = []
  const running = new Set<number>()
  let outbox: Answer[] = []
  let sentAt = -Infinity
  const spares: SharedArrayBuffer[] = []

  const post = (message: FromWorker, transfer: TransferListItem[] = []) => port.postMessage(message, transfer)

  async function loadRunner(): Promise<RunJob> {
    try {
      const { buildId, maxPageBytes, compress } = setup
      return createJobRunner(checkBuild(await loadApp(), buildId), { maxPageBytes, compress, isOwnThread: true })
    } catch (error) {
      if (error instanceof IsrError) throw error
      throw new IsrError('ISR_IMPORT', `The app could not be imported: ${toErrorMessage(error)}`, { cause: error })
    }
  }

  /** Jobs may come many in a message; no more of them run at a time than should. */
  function startNext(): void {
    while (running.size < concurrency && queue.length > 0) {
      const { id, job } = queue.shift()!
      running.add(id)
      void answer(id, job)
    }
  }

  function end(id: number): void {
    if (running.delete(id)) startNext()
  }

  function abandon(id: number): void {
    const waiting = queue.findIndex((each) => each.id === id)
    if (waiting === -1) end(id)
    else queue.splice(waiting, 1)
  }

  async function answer(id: number, job: Job): Promise<void> {
    try {
      const runJob = await runner
      send({ type: 'done', id, result: await runJob(job) })
    } catch (error) {
      send({ type: 'failed', id, error: toWireError(error) })
    } finally {
      end(id)
    }
  }

  function send(answer: Answer): void {
    outbox.push(answer)
    const others = running.size - 1 + queue.length
    // Where nobody waits for one page, half of them go together, and the others keep this thread busy until new ones come.
    const isDue = setup.packBodies ? outbox.length >= others : performance.now() - sentAt >= ANSWER_MS
    if (isDue) sendAll()
    else if (outbox.length === 1) setImmediate(sendAll)
  }

  function sendAll(): void {
    if (outbox.length === 0) return
    const answers = outbox
    outbox = []
    if (setup.packBodies) post({ type: 'answers', ...packBodies(answers, spares.pop()) })
    else post({ type: 'answers', answers, block: undefined }, listBuffers(answers))
    sentAt = performance.now()
  }

  port.on('message', (message: ToWorker) => {
    if (message.type === 'ping') {
      checkMemory(setup.memoryBytes)
      post({ type: 'pong' })
    } else if (message.type === 'exit') {
      isDismissed = true
      process.exit()
    } else if (message.type === 'abandoned') {
      abandon(message.id)
    } else {
      queue.push(...message.jobs)
      spares.push(...message.spares)
      startNext()
    }
  })
  process.on('exit', (code) => {
    sendAll()
    // Its stack is that of the caller, which is the only trace that `process.exit` leaves.
    const error = new Error(`process.exit(${code}) was called`)
    if (!isDismissed) post({ type: 'leaving', error: toWireError(error) })
  })
  // Importing the app keeps the thread busy for a while, which must not look like an endless loop: it is not ready before.
  const runner = loadRunner()
  // Not before: threads that are started meanwhile, such as those of Node's pool, would be what this one is.
  if (setup.givesWay) runner.then(giveWay, giveWay)
  const ready = () => post({ type: 'ready' })
  runner.then(ready, ready)
}

/** On Linux a thread has a priority of its own; elsewhere it would be that of the whole process. */
function giveWay(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(Math.min(getPriority() + LESS, constants.priority.PRIORITY_LOW))
  } catch {
    // Some sandboxes forbid it.
  }
}

/** V8 bounds the heap of a thread, but not what lies beside it. Thrown here, the error ends the worker. */
function checkMemory(memoryBytes: number | undefined): void {
  const { external_memory: bytes } = getHeapStatistics()
  if (memoryBytes === undefined || bytes <= memoryBytes) return
  throw new Error(
    `its buffers held ${bytes} bytes, above the ${memoryBytes} that it may use (option render.memoryBytes)`,
  )
}

/** The buffers of bodies, to be moved and not copied. */
function listBuffers(answers: readonly Answer[]): ArrayBuffer[] {
  const buffers: ArrayBuffer[] = []
  const add = (bytes: Uint8Array | undefined): void => {
    const buffer = bytes?.buffer as ArrayBuffer | undefined
    if (buffer && !buffers.includes(buffer)) buffers.push(buffer)
  }
  for (const answer of answers) {
    if (answer.type !== 'done') continue
    if (answer.result instanceof Uint8Array) add(answer.result)
    const page = toPage(answer.result)
    for (const body of [page?.html, page?.data]) {
      add(body?.identity)
      add(body?.br)
    }
  }
  return buffers
}

/** The next bodies will take about as much, or a little more. */
const HEADROOM = 1.25

/**
 * Copies plain bodies into one block: each buffer that is moved costs as much as copying a page.
 *
 * @param spare used again where it is large enough
 */
function packBodies(
  answers: readonly Answer[],
  spare: SharedArrayBuffer | undefined,
): Pick<Extract<FromWorker, { type: 'answers' }>, 'answers' | 'block'> {
  const bodies = answers.flatMap((answer) => {
    const page = answer.type === 'done' ? toPage(answer.result) : undefined
    return page ? [page.html, page.data] : []
  })
  const size = bodies.reduce((sum, body) => sum + (body?.identity?.byteLength ?? 0), 0)
  const block = spare && spare.byteLength >= size ? spare : new SharedArrayBuffer(Math.ceil(size * HEADROOM))
  let offset = 0
  const packPlain = ({ identity, digest }: PlainBody): PlainBody => {
    const copy = new Uint8Array(block, offset, identity.byteLength)
    copy.set(identity)
    offset += identity.byteLength
    return { identity: copy, digest }
  }
  const pack = (body: Body): Body => (isPlain(body) ? packPlain(body) : body)
  const packResult = (result: unknown): unknown => {
    const page = toPage(result)
    if (!page) return result
    if ('made' in (result as object)) {
      const built = result as Built
      return { ...built, made: { ...built.made, generated: packResult(page) } }
    }
    return { ...page, html: packPlain(page.html), data: page.data && pack(page.data) }
  }
  const packed = answers.map((answer) =>
    answer.type === 'done' ? { ...answer, result: packResult(answer.result) } : answer,
  )
  return { answers: packed, block }
}

/** The page in the answer to any kind of job. */
function toPage(result: unknown): Page | undefined {
  if (typeof result !== 'object' || result === null) return undefined
  if ('made' in result) return toPage((result as Built).made?.generated)
  return 'html' in result && 'kind' in result ? (result as Page) : undefined
}

function isPlain(body: Body): body is PlainBody {
  return body.identity !== undefined
}
