import { decodeEntry } from '../../cache/codec.ts'
import type { RepairableStore } from '../../cache/guarded-store.ts'
import type { Entry, Prerendered } from '../../types.ts'
import type { VirtualClock } from '../testing/virtual-clock.ts'
import type { Checker } from './checker.ts'
import type { Instance } from './instance.ts'
import type { Operation, Operations } from './operations.ts'

/** What survives a process. */
export interface Shelf {
  /** By path. */
  readonly records: Map<string, Uint8Array>
  /** What was there before, for replicas that lag behind. */
  readonly before: Map<string, Uint8Array>
  /** Until when each claim holds, in terms of the clock's `elapsed`; by claimed key. */
  readonly claims: Map<string, number>
}

export function createShelf(): Shelf {
  return { records: new Map(), before: new Map(), claims: new Map() }
}

/** The engine's own limits: what takes longer is given up. */
const READ_LIMIT_MS = 250
export const WRITE_LIMIT_MS = 2000
const PACK_LIMIT_MS = 2000

export interface StoreParts {
  readonly claims: boolean
  readonly clock: VirtualClock
  readonly operations: Operations
  readonly checker: Checker
  readonly getInstance: () => Instance
}

/** A store on a shelf that answers when the scheduler lets it. It can delay, fail, lose, tear, swap and forget. */
export function createSimulatedStore(shelf: Shelf, parts: StoreParts): RepairableStore {
  const { clock, operations, checker, getInstance } = parts

  function begin<T>(
    operation: Pick<Operation, 'kind' | 'path' | 'limitMs'>,
    create: (settle: {
      resolve: (value: T) => void
      reject: (error: unknown) => void
    }) => Pick<Operation, 'go' | 'die'>,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const { go, die } = create({ resolve, reject })
      const instance = getInstance()
      operations.add({ ...operation, instance, begunAt: clock.elapsed(), go, ...(die && { die }) })
    })
  }

  function claim(key: string, ms: number): Promise<boolean> {
    // The key of a claim ends with that of the page.
    const path = toPath(key.slice(key.indexOf('p:')))
    return begin<boolean>({ kind: 'claim', path, limitMs: READ_LIMIT_MS }, ({ resolve, reject }) => ({
      go(roll) {
        const fault = roll.fault('store', ['fail', 'hang'] as const)
        if (fault === 'hang') return { said: 'hangs', state: 'hangs' }
        if (fault === 'fail') {
          reject(new Error('EIO'))
          return { said: 'fails', state: 'ended' }
        }
        const isFree = clock.elapsed() >= (shelf.claims.get(key) ?? -Infinity)
        if (isFree) shelf.claims.set(key, clock.elapsed() + ms)
        checker.noteClaim(isFree)
        resolve(isFree)
        return { said: isFree ? 'is granted' : 'is taken', state: 'ended' }
      },
    }))
  }

  return {
    ...(parts.claims && { claim }),

    get(key) {
      const path = toPath(key)
      const begunAt = clock.elapsed()
      const then = shelf.records.get(path)
      return begin<Uint8Array | undefined>({ kind: 'get', path, limitMs: READ_LIMIT_MS }, ({ resolve, reject }) => ({
        go(roll) {
          const fault = roll.fault('store', ['fail', 'hang', 'tear', 'swap', 'old', 'fail'] as const)
          const inTime = clock.elapsed() < begunAt + READ_LIMIT_MS
          if (fault === 'hang' || fault === 'fail') checker.noteAnswer(getInstance(), path, undefined)
          if (fault === 'hang') return { said: 'hangs', state: 'hangs' }
          if (fault === 'fail') {
            reject(new Error('EIO'))
            return { said: 'fails', state: 'ended' }
          }
          // A read sees the record of some moment between its begin and its end.
          let bytes = roll.how % 2 === 0 ? shelf.records.get(path) : then
          if (fault === 'old') bytes = shelf.before.get(path) ?? bytes
          if (fault === 'swap') bytes = [...shelf.records].find(([other]) => other !== path)?.[1]
          if (fault === 'tear' && bytes) bytes = tear(bytes, roll.how)
          const entry = bytes && decodeEntry(bytes, key)
          checker.noteAnswer(getInstance(), path, inTime ? entry : undefined)
          resolve(bytes && new Uint8Array(bytes))
          return { said: `answers ${bytes ? (entry ? 'a record' : 'damaged bytes') : 'nothing'}`, state: 'ended' }
        },
      }))
    },

    set(key, value, meta) {
      const path = toPath(key)
      const bytes = new Uint8Array(value)
      const endWriting = checker.noteWrite(getInstance(), path, bytes, meta)
      const put = (stored: Uint8Array) => {
        const old = shelf.records.get(path)
        if (old) shelf.before.set(path, old)
        shelf.records.set(path, stored)
      }
      return begin<void>({ kind: 'set', path, limitMs: WRITE_LIMIT_MS }, ({ resolve, reject }) => ({
        go(roll) {
          const faults = ['fail', 'fail after writing', 'lose', 'tear', 'hang', 'fail'] as const
          const fault = roll.fault('store', faults)
          if (fault === 'hang') return { said: 'hangs', state: 'hangs' }
          endWriting(fault !== 'fail' && fault !== 'fail after writing')
          if (fault === 'tear') put(tear(bytes, roll.how))
          else if (fault !== 'lose' && fault !== 'fail') put(bytes)
          if (fault === 'fail' || fault === 'fail after writing') reject(new Error('ENOSPC'))
          else resolve()
          return { said: fault ?? 'is done', state: 'ended' }
        },
        die(how) {
          if (how % 3 === 0) put(bytes)
          if (how % 3 === 1) put(tear(bytes, how))
        },
      }))
    },

    async delete(key) {
      shelf.records.delete(toPath(key))
      shelf.claims.delete(key)
    },

    setAside(key) {
      const path = toPath(key)
      return begin<void>({ kind: 'setAside', path, limitMs: READ_LIMIT_MS }, ({ resolve, reject }) => ({
        go(roll) {
          const fault = roll.fault('store', ['fail', 'hang'] as const)
          if (fault === 'hang') return { said: 'hangs', state: 'hangs' }
          if (fault === 'fail') reject(new Error('EROFS'))
          else {
            shelf.records.delete(path)
            resolve()
          }
          return { said: fault ?? 'is done', state: 'ended' }
        },
      }))
    },

    close() {
      return begin<void>({ kind: 'close', path: '', limitMs: Infinity }, ({ resolve, reject }) => ({
        go(roll) {
          const fault = roll.fault('store', ['fail', 'hang'] as const)
          if (fault === 'hang') return { said: 'hangs', state: 'hangs' }
          if (fault === 'fail') reject(new Error('already closed'))
          else resolve()
          return { said: fault ?? 'is done', state: 'ended' }
        },
      }))
    },
  }
}

