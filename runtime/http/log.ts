import { toErrorText } from '../errors.ts'
import type { IsrEvent } from '../types.ts'

/** Where the runtime's lines go. */
export interface Log {
  info(line: string): void
  warn(line: string): void
  error(line: string): void
}

/** Writes to the process's own streams: what it is told to standard output, what went wrong to standard error. */
export function createConsoleLog(): Log {
  return {
    info: (line) => void process.stdout.write(`${line}\n`),
    warn: (line) => void process.stderr.write(`${line}\n`),
    error: (line) => void process.stderr.write(`${line}\n`),
  }
}

/** One line for one cache decision: what `ISR_DEBUG_CACHE=1` prints. */
export function toEventLine(event: IsrEvent, now: number): string {
  const parts = [new Date(now).toISOString(), 'isr', event.type.toUpperCase(), toOneWord(event.path), event.reason]
  if (event.pattern !== undefined && event.pattern !== event.path) parts.push(`page=${event.pattern}`)
  if (event.ageMs !== undefined) parts.push(`age=${toSeconds(event.ageMs)}`)
  if (event.renderMs !== undefined) parts.push(`render=${Math.round(event.renderMs)}ms`)
  if (event.bytes !== undefined) parts.push(`size=${event.bytes}B`)
  if (event.error !== undefined) parts.push(`error=${toOneLine(toErrorText(event.error))}`)
  return parts.join(' ')
}

/** Paths of requests are URL-safe already; what an API route hands to `res.revalidate` may hold anything. */
function toOneWord(path: string): string {
  return path.replaceAll(/[^!-~]+/g, (part) => encodeURIComponent(part.toWellFormed()))
}

function toSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)}s`
}

function toOneLine(text: string): string {
  return JSON.stringify(text.split('\n', 1)[0])
}
