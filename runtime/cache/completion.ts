import { toErrorMessage } from '../errors.ts'
import type { Body, Encoding, Engine, Entry } from '../types.ts'
import { compressBytes, joinBodies, readPlain, toBuffer } from './body.ts'

/** An entry that holds a page. */
type PageEntry = Extract<Entry, { kind: 'page' }>

/** Makes the brotli form of a body that was just made; undefined where it is not worth it. */
export type Compress = (bytes: Uint8Array) => Promise<Uint8Array | undefined>

export interface CompletionOptions {
  readonly compress: Compress
  /** Called when a body of an entry has got a form. */
  readonly onGrown: (entry: PageEntry, body: Body, encoding: Encoding) => void
  /** Called when what an entry holds is not what it should be. */
  readonly onDamaged: (entry: PageEntry, error: Error) => void
}

type Growing = { -readonly [Key in keyof Body]: Body[Key] | undefined }

/**
 * Makes the function that gives the bodies of entries the forms that they lack: once for each, whoever asks, and at once for
 * one that has it. A compressed form that cannot be made is one less that can be; without the plain form there is nothing to
 * serve.
 */
export function createCompletion({ compress, onGrown, onDamaged }: CompletionOptions): Engine['complete'] {
  const running = new WeakMap<Body, Map<Encoding, Promise<boolean>>>()

  async function grow(entry: PageEntry, body: Body, encoding: Encoding): Promise<boolean> {
    let plain: Uint8Array
    try {
      plain = await readPlain(body, entry.html)
    } catch (error) {
      onDamaged(entry, new Error(`it cannot be read: ${toErrorMessage(error)}`, { cause: error }))
      return false
    }
    const made = encoding === 'identity' ? plain : await makeCompressed(plain, encoding, body.within !== undefined)
    // Others may have made other forms meanwhile.
    const growing: Growing = body
    if (made) growing[encoding] = toBuffer(made)
    // What brotli does not make smaller, nothing does.
    const isCompressible = made !== undefined || encoding !== 'br'
    growing.makeable = body.makeable?.filter((each) => each !== encoding && (isCompressible || each === 'identity'))
    onGrown(entry, body, encoding)
    return true
  }

  async function makeCompressed(plain: Uint8Array, encoding: Exclude<Encoding, 'identity'>, isHeld: boolean) {
    try {
      // Data may be asked for of pages that were made long ago: it waits for nobody's render.
      return await (encoding === 'br' && !isHeld ? compress(plain) : compressBytes(plain, encoding))
    } catch {
      return undefined
    }
  }

  return async (entry, form, encoding) => {
    const body = entry.kind === 'page' ? entry[form] : undefined
    if (entry.kind !== 'page' || !body?.makeable?.includes(encoding)) return true
    let jobs = running.get(body)
    if (!jobs) running.set(body, (jobs = new Map()))
    let job = jobs.get(encoding)
    if (!job) {
      job = grow(entry, body, encoding).finally(() => jobs.delete(encoding))
      jobs.set(encoding, job)
    }
    return job
  }
}

/** An entry as a reader of its record has it, in one block of memory, once it is known what that is. */
export function toSettled(entry: PageEntry): PageEntry | undefined {
  const bodies = [entry.html, entry.data]
  const isRedundant = bodies.some((body) => body?.br && body.identity)
  if (!isRedundant || bodies.some(isToBeCompressed)) return undefined
  return { ...entry, ...joinBodies(entry.html, entry.data) }
}

/** Whether a body is stored as brotli, and is not yet. What the HTML holds is stored with that. */
function isToBeCompressed(body: Body | undefined): boolean {
  return body?.within === undefined && body?.makeable?.includes('br') === true
}
