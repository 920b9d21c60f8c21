import { walk } from 'oxc-walker'
import type { ESTree } from 'vite'
import { parsePage, serverExports } from '../routes/exports.ts'
import { reach } from '../strip/reach.ts'
import { readUnits, type Unit } from '../strip/units.ts'

/** The half of a page that only the server runs, with what it shares with the other. */
export interface DataHalf {
  /** Changes exactly when the code behind the page's data functions does. */
  readonly fingerprint: string
  /** What that code imports, as written: `../lib/db`. */
  readonly imports: readonly string[]
}

/** Reads the code behind a page's data functions; undefined where the page has none or does not parse. */
export function readDataHalf(code: string, file: string): DataHalf | undefined {
  const program = parsePage(code, file)?.program
  if (!program) return undefined
  const units = readUnits(program, code)
  const roots = units.filter(({ exported }) => exported.some((name) => serverExports.includes(name)))
  if (roots.length === 0) return undefined
  const used = reach(units, roots)
  const half = units.filter((unit) => used.has(unit))
  return {
    fingerprint: half.map(({ node }) => code.slice(node.start, node.end)).join('\n'),
    imports: [...new Set([...readEffectImports(program), ...half.flatMap(readImports)])],
  }
}

/** Imports without names run whichever half of the page does. */
function readEffectImports(program: ESTree.Program): string[] {
  return program.body.flatMap((node) =>
    node.type === 'ImportDeclaration' && node.specifiers.length === 0 ? [node.source.value] : [],
  )
}

function readImports({ node, statement }: Unit): string[] {
  const sources: string[] = []
  if ('source' in statement && statement.source?.type === 'Literal') sources.push(String(statement.source.value))
  walk(node, {
    enter(inner) {
      if (inner.type !== 'ImportExpression') return
      if (inner.source.type === 'Literal') sources.push(String(inner.source.value))
    },
  })
  return sources
}
