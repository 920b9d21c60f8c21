import { expect, test } from 'vitest'
import { createHeads, type Finding } from './heads.ts'
import type { Head } from './reply.ts'

const NOW = 1_000_000

const finding: Finding = {
  entry: { startedAt: NOW, generatedAt: NOW, revalidate: 60, expire: 3600 },
  state: 'HIT',
  detail: undefined,
  isStatic: false,
}

function readHeader({ headers }: Head, name: string): string | undefined {
  const at = headers.indexOf(name)
  return at === -1 ? undefined : headers[at + 1]
}

test('heads are the same objects for as long as their second is the same', () => {
  const findHeads = createHeads(false)
  const first = findHeads(finding, NOW + 1)
  expect(findHeads(finding, NOW + 999)).toBe(first)
  expect(first.whole('html', 'br')).toBe(first.whole('html', 'br'))
  expect(findHeads(finding, NOW + 1000)).not.toBe(first)
  const control = (now: number) => readHeader(findHeads(finding, now).whole('html', 'br'), 'Cache-Control')
  expect([control(NOW), control(NOW + 1000)]).toEqual([
    's-maxage=60, stale-while-revalidate=3540',
    's-maxage=59, stale-while-revalidate=3540',
  ])
})

test('W1 pages with other lifetimes, states and reasons have other headers', () => {
  const findHeads = createHeads(false)
  const others: Finding[] = [
    finding,
    { ...finding, entry: { ...finding.entry, revalidate: 30, generatedAt: NOW + 30_000 } },
    { ...finding, entry: { ...finding.entry, expire: 7200 } },
    { ...finding, entry: { ...finding.entry, revalidate: false } },
    { ...finding, state: 'MISS' },
    { ...finding, state: 'MISS', detail: 'expired' },
    { ...finding, isStatic: true },
  ]
  // Each after every other one.
  for (const one of others) {
    for (const other of others) {
      const [first, second] = [findHeads(one, NOW).unchanged, findHeads(other, NOW).unchanged]
      expect(first.lines === second.lines).toBe(one === other)
      // As if nobody had asked before.
      expect(second).toEqual(createHeads(false)(other, NOW).unchanged)
    }
  }
})

test('heads of another form or encoding say so, and all say it over the wire as they do to Node', () => {
  const heads = createHeads(false)(finding, NOW)
  const all = (['html', 'data'] as const).flatMap((form) => [heads.whole(form, 'br'), heads.whole(form, 'identity')])
  expect(all.map((head) => [readHeader(head, 'Content-Type'), readHeader(head, 'Content-Encoding')])).toEqual([
    ['text/html; charset=utf-8', 'br'],
    ['text/html; charset=utf-8', undefined],
    ['application/json; charset=utf-8', 'br'],
    ['application/json; charset=utf-8', undefined],
  ])
  for (const { headers, lines } of [...all, heads.unchanged]) {
    const parsed = lines.split('\r\n').flatMap((line) => (line === '' ? [] : line.split(': ')))
    expect(parsed).toEqual(headers)
  }
})

test('P7 however many ages pages have, their heads are theirs', () => {
  const findHeads = createHeads(false)
  for (let time = 0; time < 2; time++) {
    for (let revalidate = 1; revalidate <= 3000; revalidate++) {
      const { unchanged } = findHeads({ ...finding, entry: { ...finding.entry, revalidate, expire: 3000 } }, NOW)
      expect(readHeader(unchanged, 'Cache-Control')).toMatch(new RegExp(`^s-maxage=${revalidate}(?:,|$)`))
    }
  }
})
