import type { SourceMap } from 'magic-string'
import { parsePage, serverExports, toPageExports } from '../routes/exports.ts'
import { cutUnits, type Cut } from './edit.ts'
import { findUnneeded } from './reach.ts'
import { readUnits } from './units.ts'

/** A page without its server half. */
export interface Stripped {
  readonly code: string
  readonly map: SourceMap
}

/** Why a page's halves can't be told apart. */
export type Refusal = { readonly reason: 'exportAll' | 'destructured'; readonly name: string }

/**
 * Takes the server half out of a page: its data functions and all that only they reach.
 *
 * @returns Undefined when there is nothing to take out, or when the text does not parse.
 */
export function stripServerCode(code: string, file: string): Stripped | Refusal | undefined {
  const parsed = parsePage(code, file)
  if (!parsed) return undefined
  const { program } = parsed
  const { all, destructured } = toPageExports(program)
  if (all[0] !== undefined) return { reason: 'exportAll', name: all[0] }
  const name = destructured.find((name) => serverExports.includes(name))
  if (name !== undefined) return { reason: 'destructured', name }

  const units = readUnits(program, code)
  const unneeded = findUnneeded(units, (exported) => serverExports.includes(exported))
  if (unneeded.size === 0) return undefined
  const edited = cutUnits(code, parsed, units, unneeded)
  const map = edited.code.generateMap({ source: file, hires: 'boundary' })
  map.sourcesContent = [blank(code, edited.cuts)]
  return { code: edited.code.toString(), map }
}

/** The text with blanks for what was cut: a source map shows the page's text to whoever may read the map. */
function blank(text: string, cuts: readonly Cut[]): string {
  let blanked = ''
  let done = 0
  for (const { start, end } of cuts) {
    blanked += text.slice(done, start) + text.slice(start, end).replace(/[^\r\n]/g, ' ')
    done = end
  }
  return blanked + text.slice(done)
}
