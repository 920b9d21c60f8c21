import { toCompressible } from '../cache/body.ts'
import { IsrError, isIsrError, toErrorMessage } from '../errors.ts'
import { toShellKey } from '../routing/key.ts'
import type {
  Body,
  Clock,
  Entry,
  Generated,
  Job,
  PlainBody,
  Renderer,
  RevalidateReason,
  Settings,
  StopSignal,
  Target,
} from '../types.ts'

/** Makes entries by asking the renderer. */
export interface Generation {
  /**
   * @param known the entry that this one is going to replace
   * @throws `IsrError`: what the renderer threw, or `ISR_TIMEOUT` when it was not ready in time
   */
  run(target: Target, reason: RevalidateReason, known: Entry | undefined): Promise<Entry>
  /** Gives up all that runs. */
  abort(): void
}

export interface GenerationOptions {
  readonly clock: Clock
  readonly renderer: Renderer
  readonly settings: Settings
  /** When the latest of the build's entries was started: what is generated now is newer, whatever the clock says. */
  readonly builtAt: number | undefined
  /** Pages come without their compressed forms, which are made later. Default false. */
  readonly uncompressed?: boolean
}

/**
 * A generation ends within the time limit, whether the renderer keeps to it or not: its late result is thrown away
 * (promise P5).
 */
export function createGeneration({
  clock,
  renderer,
  settings,
  builtAt = -Infinity,
  uncompressed = false,
}: GenerationOptions): Generation {
  const running = new Set<Stop>()
  const timeoutMs = settings.generateTimeout * 1000
  let lastStart = builtAt

  /**
   * Entries replace each other in the order of their starts, so that has to be one, even when the clock jumps back, and
   * even when the entry that had the last word is out of memory by then.
   */
  function toStart(known: Entry | undefined): number {
    lastStart = Math.max(clock.now(), lastStart + 1, known ? known.startedAt + 1 : -Infinity)
    return lastStart
  }

  function runInTime(job: Extract<Job, { type: 'page' | 'shell' }>, target: Target): Promise<Generated> {
    return new Promise((resolve, reject) => {
      const stop = new Stop()
      const timer = clock.setTimeout(() => {
        running.delete(stop)
        reject(toTimeoutError(target, settings.generateTimeout))
        stop.abort()
      }, timeoutMs)
      running.add(stop)
      const end = () => {
        clock.clearTimeout(timer)
        running.delete(stop)
      }
      const succeed = (generated: Generated) => {
        end()
        resolve(generated)
      }
      const fail = (error: unknown) => {
        end()
        reject(error)
      }
      try {
        renderer.run(job, { timeoutMs, signal: stop }).then(succeed, fail)
      } catch (error) {
        // A renderer that throws instead of rejecting is as good as one that rejects.
        fail(error)
      }
    })
  }

  return {
    async run(target, reason, known) {
      const startedAt = toStart(known)
      const generated = await runInTime(toJob(target, reason), target)
      if (generated.kind === 'page' && generated.html.identity.byteLength === 0) {
        throw new IsrError('ISR_GENERATE', `${target.route.file}: rendering ${target.path} gave an empty document.`, {
          page: target.route.file,
          path: target.path,
        })
      }
      const owned = generated.kind === 'page' ? toOwned(generated, uncompressed) : generated
      return toEntry(target.key, owned, { startedAt, generatedAt: clock.now() }, settings)
    },
    abort() {
      for (const stop of running) stop.abort()
    },
  }
}

/** Ends one generation. A class, as its objects have nothing of their own but two fields. */
class Stop implements StopSignal {
  aborted = false
  private readonly listeners: Array<() => void> = []

  addEventListener(_type: 'abort', listener: () => void): void {
    this.listeners.push(listener)
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const at = this.listeners.indexOf(listener)
    if (at !== -1) this.listeners.splice(at, 1)
  }

  abort(): void {
    if (this.aborted) return
    this.aborted = true
    for (const listener of this.listeners.splice(0)) listener()
  }
}

function toJob(
  { key, route, params, path }: Target,
  reason: RevalidateReason,
): Extract<Job, { type: 'page' | 'shell' }> {
  const { pattern } = route
  if (key === toShellKey(pattern)) return { type: 'shell', pattern, isFallback: route.kind === 'isr' }
  return { type: 'page', pattern, params, path, reason }
}

/** Gives what was generated its key, its times and the lifetimes that the page left to the app. */
export function toEntry(
  key: string,
  generated: Generated,
  times: { startedAt: number; generatedAt: number },
  settings: Pick<Settings, 'expire' | 'notFoundRevalidate'>,
): Entry {
  const expire = generated.expire ?? settings.expire
  switch (generated.kind) {
    case 'page': {
      const { status, revalidate, html, data } = generated
      const { startedAt, generatedAt } = times
      // Each field by name: what is spread lies outside of the object, in a block of its own for each page.
      return { key, startedAt, generatedAt, kind: 'page', status, revalidate, expire, html, data }
    }
    case 'notFound': {
      const revalidate = generated.revalidate ?? settings.notFoundRevalidate
      return { key, ...times, kind: 'notFound', status: 404, revalidate, expire }
    }
    case 'redirect': {
      const { status, revalidate, destination, basePath } = generated
      return { key, ...times, kind: 'redirect', status, revalidate, expire, destination, basePath }
    }
  }
}

/** Views on larger memory would keep all of it as long as the page is cached. What a page has together is not larger. */
function toOwned(page: Extract<Generated, { kind: 'page' }>, isCompressible: boolean): Generated {
  const { html, data } = page
  const isOneBlock = isWhole(html.identity, data?.identity)
  const own = (body: Body) =>
    isCompressible ? toCompressible(toOwnBody(body, isOneBlock)) : toOwnBody(body, isOneBlock)
  return { ...page, html: own(html) as PlainBody, data: data && own(data) }
}

function isWhole(first: Uint8Array | undefined, second: Uint8Array | undefined): boolean {
  if (!first || !second || first.buffer !== second.buffer) return false
  return first.byteLength + second.byteLength === first.buffer.byteLength
}

function toOwnBody(body: Body, isOwn: boolean): Body {
  const { identity, br } = body
  return { ...body, ...(identity && { identity: toOwnBytes(identity, isOwn) }), ...(br && { br: toOwnBytes(br) }) }
}

function toOwnBytes(bytes: Uint8Array, isOwn = false): Uint8Array {
  const { buffer, byteOffset, byteLength } = bytes
  if (!isOwn && buffer.byteLength !== byteLength) return Buffer.from(new Uint8Array(bytes).buffer)
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(buffer, byteOffset, byteLength)
}

function toTimeoutError({ route, path }: Target, seconds: number): IsrError {
  return new IsrError(
    'ISR_TIMEOUT',
    `${route.file}: generating ${path} took longer than ${seconds} s (option generateTimeout) and was given up. ` +
      'Does a data call wait for an answer that never comes, or is there an endless loop? Give data calls a time limit of their own.',
    { page: route.file, path },
  )
}

/** Renderers reject with our errors; this is for those that do not. */
export function toGenerateError(error: unknown, { route, path }: Target): IsrError {
  if (isIsrError(error)) return error
  return new IsrError('ISR_GENERATE', `${route.file}: generating ${path} failed: ${toErrorMessage(error)}`, {
    page: route.file,
    path,
    cause: error,
  })
}
