import { describe, expect, it } from 'vitest'
import type { Entry } from '../types.ts'
import { createPending, type Unfinished } from './pending.ts'
import { toEntryOf } from './testing/entries.ts'

function createGated(maxBytes = 1e6) {
  const writes: Array<{ entry: Entry; finish: (unfinished?: Unfinished) => void }> = []
  const refused: Entry[] = []
  const pending = createPending((entry) => new Promise((resolve) => writes.push({ entry, finish: resolve })), {
    maxBytes,
    refuse: (entry) => refused.push(entry),
  })
  return { pending, writes, refused }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('pending writes', () => {
  it('writes of one key follow each other, and what waits is replaced', async () => {
    const { pending, writes } = createGated()
    const [first, second, third] = [1, 2, 3].map((startedAt) => toEntryOf('a', 10, { startedAt })) as [
      Entry,
      Entry,
      Entry,
    ]
    const done: string[] = []
    void pending.add(first).then(() => done.push('first'))
    void pending.add(second).then(() => done.push('second'))
    void pending.add(third).then(() => done.push('third'))
    expect(pending.get('a')).toBe(third)
    expect(writes.map((write) => write.entry)).toEqual([first])
    writes[0]?.finish()
    await turn()
    expect(done).toEqual(['first'])
    expect(writes.map((write) => write.entry)).toEqual([first, third])
    expect(pending.get('a')).toBe(third)
    writes[1]?.finish()
    await turn()
    expect(done).toEqual(['first', 'second', 'third'])
    expect(pending.get('a')).toBeUndefined()
  })

  it('writes of different keys do not wait for each other; idle waits for all', async () => {
    const { pending, writes } = createGated()
    for (const key of ['a', 'b', 'c']) void pending.add(toEntryOf(key, 10))
    expect(writes).toHaveLength(3)
    let isIdle = false
    void pending.idle().then(() => (isIdle = true))
    writes[1]?.finish()
    writes[0]?.finish()
    await turn()
    expect(isIdle).toBe(false)
    writes[2]?.finish()
    await turn()
    expect(isIdle).toBe(true)
  })

  it('P7 refuses what is too much, and takes it again once there is room', async () => {
    const { pending, writes, refused } = createGated(4000)
    for (const key of ['a', 'b', 'c']) void pending.add(toEntryOf(key, 1000))
    expect(refused.map((entry) => entry.key)).toEqual(['c'])
    for (const write of writes) write.finish()
    await turn()
    void pending.add(toEntryOf('c', 1000))
    expect(writes.map((write) => write.entry.key)).toEqual(['a', 'b', 'c'])
    for (let round = 0; round < 50; round++) {
      void pending.add(toEntryOf('c', 1000))
      writes.at(-1)?.finish()
      await turn()
    }
    expect(refused).toHaveLength(1)
  })

  it('P7 a write that was given up counts until the store has let go of its bytes', async () => {
    const { pending, writes, refused } = createGated(3000)
    let letGo = (): void => undefined
    const rest = new Promise<void>((resolve) => (letGo = resolve))
    void pending.add(toEntryOf('a', 2000))
    writes[0]?.finish({ rest })
    // Nobody waits for it any more, but its bytes are still there.
    await pending.idle()
    void pending.add(toEntryOf('b', 2000))
    expect(refused.map(({ key }) => key)).toEqual(['b'])
    letGo()
    await turn()
    void pending.add(toEntryOf('b', 2000))
    expect(writes.map(({ entry }) => entry.key)).toEqual(['a', 'b'])
  })
})