/** The build's entries as a process sees them: immutable, but reading them can fail and hang too. */
export function createSimulatedPack(entries: ReadonlyMap<string, Entry>, parts: StoreParts): Prerendered {
  const { clock, operations, checker, getInstance } = parts
  return {
    newestStartedAt: Math.max(...[...entries.values()].map((entry) => entry.startedAt)),
    has: (key) => entries.has(key),
    read(key) {
      const instance = getInstance()
      const path = toPath(key)
      const begunAt = clock.elapsed()
      return new Promise((resolve, reject) => {
        operations.add({
          kind: 'pack',
          instance,
          path,
          begunAt,
          limitMs: PACK_LIMIT_MS,
          go(roll) {
            const fault = roll.fault('pack', ['fail', 'hang', 'damage'] as const)
            checker.notePack(instance, path, !fault && clock.elapsed() < begunAt + PACK_LIMIT_MS)
            if (fault === 'hang') return { said: 'hangs', state: 'hangs' }
            if (fault === 'fail') reject(new Error('EIO'))
            else resolve(fault === 'damage' ? undefined : entries.get(key))
            return { said: fault ?? 'answers', state: 'ended' }
          },
        })
      })
    },
    async close() {},
  }
}

/** Cut off, or with a bit that is not what it was. */
export function tear(bytes: Uint8Array, how: number): Uint8Array {
  const at = (how * 7919) % Math.max(1, bytes.byteLength)
  if (how % 3 === 0) return bytes.slice(0, at)
  const torn = bytes.slice()
  torn[at] = (torn[at] ?? 0) ^ (1 << (how % 8))
  return torn
}

function toPath(key: string): string {
  return key.slice('p:'.length)
}
