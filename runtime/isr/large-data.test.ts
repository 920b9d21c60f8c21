import { describe, expect, it } from 'vitest'
import { createLargeDataWarnings } from './large-data.ts'

function run(repeat: boolean, pages: ReadonlyArray<readonly [pattern: string, path: string, bytes: number]>) {
  const lines: string[] = []
  const warn = createLargeDataWarnings((line) => lines.push(line), { repeat })
  for (const [pattern, path, bytes] of pages) warn(pattern, path, bytes)
  return lines
}

describe('createLargeDataWarnings', () => {
  it('B28 warns once per page above 128 000 bytes, with the concrete path', () => {
    const lines = run(false, [
      ['/a', '/a', 128_000],
      ['/a', '/a', 128_001],
      ['/a', '/a', 200_000],
      ['/p/[id]', '/p/1', 300_499],
      ['/p/[id]', '/p/2', 300_499],
    ])
    expect(lines).toEqual([
      expect.stringContaining('data for page "/a" is 128 kB which exceeds the threshold of 128 kB.'),
      expect.stringContaining('data for page "/p/[id]" (path "/p/1") is 300 kB'),
    ])
  })
  it('B28 warns every time in development', () => {
    expect(
      run(true, [
        ['/a', '/a', 130_000],
        ['/a', '/a', 130_000],
      ]),
    ).toHaveLength(2)
  })
})
