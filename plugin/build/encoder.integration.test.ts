import { brotliDecompressSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { createBody } from '../../runtime/cache/body.ts'
import { decodeEntry, encodeEntry } from '../../runtime/cache/codec.ts'
import type { Entry } from '../../runtime/types.ts'
import { createEncoder } from './encoder.ts'

/** The compiled one, as in a build. */
const thread = new URL('../../dist/plugin/build/encoder-thread.js', import.meta.url)

const times = { startedAt: 1, generatedAt: 2, revalidate: 60, expire: 500 }

async function toPage(index: number, characters: number): Promise<Entry> {
  const html = await createBody(Buffer.from(`<p>${index}</p>`.padEnd(characters, 'text ')), 'text/html', {
    compress: false,
  })
  const data =
    index % 2 === 0 ? await createBody(Buffer.from(`{"id":${index}}`), 'json', { compress: false }) : undefined
  return { key: `p:/${index}`, ...times, kind: 'page', status: 200, html, data }
}

/** A pack that keeps copies: it may keep nothing of what it is handed. */
function createPack(append: () => Promise<void> = async () => {}) {
  const records: Array<{ key: string; record: Uint8Array }> = []
  return {
    records,
    async append(record: Uint8Array, { key }: Pick<Entry, 'key'>) {
      records.push({ key, record: Uint8Array.from(record) })
      await append()
    },
  }
}

describe('createEncoder', () => {
  it('a few entries are encoded here, with the bodies that a server would have made', async () => {
    const pack = createPack()
    const encoder = createEncoder({ thread: new URL('file:///there-is-none.js'), threads: 1, pack })
    const page = await toPage(4, 5000)
    const gone: Entry = { key: 'p:/gone', ...times, kind: 'notFound', status: 404 }
    await encoder.add(page)
    await encoder.add(gone)
    await encoder.flush()
    await encoder.close()

    const [first, second] = pack.records
    const compressed = page.kind === 'page' && {
      ...page,
      html: await createBody(page.html.identity!, 'text/html', { compress: true }),
    }
    expect(first!.record).toEqual(Uint8Array.from(encodeEntry(compressed as Entry)))
    expect(decodeEntry(second!.record, 'p:/gone')).toEqual(gone)
  })

  it('no thread is started for pages of which a few are to be encoded now and then', async () => {
    const pack = createPack()
    const encoder = createEncoder({ thread: new URL('file:///there-is-none.js'), threads: 1, pack })
    vi.useFakeTimers({ toFake: ['performance'] })
    for (let index = 0; index < 20; index++) {
      vi.advanceTimersByTime(100)
      await encoder.add(await toPage(index, 300_000))
    }
    vi.useRealTimers()
    await encoder.flush()
    await encoder.close()
    expect(pack.records).toHaveLength(20)
  })

  it('many entries are encoded in threads and come out whole, in the order in which they came', async () => {
    const pack = createPack()
    const encoder = createEncoder({ thread, threads: 2, pack })
    const pages = await Promise.all(Array.from({ length: 60 }, (_, index) => toPage(index, 60_000 - index * 900)))
    for (const page of pages) await encoder.add(page)
    await encoder.flush()
    await encoder.close()

    expect(pack.records.map(({ key }) => key)).toEqual(pages.map(({ key }) => key))
    for (const [index, { key, record }] of pack.records.entries()) {
      const entry = decodeEntry(record, key)
      if (entry?.kind !== 'page') throw new Error(`${key} is damaged`)
      const page = pages[index] as Extract<Entry, { kind: 'page' }>
      expect(brotliDecompressSync(entry.html.br!).equals(page.html.identity!)).toBe(true)
      expect(entry.data && Buffer.from(entry.data.identity!).toString()).toBe(
        page.data && Buffer.from(page.data.identity!).toString(),
      )
    }
  })

  it('a disk that is full ends it', async () => {
    const pack = createPack(() => Promise.reject(new Error('ENOSPC')))
    const encoder = createEncoder({ thread, threads: 1, pack })
    const pages = await Promise.all(Array.from({ length: 40 }, (_, index) => toPage(index, 60_000)))
    await expect(
      (async () => {
        for (const page of pages) await encoder.add(page)
      })(),
    ).rejects.toThrow('ENOSPC')
    await expect(encoder.flush()).rejects.toThrow('ENOSPC')
    await encoder.close()
  })

  it('a thread that ends takes nothing with it in silence', async () => {
    const encoder = createEncoder({
      thread: new URL('data:text/javascript,process.exit(3)'),
      threads: 1,
      pack: createPack(),
    })
    const pages = await Promise.all(Array.from({ length: 10 }, (_, index) => toPage(index, 60_000)))
    for (const page of pages) await encoder.add(page)
    await expect(encoder.flush()).rejects.toThrow('ended with code 3')
    await encoder.close()
  })
})
