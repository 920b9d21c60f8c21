import fc from 'fast-check'
import { ScopeTracker, walk, isReferenceIdentifier } from 'oxc-walker'
import { describe, expect, it } from 'vitest'
import { parsePage, serverExports, toPageExports } from '../routes/exports.ts'
import { stripServerCode } from './strip.ts'

/** A binding of a random module, and what it refers to by index. None does anything by itself, so all that counts is reach. */
interface Binding {
  readonly kind: 'function' | 'arrow' | 'class' | 'import' | 'assigned' | 'destructured' | 'extended' | 'list'
  readonly references: readonly number[]
  /** Refers to these in ways that are none: as a property, a type, a parameter. */
  readonly mentions: readonly number[]
}

interface Model {
  readonly bindings: readonly Binding[]
  /** The binding that each data function is, if any. */
  readonly server: readonly (number | undefined)[]
  /** The bindings that the component uses. */
  readonly page: readonly number[]
  readonly order: readonly number[]
  readonly semicolons: boolean
}

const COUNT = 8
const index = fc.nat(COUNT - 1)
const binding: fc.Arbitrary<Binding> = fc.record({
  kind: fc.constantFrom('function', 'arrow', 'class', 'import', 'assigned', 'destructured', 'extended', 'list'),
  references: fc.array(index, { maxLength: 2 }),
  mentions: fc.array(index, { maxLength: 2 }),
})
const model: fc.Arbitrary<Model> = fc.record({
  bindings: fc.array(binding, { minLength: COUNT, maxLength: COUNT }),
  server: fc.tuple(fc.option(index, { nil: undefined }), fc.option(index, { nil: undefined })),
  page: fc.array(index, { maxLength: 2 }),
  order: fc.shuffledSubarray([...Array(COUNT).keys()], { minLength: COUNT, maxLength: COUNT }),
  semicolons: fc.boolean(),
})

function marker(id: number): string {
  return `marker_${id}_`
}

function toBindingText({ kind, references, mentions }: Binding, id: number): string {
  const name = `b${id}`
  const uses = references.map((to) => `b${to}`).join(', ')
  // Shadowed by a parameter, as a key, as a member, in a type.
  const noise = mentions.map((to) => `((b${to}: typeof b${to}) => ({ b${to}: b${to}.b${to} }))`).join(', ')
  const body = `[${[`'${marker(id)}'`, uses, noise].filter((part) => part !== '').join(', ')}]`
  switch (kind) {
    case 'function':
      return `function ${name}() { return ${body} }`
    case 'arrow':
      return `const ${name} = () => ${body}`
    case 'class':
      return `class ${name} { run() { return ${body} } }`
    case 'import':
      return `import { ${name} } from '${marker(id)}'`
    case 'assigned':
      return `let ${name}\n;${name} = () => ${body}`
    case 'destructured':
      return `const { x: ${name} } = () => ${body}`
    case 'extended':
      return `function ${name}() {}\n${name}.value = () => ${body}`
    case 'list':
      return `const ${name} = () => ${body}, other${id} = () => '${marker(id)}other'`
  }
}

function toText({ bindings, server, page, order, semicolons }: Model): string {
  const end = semicolons ? ';' : ''
  const parts = order.map((id) => toBindingText(bindings[id]!, id) + end)
  for (const [at, id] of server.entries()) {
    if (id !== undefined) parts.push(`export { b${id} as ${serverExports[at]} }${end}`)
  }
  parts.push(`export default function Page() { return [${page.map((id) => `b${id}`).join(', ')}] }`)
  return parts.join('\n')
}

function reachFrom(bindings: readonly Binding[], roots: readonly number[]): Set<number> {
  const reached = new Set(roots)
  for (const id of reached) {
    const { kind, references } = bindings[id]!
    if (kind !== 'import') for (const to of references) reached.add(to)
  }
  return reached
}

function strip(text: string): string {
  const stripped = stripServerCode(text, 'page.tsx')
  if (stripped && 'reason' in stripped) throw new Error(stripped.reason)
  return stripped?.code ?? text
}

/** The names that a module refers to and does not declare. */
function readFreeNames(text: string): Set<string> {
  const { program } = parsePage(text, 'page.tsx')!
  const scopeTracker = new ScopeTracker({ preserveExitedScopes: true })
  walk(program, { scopeTracker })
  scopeTracker.freeze()
  const free = new Set<string>()
  walk(program, {
    scopeTracker,
    enter(node, parent) {
      if (node.type.startsWith('TSType')) return this.skip()
      if (node.type !== 'Identifier' || !isReferenceIdentifier(node, parent)) return
      if (!scopeTracker.isDeclared(node.name)) free.add(node.name)
    },
  })
  return free
}

describe('stripServerCode, for any module', () => {
  it('B35 removes exactly what only the data functions reach', () => {
    fc.assert(
      fc.property(model, (model) => {
        const out = strip(toText(model))
        const server = reachFrom(
          model.bindings,
          model.server.filter((id) => id !== undefined),
        )
        const page = reachFrom(model.bindings, model.page)
        // A destructuring may run a getter, so by itself it is no reason to drop what it reads.
        const idle = [...model.bindings.keys()].filter(
          (id) => model.bindings[id]!.kind === 'destructured' && !server.has(id) && !page.has(id),
        )
        const assigned = [...model.bindings.keys()].filter(
          (id) => ['assigned', 'extended'].includes(model.bindings[id]!.kind) && !server.has(id) && !page.has(id),
        )
        const kept = reachFrom(model.bindings, [...model.page, ...idle, ...assigned])
        for (const id of page) expect(out).toContain(`'${marker(id)}'`)
        for (const id of kept) expect(out).toContain(`'${marker(id)}'`)
        for (const id of server) if (!kept.has(id)) expect(out).not.toContain(`'${marker(id)}'`)
        for (const name of serverExports)
          expect(toPageExports(parsePage(out, 'page.tsx')!.program).names).not.toContain(name)
      }),
      { numRuns: 500 },
    )
  })

  it('B35 gives a module that parses and refers to nothing that is gone', () => {
    fc.assert(
      fc.property(model, (model) => {
        const text = toText(model)
        const out = strip(text)
        expect(parsePage(out, 'page.tsx')).toBeDefined()
        expect([...readFreeNames(out)].filter((name) => !readFreeNames(text).has(name))).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  it('B35 has nothing more to take out the second time', () => {
    fc.assert(
      fc.property(model, (model) => {
        const once = strip(toText(model))
        expect(strip(once)).toBe(once)
      }),
      { numRuns: 300 },
    )
  })

  it('leaves a module without data functions alone', () => {
    fc.assert(
      fc.property(model, (model) => {
        expect(stripServerCode(toText({ ...model, server: [] }), 'page.tsx')).toBeUndefined()
      }),
    )
  })

  it('never throws, whatever the text', () => {
    const pieces = [
      'export',
      'const',
      'getStaticProps',
      '=',
      '(',
      ')',
      '{',
      '}',
      'import',
      'from',
      "'x'",
      ';',
      '\n',
      '*',
      'default',
      '`',
      '😀',
    ]
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 14 }), (parts) => {
        stripServerCode(parts.join(' '), 'page.tsx')
      }),
      { numRuns: 2000 },
    )
  })
})
