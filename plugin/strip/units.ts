import { isReferenceIdentifier, ScopeTracker, walk } from 'oxc-walker'
import type { ESTree } from 'vite'
import { toBoundNames, toExportedName } from '../routes/exports.ts'

/** A piece of a module's top level that is kept or cut as a whole. */
export interface Unit {
  /** What is cut: an import or export specifier, a declarator, or a statement. */
  readonly node: ESTree.Node
  /** The statement of the module's body that holds it; the unit itself when it is a statement. */
  readonly statement: ESTree.Node
  /** The bindings that it declares. */
  readonly names: readonly string[]
  /** The names under which it is exported. */
  readonly exported: readonly string[]
  /** The binding that it only adds to (`load.x = 1`, `db.pragma()`): without that binding it has no purpose. */
  readonly subject: string | undefined
  /** Whether running it does something by itself. */
  readonly hasEffect: boolean
  /** The top-level bindings that it refers to, wherever in it. */
  readonly references: ReadonlySet<string>
}

type Draft = Omit<Unit, 'references'> & { readonly references: Set<string> }

/**
 * Splits a module's top level into units and finds what each refers to. What has no value (types, `declare`) and what is
 * never cut (imports for their effect, directives, `export *`) is no unit.
 */
export function readUnits(program: ESTree.Program, code: string): Unit[] {
  const units = program.body.flatMap(toUnits)
  const local = new Map(
    units.filter(({ node }) => isLocalBinding(node)).flatMap((unit) => unit.names.map((name) => [name, unit] as const)),
  )
  const attached = units.map((unit) => attach(unit, local))
  addReferences(program, code, attached)
  return attached
}

function createUnit(node: ESTree.Node, statement: ESTree.Node, parts: Partial<Omit<Unit, 'references'>>): Draft {
  return {
    node,
    statement,
    names: [],
    exported: [],
    subject: undefined,
    hasEffect: false,
    ...parts,
    references: new Set(),
  }
}

function toUnits(node: ESTree.Program['body'][number]): Draft[] {
  switch (node.type) {
    case 'ImportDeclaration':
      if (node.importKind === 'type') return []
      return node.specifiers
        .filter((specifier) => specifier.type !== 'ImportSpecifier' || specifier.importKind !== 'type')
        .map((specifier) => createUnit(specifier, node, { names: [specifier.local.name] }))
    case 'ExportNamedDeclaration': {
      if (node.exportKind === 'type') return []
      if (node.declaration) return toDeclarationUnits(node.declaration, node)
      return node.specifiers
        .filter((specifier) => specifier.exportKind !== 'type')
        .map((specifier) => createUnit(specifier, node, { exported: [toExportedName(specifier.exported)] }))
    }
    case 'ExportDefaultDeclaration': {
      const { declaration } = node
      if (declaration.type === 'TSInterfaceDeclaration') return []
      const name = 'id' in declaration && declaration.id?.type === 'Identifier' ? [declaration.id.name] : []
      return [createUnit(node, node, { names: name, exported: ['default'], hasEffect: true })]
    }
    case 'ExportAllDeclaration':
      if (node.exported === null || node.exportKind === 'type') return []
      return [createUnit(node, node, { exported: [toExportedName(node.exported)] })]
    case 'ExpressionStatement':
      if (node.directive) return []
      return [createUnit(node, node, { hasEffect: true })]
    case 'VariableDeclaration':
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
    case 'TSDeclareFunction':
    case 'TSEnumDeclaration':
    case 'TSModuleDeclaration':
    case 'TSImportEqualsDeclaration':
    case 'TSInterfaceDeclaration':
    case 'TSTypeAliasDeclaration':
      return toDeclarationUnits(node, node)
    case 'TSNamespaceExportDeclaration':
    case 'EmptyStatement':
      return []
    default:
      return [createUnit(node, node, { hasEffect: true })]
  }
}

