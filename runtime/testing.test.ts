import { AssertionError } from 'node:assert'
import type nodeTest from 'node:test'
import { describe, expect, expectTypeOf, it, test } from 'vitest'
import { createDiskStore } from './cache/disk.ts'
import { testStore, type TestStoreOptions } from './testing.ts'
import type { CacheStore, CreateStore } from './types.ts'

const bounds = { maxBytes: 1e9, maxEntries: 1000, notFoundEntries: 1000, log: { warn: () => {} } }

describe('the disk store', () => {
  // A file above that size has to be a record, which what the contract stores is not: it is read in disk.test.ts.
  testStore(({ dir }) => createDiskStore({ dir, ...bounds }), { test, largestBytes: 64 * 1024 })
})

/** The smallest store that keeps the contract but for persistence. */
function createMemoryStore(changes: (values: Map<string, Uint8Array>) => Partial<CacheStore> = () => ({})): CacheStore {
  const values = new Map<string, Uint8Array>()
  return {
    get: async (key) => values.get(key),
    set: async (key, value) => void values.set(key, Uint8Array.from(value)),
    delete: async (key) => void values.delete(key),
    ...changes(values),
  }
}

describe('a store in memory', () => {
  testStore(() => createMemoryStore(), { test, persistent: false, largestBytes: 1000 })
})

/** Runs the contract as a runner would. @returns the names of the tests that failed */
async function runContract(createStore: CreateStore, options: Partial<TestStoreOptions> = {}): Promise<string[]> {
  const tests: Array<[name: string, run: () => Promise<void>]> = []
  testStore(createStore, {
    persistent: false,
    largestBytes: 1000,
    timeoutMs: 50,
    ...options,
    test: (...each) => tests.push(each),
  })
  const failed: string[] = []
  for (const [name, run] of tests) {
    await run().catch((error: unknown) => {
      expect(error).toBeInstanceOf(AssertionError)
      failed.push(name)
    })
  }
  return failed
}

describe('testStore', () => {
  it('takes the functions of vitest and of node:test', () => {
    expectTypeOf<typeof test>().toExtend<TestStoreOptions['test']>()
    expectTypeOf<typeof nodeTest>().toExtend<TestStoreOptions['test']>()
  })

  it.each<[wrong: string, createStore: CreateStore, failing: RegExp]>([
    [
      'null for nothing',
      () => createMemoryStore((all) => ({ get: async (key) => all.get(key) ?? (null as never) })),
      /never set/,
    ],
    [
      'text for bytes',
      () =>
        createMemoryStore((all) => ({
          set: async (key, value) => void all.set(key, Buffer.from(Buffer.from(value).toString())),
        })),
      /very bytes/,
    ],
    [
      'the array it was handed',
      () => createMemoryStore((all) => ({ set: async (key, value) => void all.set(key, value) })),
      /not keep the array/,
    ],
    [
      'the memory behind a view',
      () =>
        createMemoryStore((all) => ({
          set: async (key, value) => void all.set(key, new Uint8Array(value.buffer.slice(0))),
        })),
      /of a view/,
    ],
    [
      'keys without case',
      () =>
        createMemoryStore((all) => ({
          get: async (key) => all.get(key.toLowerCase()),
          set: async (key, value) => void all.set(key.toLowerCase(), Uint8Array.from(value)),
        })),
      /keys apart/,
    ],
    [
      'keys cut short',
      () =>
        createMemoryStore((all) => ({
          get: async (key) => all.get(key.slice(0, 255)),
          set: async (key, value) => void all.set(key.slice(0, 255), Uint8Array.from(value)),
        })),
      /differ in the last/,
    ],
    ['a delete that does nothing', () => createMemoryStore(() => ({ delete: async () => {} })), /deleted/],
    [
      'values that are dropped by age',
      () =>
        createMemoryStore((all) => ({
          set: async (key, value, meta) => void (meta.generatedAt > 0 && all.set(key, Uint8Array.from(value))),
        })),
      /every lifetime/,
    ],
    ['a set that never ends', () => createMemoryStore(() => ({ set: () => new Promise(() => {}) })), /very bytes/],
    ['a close that never ends', () => createMemoryStore(() => ({ close: () => new Promise(() => {}) })), /never set/],
    [
      'a get that never ends once it is closed',
      () => {
        let isClosed = false
        return createMemoryStore((all) => ({
          get: async (key) => {
            await new Promise((resolve) => setTimeout(resolve, 5))
            return isClosed ? new Promise(() => {}) : all.get(key)
          },
          close: async () => void (isClosed = true),
        }))
      },
      /ends what runs/,
    ],
    ['a claim that everybody gets', () => createMemoryStore(() => ({ claim: async () => true })), /one of many/],
    [
      'a claim that never ends',
      () => {
        const claims = new Set<string>()
        const claim = async (key: string) => !claims.has(key) && claims.add(key).size > 0
        return createMemoryStore(() => ({ claim, delete: async (key) => void claims.delete(key) }))
      },
      /by itself/,
    ],
    ['limits that are none', () => createMemoryStore(() => ({ limits: { readMs: 0 } })), /has limits/],
    [
      'writes that land when they like',
      () =>
        createMemoryStore((all) => ({
          set: async (key, value) => {
            const copy = Uint8Array.from(value)
            setTimeout(() => all.set(key, copy), 2)
          },
        })),
      /quick sequence/,
    ],
    ['no method to delete', () => createMemoryStore(() => ({ delete: undefined as never })), /never set/],
  ])('finds %s', async (_wrong, createStore, failing) => {
    expect(await runContract(createStore)).toEqual(expect.arrayContaining([expect.stringMatching(failing)]))
  })

  it('finds a store that forgets, and one that mixes builds', async () => {
    expect(await runContract(() => createMemoryStore(), { persistent: true })).toEqual([
      'store: has its values after it was closed and opened again',
      'store: shows what another server has set, replaced and deleted',
    ])
    const shared = createMemoryStore()
    expect(await runContract(() => shared, { persistent: true })).toContain('store: shows nothing of another build')
  })

  it('closes every store and removes its folder, whatever the outcome', async () => {
    const open = new Set<string>()
    await runContract(({ dir }) => {
      open.add(dir)
      return { ...createMemoryStore(() => ({ get: async () => undefined })), close: async () => void open.delete(dir) }
    })
    expect(open.size).toBe(0)
  })
})
