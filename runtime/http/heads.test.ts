import { expect, test } from 'vitest'
import { createHeads, type Finding } from './heads.ts'
import type { Head } from './reply.ts'
import type { Representation } from './representation.ts'

const NOW = 1_000_000

const finding: Finding = {
  entry: { startedAt: NOW, generatedAt: NOW, revalidate: 60, expire: 3600 },
  state: 'HIT',
  detail: undefined,
  isStatic: false,
}

function toPage(name: string): Representation {
  return { bytes: Buffer.from(name), etag: `"${name}"`, form: 'html', encoding: 'identity' }
}

function toHeaders({ headers, rest }: Head): Record<string, string> {
  const own = Array.from({ length: headers.length / 2 }, (_, at) => [headers[2 * at]!, headers[2 * at + 1]!] as const)
  return { ...Object.fromEntries(own), ...(rest && toHeaders(rest)) }
}

test('a head is the same object for as long as its second is the same', () => {
  const heads = createHeads(false)
  const page = toPage('page')
  const first = heads.whole(finding, page, NOW + 1)
  expect(heads.whole(finding, page, NOW + 999)).toBe(first)
  expect(heads.whole(finding, page, NOW + 1000)).not.toBe(first)
  expect(toHeaders(first)['Cache-Control']).toBe('s-maxage=60, stale-while-revalidate=3540')
  expect(toHeaders(heads.whole(finding, page, NOW + 1000))['Cache-Control']).toBe(
    's-maxage=59, stale-while-revalidate=3540',
  )
})

test('W1 pages with the same bytes and other lifetimes, states and reasons have other headers', () => {
  const heads = createHeads(false)
  const page = toPage('page')
  const others: Finding[] = [
    finding,
    { ...finding, entry: { ...finding.entry, revalidate: 30, generatedAt: NOW + 30_000 } },
    { ...finding, entry: { ...finding.entry, expire: 7200 } },
    { ...finding, entry: { ...finding.entry, revalidate: false } },
    { ...finding, state: 'MISS' },
    { ...finding, state: 'MISS', detail: 'expired' },
    { ...finding, isStatic: true },
  ]
  const texts = (find: (other: Finding) => Head) => others.map((other) => JSON.stringify(toHeaders(find(other))))
  const together = texts((other) => heads.whole(other, page, NOW))
  expect(new Set(together).size).toBe(others.length)
  // As if nobody had asked before.
  expect(together).toEqual(texts((other) => createHeads(false).whole(other, page, NOW)))
})

test('more pages than are remembered have the headers of their own, and share what is about caching', () => {
  const heads = createHeads(false)
  const pages = Array.from({ length: 3000 }, (_, at) => toPage(`page ${'x'.repeat(at)}`))
  for (let time = 0; time < 2; time++) {
    for (const page of pages) {
      const headers = toHeaders(heads.whole(finding, page, NOW))
      expect([headers['ETag'], headers['Content-Length']]).toEqual([page.etag, String(page.bytes.byteLength)])
    }
  }
  expect(heads.whole(finding, pages[0]!, NOW).rest).toBe(heads.unchanged(finding, pages[2999]!, NOW).rest)
})