function toDeclarationUnits(node: ESTree.Declaration, statement: ESTree.Node): Draft[] {
  const isExported = statement !== node
  const one = (name: string, hasEffect: boolean) => [
    createUnit(statement, statement, { names: [name], exported: isExported ? [name] : [], hasEffect }),
  ]
  switch (node.type) {
    case 'VariableDeclaration':
      if (node.declare) return []
      return node.declarations.map((declarator) => {
        const names = toBoundNames(declarator.id)
        const hasEffect = node.kind.endsWith('using') || !isPure(declarator.init) || !isPurePattern(declarator.id)
        return createUnit(declarator, statement, { names, exported: isExported ? names : [], hasEffect })
      })
    case 'FunctionDeclaration':
      return node.declare || !node.id ? [] : one(node.id.name, false)
    case 'ClassDeclaration':
      return node.declare || !node.id ? [] : one(node.id.name, !isPure(node))
    case 'TSEnumDeclaration':
      return node.declare ? [] : one(node.id.name, false)
    case 'TSModuleDeclaration':
      return node.declare || node.id.type !== 'Identifier' ? [] : one(node.id.name, true)
    case 'TSImportEqualsDeclaration':
      return node.importKind === 'type' ? [] : one(node.id.name, false)
    case 'TSDeclareFunction':
      // An overload goes with its implementation; alone it is a type.
      return node.id ? [createUnit(statement, statement, { subject: node.id.name })] : []
    default:
      return []
  }
}

function isLocalBinding(node: ESTree.Node): boolean {
  return !/^Import|^TSDeclare|Statement$/.test(node.type)
}

/** Gives a statement that only adds to a binding of this module that binding as its subject. */
function attach(unit: Draft, local: ReadonlyMap<string, Unit>): Draft {
  if (unit.node.type !== 'ExpressionStatement') return unit
  const target = findTarget(unit.node.expression)
  const owner = target && local.get(target.name)
  if (!owner) return unit
  // A method call on something made here works on that thing. Calling a function's own methods (`main.call()`) runs it.
  if (target.isCall && !(owner.node.type === 'VariableDeclarator' && !isFunction(owner.node.init))) return unit
  return { ...unit, subject: target.name }
}

/** The binding that an expression adds to, if adding to it is all that it does. */
function findTarget(expression: ESTree.Expression): { name: string; isCall: boolean } | undefined {
  const inner = unwrap(expression)
  switch (inner.type) {
    case 'AwaitExpression':
      return findTarget(inner.argument)
    case 'UnaryExpression':
      return inner.operator === 'delete' ? toTarget(inner.argument, false) : undefined
    case 'UpdateExpression':
      return toTarget(inner.argument, false)
    case 'AssignmentExpression':
      return toTarget(inner.left, false)
    case 'CallExpression': {
      const [first] = inner.arguments
      // Object.assign(load, …), Object.defineProperty(load, …)
      const isOnObject =
        inner.callee.type === 'MemberExpression' &&
        inner.callee.object.type === 'Identifier' &&
        inner.callee.object.name === 'Object'
      if (isOnObject) return first && first.type !== 'SpreadElement' ? toTarget(first, false) : undefined
      return toTarget(inner, true)
    }
    default:
      return undefined
  }
}

/** The binding at the left end of a chain of members and calls; a chain that begins with a call has none. */
function toTarget(node: ESTree.Node, isCall: boolean): { name: string; isCall: boolean } | undefined {
  let current = unwrap(node)
  for (;;) {
    switch (current.type) {
      case 'Identifier':
        return { name: current.name, isCall }
      case 'MemberExpression':
        current = unwrap(current.object)
        break
      case 'AwaitExpression':
        current = unwrap(current.argument)
        break
      case 'CallExpression':
        current = unwrap(current.callee)
        if (current.type === 'Identifier') return undefined
        break
      default:
        return undefined
    }
  }
}

/** The expression inside parentheses, optional chains and type assertions. */
function unwrap<T extends ESTree.Node>(node: T): ESTree.Node {
  let current: ESTree.Node = node
  for (;;) {
    switch (current.type) {
      case 'ParenthesizedExpression':
      case 'ChainExpression':
      case 'TSAsExpression':
      case 'TSSatisfiesExpression':
      case 'TSNonNullExpression':
      case 'TSTypeAssertion':
      case 'TSInstantiationExpression':
        current = current.expression
        break
      default:
        return current
    }
  }
}

function isFunction(node: ESTree.Node | null): boolean {
  if (!node) return false
  const { type } = unwrap(node)
  return type === 'FunctionExpression' || type === 'ArrowFunctionExpression'
}

