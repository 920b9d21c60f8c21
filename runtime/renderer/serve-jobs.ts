import { getHeapStatistics } from 'node:v8'
import { isMainThread, parentPort, workerData, type TransferListItem } from 'node:worker_threads'
import { IsrError, toErrorMessage } from '../errors.ts'
import { createJobRunner, type RunJob } from '../isr/generate.ts'
import type { Body, IsrApp } from '../types.ts'
import { checkBuild } from './build-check.ts'
import { toWireError, type FromWorker, type ToWorker, type WorkerSetup } from './protocol.ts'

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

  const post = (message: FromWorker, transfer: TransferListItem[] = []) => port.postMessage(message, transfer)

  async function loadRunner(): Promise<RunJob> {
    try {
      const { buildId, maxPageBytes } = setup
      return createJobRunner(checkBuild(await loadApp(), buildId), { maxPageBytes })
    } catch (error) {
      if (error instanceof IsrError) throw error
      throw new IsrError('ISR_IMPORT', `The app could not be imported: ${toErrorMessage(error)}`, { cause: error })
    }
  }

  async function answer(id: number, job: Extract<ToWorker, { type: 'job' }>['job']): Promise<void> {
    try {
      const runJob = await runner
      const result = await runJob(job)
      post({ type: 'done', id, result }, buffersOf(result))
    } catch (error) {
      post({ type: 'failed', id, error: toWireError(error) })
    }
  }

  port.on('message', (message: ToWorker) => {
    if (message.type === 'ping') {
      checkMemory(setup.memoryBytes)
      post({ type: 'pong' })
    } else if (message.type === 'exit') {
      isDismissed = true
      process.exit()
    } else void answer(message.id, message.job)
  })
  process.on('exit', (code) => {
    // Its stack is that of the caller, which is the only trace that `process.exit` leaves.
    const error = new Error(`process.exit(${code}) was called`)
    if (!isDismissed) post({ type: 'leaving', error: toWireError(error) })
  })
  // Importing the app keeps the thread busy for a while, which must not look like an endless loop: it is not ready before.
  const runner = loadRunner()
  const ready = () => post({ type: 'ready' })
  runner.then(ready, ready)
}

/** V8 bounds the heap of a thread, but not what lies beside it. Thrown here, the error ends the worker. */
function checkMemory(memoryBytes: number | undefined): void {
  const { external_memory: bytes } = getHeapStatistics()
  if (memoryBytes === undefined || bytes <= memoryBytes) return
  throw new Error(
    `its buffers held ${bytes} bytes, above the ${memoryBytes} that it may use (option render.memoryBytes)`,
  )
}

/** The bodies of a page are moved, not copied; each has an ArrayBuffer of its own. */
function buffersOf(result: unknown): ArrayBuffer[] {
  if (typeof result !== 'object' || result === null) return []
  if ('generated' in result) return buffersOf(result.generated)
  if (!('html' in result)) return []
  const { html, data } = result as { html: Body; data: Body | undefined }
  const bodies = [html, data].flatMap((body) => [body?.identity, body?.br, body?.zstd, body?.gzip])
  return bodies.flatMap((bytes) => (bytes ? [bytes.buffer as ArrayBuffer] : []))
}
