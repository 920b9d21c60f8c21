import MagicString from 'magic-string'
import { walk } from 'oxc-walker'
import { relative } from 'node:path'
import { normalizePath, type ESTree, type Plugin } from 'vite'
import { parsePage, toExportedName } from '../routes/exports.ts'

/** A call of `dynamic()`, with the modules that it loads. */
interface DynamicCall {
  readonly sources: readonly string[]
  /** Where the last argument ends, and how many there are. */
  readonly end: number
  readonly count: number
}

/**
 * Tells each `dynamic()` on the server which modules it loads, by their names in the client's manifest: the HTML of a page
 * can then ask for the files of those that it shows.
 */
export function nextDynamicPlugin(): Plugin {
  return {
    name: 'isr:next-dynamic',
    apply: 'build',
    enforce: 'pre',
    applyToEnvironment: ({ name }) => name === 'ssr',
    transform: {
      filter: { id: { include: /\.[cm]?[jt]sx?$/, exclude: /\/node_modules\// }, code: 'next/dynamic' },
      async handler(code, id) {
        const program = parsePage(code, id)?.program
        const calls = program ? findDynamicCalls(program) : []
        if (calls.length === 0) return undefined
        const edited = new MagicString(code)
        for (const { sources, end, count } of calls) {
          const names: string[] = []
          for (const source of sources) {
            const resolved = await this.resolve(source, id)
            if (resolved && !resolved.external) names.push(toManifestKey(resolved.id, this.environment.config.root))
          }
          if (names.length > 0) edited.appendLeft(end, `${count === 1 ? ', undefined' : ''}, ${JSON.stringify(names)}`)
        }
        return { code: edited.toString(), map: edited.generateMap({ source: id, hires: 'boundary' }) }
      },
    },
  }
}

/** The name that Vite's manifest has for a module. */
function toManifestKey(id: string, root: string): string {
  return normalizePath(relative(root, id.split('?', 1)[0]!))
}

/** Finds the calls of what a module imports from `next/dynamic`; those with a third argument know already. */
export function findDynamicCalls(program: ESTree.Program): DynamicCall[] {
  const names = new Set<string>()
  for (const node of program.body) {
    if (node.type !== 'ImportDeclaration' || !/^next\/dynamic(?:\.js)?$/.test(node.source.value)) continue
    for (const specifier of node.specifiers) {
      const isDefault =
        specifier.type === 'ImportDefaultSpecifier' ||
        (specifier.type === 'ImportSpecifier' && toExportedName(specifier.imported) === 'default')
      if (isDefault) names.add(specifier.local.name)
    }
  }
  if (names.size === 0) return []

  const calls: DynamicCall[] = []
  walk(program, {
    enter(node) {
      if (node.type !== 'CallExpression' || node.callee.type !== 'Identifier' || !names.has(node.callee.name)) return
      const count = node.arguments.length
      if (count === 0 || count > 2) return
      const sources = node.arguments.flatMap(findImports)
      if (sources.length > 0) calls.push({ sources, end: node.arguments.at(-1)!.end, count })
    },
  })
  return calls
}

function findImports(root: ESTree.Node): string[] {
  const sources: string[] = []
  walk(root, {
    enter(node) {
      if (node.type === 'ImportExpression' && node.source.type === 'Literal' && typeof node.source.value === 'string')
        sources.push(node.source.value)
    },
  })
  return sources
}