/** Whether evaluating an expression can't be noticed. Only what is surely so: a wrong yes would drop code that does something. */
function isPure(expression: ESTree.Node | null | undefined): boolean {
  if (!expression) return true
  const node = unwrap(expression)
  switch (node.type) {
    case 'Literal':
    case 'Identifier':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return true
    case 'TemplateLiteral':
      return node.expressions.every(isPure)
    case 'ArrayExpression':
      return node.elements.every((element) => element?.type !== 'SpreadElement' && isPure(element))
    case 'ObjectExpression':
      return node.properties.every(
        (property) => property.type === 'Property' && !property.computed && isPure(property.value),
      )
    case 'UnaryExpression':
      return node.operator !== 'delete' && isPure(node.argument)
    case 'BinaryExpression':
    case 'LogicalExpression':
      return isPure(node.left) && isPure(node.right)
    case 'ConditionalExpression':
      return isPure(node.test) && isPure(node.consequent) && isPure(node.alternate)
    case 'ClassDeclaration':
    case 'ClassExpression':
      return (
        node.decorators.length === 0 &&
        isPure(node.superClass) &&
        node.body.body.every(
          (member) =>
            member.type === 'MethodDefinition' ||
            (member.type === 'PropertyDefinition' && (!member.static || isPure(member.value))),
        )
      )
    default:
      return false
  }
}

/** Destructuring can run getters and iterators. */
function isPurePattern(pattern: ESTree.BindingPattern): boolean {
  return pattern.type === 'Identifier'
}

/** The nodes of the TypeScript syntax that hold values; all others are types and refer to nothing at run time. */
const VALUE_SYNTAX = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'TSInstantiationExpression',
  'TSEnumDeclaration',
  'TSEnumBody',
  'TSEnumMember',
  'TSModuleDeclaration',
  'TSModuleBlock',
  'TSParameterProperty',
  'TSExportAssignment',
  'TSImportEqualsDeclaration',
  'TSQualifiedName',
])

function isType(node: ESTree.Node): boolean {
  if (node.type.startsWith('TS')) return !VALUE_SYNTAX.has(node.type)
  return 'declare' in node && node.declare
}

function addReferences(program: ESTree.Program, code: string, units: readonly Draft[]): void {
  const unitOf = new Map<ESTree.Node, Draft>(units.map((unit) => [unit.node, unit]))
  const factories = readJsxFactories(code)
  // A name may be declared below its use, so all scopes are read before any reference is resolved.
  const scopeTracker = new ScopeTracker({ preserveExitedScopes: true })
  walk(program, { scopeTracker })
  scopeTracker.freeze()

  let current: Draft | undefined
  walk(program, {
    scopeTracker,
    enter(node, parent) {
      current = unitOf.get(node) ?? current
      if (isType(node) || isReexport(node)) {
        this.skip()
        return
      }
      if (!current) return
      if (node.type === 'JSXElement' || node.type === 'JSXFragment') {
        for (const name of factories) current.references.add(name)
      }
      if (node.type !== 'Identifier' && node.type !== 'JSXIdentifier') return
      const isReference = isReferenceIdentifier(node, parent) || isImportEqualsTarget(node, parent)
      // The scope of the module has the empty key.
      if (isReference && scopeTracker.getDeclaration(node.name)?.scope === '') current.references.add(node.name)
    },
    leave(node) {
      if (current?.node === node) current = undefined
    },
  })
}

/** What JSX refers to without naming it, where the classic runtime is in use. */
function readJsxFactories(code: string): string[] {
  return ['React', ...[...code.matchAll(/@jsx(?:Frag)?\s+([\w$]+)/g)].map(([, name]) => name!)]
}

/** The names in `export { a } from` are another module's. */
function isReexport(node: ESTree.Node): boolean {
  return node.type === 'ExportNamedDeclaration' && node.source !== null
}

/** `A` in `import B = A.C`. */
function isImportEqualsTarget(node: ESTree.Node, parent: ESTree.Node | null): boolean {
  if (parent?.type === 'TSQualifiedName') return parent.left === node
  return parent?.type === 'TSImportEqualsDeclaration' && parent.moduleReference === node
}
