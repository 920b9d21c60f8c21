import MagicString from 'magic-string'
import type { ESTree } from 'vite'
import type { Unit } from './units.ts'

/** A comment of the text, as the parser lists it. */
export interface Comment extends Cut {
  readonly value: string
}

/** Where text was cut out of a module, in its own positions. */
export interface Cut {
  readonly start: number
  readonly end: number
}

/** A module's text without some of its units, and what was cut. */
export interface Edited {
  readonly code: MagicString
  readonly cuts: readonly Cut[]
}

/** Cuts units out of a module's text. What stays keeps its place, so that positions in it can be mapped. */
export function cutUnits(
  text: string,
  { program, comments }: { readonly program: ESTree.Program; readonly comments: readonly Comment[] },
  units: readonly Unit[],
  unneeded: ReadonlySet<Unit>,
): Edited {
  const code = new MagicString(text)
  const starts = program.body.map(({ start }) => start)
  const cuts: Cut[] = []
  const remove = (start: number, end: number) => {
    code.remove(start, end)
    cuts.push({ start, end })
  }

  for (const [statement, group] of groupByStatement(units)) {
    const gone = group.filter((unit) => unneeded.has(unit))
    if (gone.length === 0) continue
    if (gone.length === group.length) {
      const { start, end } = withComments(statement, text, comments)
      remove(start, end)
      if (couldContinue(statement, starts, text)) code.appendLeft(start, ';')
      continue
    }
    const kept = group.filter((unit) => !unneeded.has(unit)).map(({ node }) => node)
    if (statement.type === 'ImportDeclaration') {
      code.update(statement.start, statement.source.start, toImportHead(statement, kept, text))
    } else if (isSpecifierList(statement)) {
      const end = statement.source?.start ?? statement.end
      const tail = statement.source ? ' from ' : ''
      code.update(statement.start, end, `export { ${toList(kept, text)} }${tail}`)
    } else {
      removeDeclarators(group, unneeded, remove)
      if (text[statement.end - 1] !== ';' && couldContinue(statement, starts, text)) code.appendLeft(statement.end, ';')
    }
    if (statement.type === 'ImportDeclaration' || isSpecifierList(statement)) {
      cuts.push(...gone.map(({ node: { start, end } }) => ({ start, end })))
    }
  }
  return { code, cuts: cuts.toSorted((a, b) => a.start - b.start) }
}

/**
 * Whether the statement after the given one would run on from the one before it: without semicolons, `a = b` and `(c)` on
 * lines of their own are one call.
 */
function couldContinue(statement: ESTree.Node, starts: readonly number[], text: string): boolean {
  const next = starts.find((start) => start >= statement.end)
  return next !== undefined && /[([`+\-/]/.test(text[next]!)
}

function groupByStatement(units: readonly Unit[]): Map<ESTree.Node, Unit[]> {
  const groups = new Map<ESTree.Node, Unit[]>()
  for (const unit of units) {
    const group = groups.get(unit.statement)
    if (group) group.push(unit)
    else groups.set(unit.statement, [unit])
  }
  return groups
}

function isSpecifierList(node: ESTree.Node): node is ESTree.ExportNamedDeclaration {
  return node.type === 'ExportNamedDeclaration' && node.declaration === null
}

/** The import up to `'source'`. Types that were imported along are left out: what uses them is erased. */
function toImportHead(statement: ESTree.ImportDeclaration, kept: readonly ESTree.Node[], text: string): string {
  const heads = kept.filter(({ type }) => type !== 'ImportSpecifier').map((node) => text.slice(node.start, node.end))
  const named = kept.filter(({ type }) => type === 'ImportSpecifier')
  if (named.length > 0) heads.push(`{ ${toList(named, text)} }`)
  return `import ${statement.phase ? `${statement.phase} ` : ''}${heads.join(', ')} from `
}

function toList(nodes: readonly ESTree.Node[], text: string): string {
  return nodes.map(({ start, end }) => text.slice(start, end)).join(', ')
}

/** Takes declarators out of a list, each with one comma. */
function removeDeclarators(
  group: readonly Unit[],
  unneeded: ReadonlySet<Unit>,
  remove: (start: number, end: number) => void,
): void {
  const firstKept = group.findIndex((unit) => !unneeded.has(unit))
  if (firstKept > 0) remove(group[0]!.node.start, group[firstKept]!.node.start)
  for (const [index, unit] of group.entries()) {
    if (index > firstKept && unneeded.has(unit)) remove(group[index - 1]!.node.end, unit.node.end)
  }
}

/** Comments with a meaning beyond the statement that follows them. */
const LASTING_COMMENT = /^!|@(?:jsx|license|preserve|refresh|ts-|vite-)/

/** The statement with the comments that belong to it: what they tell is not for the browser either. */
function withComments(statement: ESTree.Node, text: string, comments: readonly Comment[]): Cut {
  let { start, end } = statement
  for (const comment of comments.toReversed()) {
    if (comment.end > start) continue
    const gap = text.slice(comment.end, start)
    const lineStart = text.lastIndexOf('\n', comment.start - 1) + 1
    const isBeside = /^[^\S\n]*\n?[^\S\n]*$/.test(gap)
    const isAlone = /^\s*$/.test(text.slice(lineStart, comment.start))
    if (!isBeside || !isAlone || LASTING_COMMENT.test(comment.value.trim())) break
    start = comment.start
  }
  const after = comments.find((comment) => comment.start >= end)
  if (after && /^[^\S\n]*$/.test(text.slice(end, after.start)) && /^[^\S\n]*(?:\n|$)/.test(text.slice(after.end))) {
    end = after.end
  }
  return { start, end }
}
