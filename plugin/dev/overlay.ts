import { readFileSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isIsrError, toErrorMessage } from '../../runtime/errors.ts'

/** An error with what Vite's overlay shows beside message and stack. */
export interface OverlayError extends Error {
  id?: string
  frame?: string
  loc?: { file?: string; line: number; column: number }
  plugin?: string
}

interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Lines of source shown before and after the one that failed. */
const CONTEXT_LINES = 2

/**
 * Turns whatever a request failed with into an error for Vite's overlay and log: a message that names page and path, the
 * stack of the user's error, and the place in the source that it points to.
 *
 * @param isOwn whether a file is part of the user's project
 */
export function toOverlayError(error: unknown, isOwn: (file: string) => boolean): OverlayError {
  const cause = isIsrError(error) && error.cause !== undefined ? error.cause : error
  // A module that does not compile: Vite's own error has the file, the place and a code frame.
  if (isFromCompiler(cause)) return cause
  const overlay: OverlayError = new Error(error instanceof Error ? error.message : toErrorMessage(error))
  overlay.stack = toStack(overlay.message, cause)
  const place = findPlace(overlay.stack, isOwn)
  if (place) {
    overlay.id = place.file
    overlay.loc = { file: place.file, line: place.line, column: place.column }
    const frame = readFrame(place)
    if (frame !== undefined) overlay.frame = frame
  }
  return overlay
}

function isFromCompiler(error: unknown): error is OverlayError {
  return error instanceof Error && 'id' in error && typeof error.id === 'string'
}

function toStack(message: string, cause: unknown): string {
  const stack = cause instanceof Error ? (cause.stack ?? '') : ''
  const frames = stack.split('\n').filter((line) => /^\s*at /.test(line))
  return [message, ...frames].join('\n')
}

function findPlace(stack: string, isOwn: (file: string) => boolean): Place | undefined {
  for (const line of stack.split('\n')) {
    const match = /:(\d{1,9}):(\d{1,9})\)?$/.exec(line)
    if (!match || !/^\s*at /.test(line)) continue
    // `at name (place)`, `at place` or `at async place`.
    const before = line.slice(0, match.index)
    const opening = before.lastIndexOf('(')
    const place = opening === -1 ? before.replace(/^\s*at (?:async )?/, '') : before.slice(opening + 1)
    const file = place.startsWith('file://') ? fileURLToPath(place) : place
    if (isAbsolute(file) && isOwn(file)) return { file, line: Number(match[1]), column: Number(match[2]) }
  }
  return undefined
}

function readFrame({ file, line, column }: Place): string | undefined {
  let lines: string[]
  try {
    lines = readFileSync(file, 'utf8').split(/\r?\n/)
  } catch {
    return undefined
  }
  if (line > lines.length) return undefined
  const first = Math.max(1, line - CONTEXT_LINES)
  const shown = lines.slice(first - 1, line + CONTEXT_LINES)
  const width = String(first + shown.length - 1).length
  return shown
    .flatMap((text, index) => {
      const number = first + index
      const row = `${String(number).padStart(width)} |  ${text}`
      return number === line ? [row, `${' '.repeat(width)} |  ${' '.repeat(Math.max(0, column - 1))}^`] : [row]
    })
    .join('\n')
}
