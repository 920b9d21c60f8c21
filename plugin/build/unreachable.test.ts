import { describe, expect, it } from 'vitest'
import { isIsrError } from '../../runtime/errors.ts'
import type { ParsedPaths, RouteRecord } from '../../runtime/types.ts'
import { findUnreachable } from './unreachable.ts'

const route: RouteRecord = { pattern: '/[id]', kind: 'isr', file: 'pages/[id].tsx' }

function find(...ids: string[]) {
  const listing: ParsedPaths = {
    fallback: false,
    paths: ids.map((id) => `/${encodeURIComponent(id)}`),
  }
  return findUnreachable(route, listing, { maxPathBytes: 100 })
}

describe('findUnreachable', () => {
  it.each(['plain', '../pwned', '深', 'a b', '%00', '-'.repeat(99)])('SEC-61 %j can be asked for', (id) => {
    expect(find(id)).toEqual([])
  })

  it.each([
    ['a\0b', 'control character'],
    ['line\nbreak', 'control character'],
    ['\u007f', 'control character'],
    ['-'.repeat(100), 'allows 100'],
  ])('SEC-61 %j is refused, and the error names page, path and reason', (id, reason) => {
    const [failure, ...more] = find('fine', id)
    expect(more).toEqual([])
    expect(failure).toMatchObject({ route, path: `/${encodeURIComponent(id)}`, params: { id }, isShell: false })
    expect(isIsrError(failure!.error, 'ISR_PATHS')).toBe(true)
    expect(String(failure!.error)).toContain(reason)
    expect(String(failure!.error)).toContain('pages/[id].tsx')
  })
})
