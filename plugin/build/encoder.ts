import { Worker } from 'node:worker_threads'
import type { PackWriter } from '../../runtime/cache/pack-writer.ts'
import type { Body, Entry } from '../../runtime/types.ts'
import { encodeEntries, type EncodedRecords, type EncodeRequest } from './encoder-protocol.ts'

/** Compresses entries, makes their records and appends them to the pack, in the order in which they came. */
export interface Encoder {
  /** Copies an entry with plain bodies. Wait for it before the next ones are made, and little waits to be encoded. */
  add(entry: Entry): Promise<void>
  /** Resolves when all records are in the pack. */
  flush(): Promise<void>
  close(): Promise<void>
}

export interface EncoderOptions {
  /** The module of the threads. */
  readonly thread: URL
  /** Threads; each starts when there is enough for it to do. */
  readonly threads: number
  readonly pack: Pick<PackWriter, 'append'>
}

interface Lane {
  readonly worker: Worker
  /** Why it takes no more. */
  failure: Error | undefined
  readonly waiting: Array<{
    readonly resolve: (records: EncodedRecords) => void
    readonly reject: (error: unknown) => void
  }>
}

/** Some milliseconds of work: enough that handing it over costs nothing, and so little that few pages wait for it. */
const BATCH_BYTES = 256 * 1024
const INPUT_BYTES = 2 * BATCH_BYTES
/** Entries without bodies. */
const BATCH_ENTRIES = 256
/** Batches that wait for a thread before another one is started. */
const BUSY = 2
const YOUNG_MB = 4
/**
 * A batch is encoded here when the one before it has taken no more than this part of the time since: a build that takes most
 * pages from the one before has little to encode, and starting a thread takes as long as a hundred pages.
 */
const OWN_PART = 0.25
/** A thread is never without work while another batch is made, and what waits stays small. */
const BATCHES_PER_THREAD = 3

/**
 * Compressing a page takes longer than rendering it, so it is done beside the render, in threads that know nothing of the
 * site. Sites of a few pages need none.
 */
export function createEncoder({ thread, threads, pack }: EncoderOptions): Encoder {
  const lanes: Lane[] = []
  /** Memory that is used again and again, for bodies and for records: see `EncodedRecords`. */
  const inputs: SharedArrayBuffer[] = []
  const outputs: SharedArrayBuffer[] = []
  let entries: Entry[] = []
  let input: SharedArrayBuffer | undefined
  let filled = 0
  /** Batches that are not in the pack yet, the oldest first. */
  const window: Array<Promise<void>> = []
  let appended = Promise.resolve()
  /** The last batch that was encoded in this thread. */
  let own = { endedAt: -Infinity, ms: 0 }

  function start(): Lane {
    const worker = new Worker(thread, {
      name: 'isr-encode',
      // It makes no objects that live: a small nursery is emptied in no time, and the processor's cache holds it.
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    })
    const lane: Lane = { worker, failure: undefined, waiting: [] }
    const fail = (error: Error) => {
      lane.failure ??= error
      for (const { reject } of lane.waiting.splice(0)) reject(lane.failure)
    }
    worker.on('message', (records: EncodedRecords) => lane.waiting.shift()?.resolve(records))
    worker.on('error', fail)
    worker.on('exit', (code) => fail(new Error(`The thread that compresses pages ended with code ${code}`)))
    return lane
  }

  function pickLane(): Lane {
    const least = lanes.reduce<Lane | undefined>(
      (best, lane) => (best && best.waiting.length <= lane.waiting.length ? best : lane),
      undefined,
    )
    if (least && (least.waiting.length < BUSY || lanes.length === threads)) return least
    const lane = start()
    lanes.push(lane)
    return lane
  }

  async function encode(batch: readonly Entry[]): Promise<EncodedRecords> {
    const { worker, waiting, failure } = pickLane()
    if (failure) throw failure
    return new Promise<EncodedRecords>((resolve, reject) => {
      waiting.push({ resolve, reject })
      worker.postMessage({ entries: batch, spare: outputs.pop() } satisfies EncodeRequest)
    })
  }

  async function encodeHere(batch: readonly Entry[]): Promise<EncodedRecords> {
    const begin = performance.now()
    const records = encodeEntries({ entries: batch, spare: outputs.pop() })
    const endedAt = performance.now()
    own = { endedAt, ms: endedAt - begin }
    return records
  }

  function hasTime(): boolean {
    return lanes.length === 0 && own.ms <= OWN_PART * (performance.now() - own.endedAt)
  }

  async function append(batch: readonly Entry[], { lengths, bytes }: EncodedRecords): Promise<void> {
    let offset = 0
    for (const [index, length] of lengths.entries()) {
      await pack.append(new Uint8Array(bytes, offset, length), batch[index]!)
      offset += length
    }
    outputs.push(bytes)
  }

  /** Sends what has come so far. */
  function send(encodeAll = hasTime() ? encodeHere : encode): Promise<void> {
    const batch = entries
    const memory = input
    entries = []
    input = undefined
    filled = 0
    const records = encodeAll(batch)
    // Heard here, as the one before may fail first.
    records.catch(() => {})
    const before = appended
    appended = (async () => {
      await before
      await append(batch, await records)
      if (memory) inputs.push(memory)
    })()
    const done = appended
    window.push(done)
    done.then(
      () => window.shift(),
      () => {},
    )
    return done
  }

  function copy(entry: Entry): Entry {
    if (entry.kind !== 'page') return entry
    return { ...entry, html: copyBody(entry.html), data: entry.data && copyBody(entry.data) }
  }

  function copyBody(body: Body): Body {
    const { identity, digest } = body
    if (!identity) return body
    const bytes = new Uint8Array(input!, filled, identity.byteLength)
    bytes.set(identity)
    filled += identity.byteLength
    return { identity: bytes, digest }
  }

  return {
    async add(entry) {
      const size = toBytes(entry)
      if (input && filled + size > input.byteLength) void send()
      input ??= size > INPUT_BYTES ? new SharedArrayBuffer(size) : (inputs.pop() ?? new SharedArrayBuffer(INPUT_BYTES))
      entries.push(copy(entry))
      if (filled >= BATCH_BYTES || entries.length >= BATCH_ENTRIES) void send()
      // All who wait go on together: their next pages travel in one message.
      while (window.length > threads * BATCHES_PER_THREAD) await window[0]
    },
    async flush() {
      await send(lanes.length > 0 ? encode : encodeHere)
    },
    async close() {
      await Promise.all(lanes.map(({ worker }) => worker.terminate()))
    },
  }
}

/** What is copied of it. */
function toBytes(entry: Entry): number {
  if (entry.kind !== 'page') return 0
  return (entry.html.identity?.byteLength ?? 0) + (entry.data?.identity?.byteLength ?? 0)
}
