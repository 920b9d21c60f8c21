import { expect, it, vi } from 'vitest'
import { toPageEntry } from '../isr/testing/engine-kit.ts'
import type { Entry } from '../types.ts'
import { createCompletion, isIncomplete, type PageEntry } from './completion.ts'

function toUncompressed(): PageEntry {
  const entry = toPageEntry('/a', 'text') as PageEntry
  return { ...entry, html: { ...entry.html, isUncompressed: true } }
}

it('W17 an entry gets its compressed bodies once, whoever asks, and is served with them from then on', async () => {
  const entry = toUncompressed()
  const compress = vi.fn(async () => ({ html: { br: Buffer.from('b') }, data: {} }))
  const onComplete = vi.fn()
  const complete = createCompletion(compress, onComplete)
  const [one, other] = await Promise.all([complete(entry), complete(entry)])
  expect(one).toBe(other)
  expect(await complete(entry)).toBe(one)
  expect(one).toEqual({ ...entry, html: { ...entry.html, br: Buffer.from('b'), isUncompressed: undefined } })
  // Each block of memory costs half a kilobyte beside its bytes.
  const { html } = one as PageEntry
  expect(html.br!.buffer).toBe(html.identity.buffer)
  const parts = [html, (one as PageEntry).data].flatMap((body) => [body?.identity, body?.br])
  expect(html.identity.buffer.byteLength).toBe(parts.reduce((sum, part) => sum + (part?.byteLength ?? 0), 0))
  expect(isIncomplete(one)).toBe(false)
  expect(compress).toHaveBeenCalledTimes(1)
  expect(onComplete.mock.calls).toEqual([[entry, one]])
})

it('what has its bodies, or is no page, is left as it is', async () => {
  const compress = vi.fn(async () => ({ html: {}, data: {} }))
  const complete = createCompletion(compress, () => {})
  const page = toPageEntry('/a', 'text')
  const { key, startedAt, generatedAt, revalidate, expire } = page
  const missing: Entry = { key, startedAt, generatedAt, revalidate, expire, kind: 'notFound', status: 404 }
  expect(await complete(page)).toBe(page)
  expect(await complete(missing)).toBe(missing)
  expect(compress).not.toHaveBeenCalled()
})

it('P1 a page that cannot be compressed is served as it is, and not tried again and again', async () => {
  const entry = toUncompressed()
  const compress = vi.fn(async () => {
    throw new Error('the worker is gone')
  })
  const complete = createCompletion(compress, () => {})
  const plain = await complete(entry)
  expect(isIncomplete(plain)).toBe(false)
  expect((plain as PageEntry).html).toEqual({ identity: entry.html.identity, digest: entry.html.digest })
  await complete(entry)
  expect(compress).toHaveBeenCalledTimes(1)
})
