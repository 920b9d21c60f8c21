// Two mistakes that no linter rule of ours finds, in the sources of what runs.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { parseAndWalk } from 'oxc-walker'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')

function listSources(): string[] {
  return ['runtime', 'plugin'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /(?<!\.test|\.d)\.tsx?$/.test(entry.name))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/')),
  )
}

/** Lines with `promise.finally(…)` whose own promise nobody waits for: where the first rejects, it does too, unhandled. */
function findBareFinally(code: string, file: string): number[] {
  const lines: number[] = []
  parseAndWalk(code, file, (node, parent) => {
    if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return
    const { property } = node.callee
    if (property.type !== 'Identifier' || property.name !== 'finally') return
    const isDropped =
      parent?.type === 'ExpressionStatement' || (parent?.type === 'UnaryExpression' && parent.operator === 'void')
    if (isDropped) lines.push(code.slice(0, node.start).split('\n').length)
  })
  return lines
}

/** Names of patterns with `g` or `y` that live as long as the module, and remember where `test` or `exec` got to. */
function findKeptPositions(code: string, file: string): string[] {
  const kept = new Set<string>()
  const used: string[] = []
  parseAndWalk(code, file, (node) => {
    if (node.type === 'Program') {
      for (const statement of node.body) {
        const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
        if (declaration?.type !== 'VariableDeclaration') continue
        for (const { id, init } of declaration.declarations) {
          const isKept = init?.type === 'Literal' && 'regex' in init && /[gy]/.test(init.regex?.flags ?? '')
          if (isKept && id.type === 'Identifier') kept.add(id.name)
        }
      }
    }
    if (node.type !== 'MemberExpression' || node.object.type !== 'Identifier' || !kept.has(node.object.name)) return
    if (node.property.type === 'Identifier' && /^(?:test|exec|lastIndex)$/.test(node.property.name)) {
      used.push(node.object.name)
    }
  })
  return used
}

describe('sources', () => {
  const sources = listSources()

  it('are found', () => {
    expect(sources).toEqual(expect.arrayContaining(['runtime/isr/engine.ts', 'plugin/index.ts']))
  })

  it.each(sources)('SEC-111 %s drops no promise of .finally, and keeps no position of a pattern', (file) => {
    const code = readFileSync(join(root, file), 'utf8')
    expect(findBareFinally(code, file)).toEqual([])
    expect(findKeptPositions(code, file)).toEqual([])
  })
})

describe('the search', () => {
  it.each(['run().finally(end)', 'void run().finally(end)', 'void run().then(a).finally(end)'])('finds %s', (code) => {
    expect(findBareFinally(`\n${code}`, 'x.ts')).toEqual([2])
  })

  it.each(['await run().finally(end)', 'const a = run().finally(end)', 'run().finally(end).catch(report)'])(
    'leaves %s alone',
    (code) => {
      expect(findBareFinally(code, 'x.ts')).toEqual([])
    },
  )

  it('finds what keeps a position', () => {
    const code =
      'const A = /a/g\nexport const B = /b/y\nconst C = /c/\nA.test(x), B.exec(x), C.test(x), x.replace(A, "")'
    expect(findKeptPositions(code, 'x.ts')).toEqual(['A', 'B'])
  })
})
