import { expect } from 'vitest'
import type { Answer } from '../harness/http.ts'

/**
 * Fails when a `Location` or `Refresh` could lead to another host, to a script, or out of its header: as it is, as a browser
 * reads it, or decoded by whatever is in between, once or twice.
 */
export function expectSafeLocation({ headers, status }: Answer, of: string): void {
  const location = headers['location']
  if (status >= 300 && status < 400 && status !== 304) expect(location, of).toBeDefined()
  if (location === undefined) return
  let read = location
  for (let times = 0; times < 3; times += 1) {
    expect(read, `${of} leads to ${location}`).toMatch(/^(?!\s*(?:[/\\][\t\n\r]*[/\\]|[a-z][a-z\d+.-]*:))/i)
    expect(new URL(read, 'http://here.example/x/y').origin, `${of} leads to ${location}`).toBe('http://here.example')
    try {
      read = decodeURIComponent(read)
    } catch {
      break
    }
  }
  // oxlint-disable-next-line no-control-regex -- these are the characters that must not get out.
  expect(location, of).not.toMatch(/[\u0000-\u001f\u007f-\uffff]/)
  if (headers['refresh'] !== undefined) expect(headers['refresh']).toBe(`0;url=${location}`)
}
