import { parseSync, type ESTree } from 'vite'

/** The exports of a page that only ever run on the server. */
export const serverExports: readonly string[] = ['getStaticProps', 'getStaticPaths', 'getServerSideProps']

/** What a page module exports, as far as its text tells. */
export interface PageExports {
  /** Names of the exported values, `default` among them; types are left out. */
  readonly names: readonly string[]
  /** The modules that the page re-exports as a whole (`export * from`). */
  readonly all: readonly string[]
  /** Exported names that come out of a destructuring pattern. */
  readonly destructured: readonly string[]
  /** Names set on the default export (`Page.getStaticProps = …`, or a static member of its class). */
  readonly attached: readonly string[]
}

/** The exports of a module's source, or undefined when it does not parse: Vite reports that better, with a code frame. */
export function readPageExports(code: string, file: string): PageExports | undefined {
  const program = parsePage(code, file)?.program
  return program && toPageExports(program)
}

/** Parses a page in the language that its name says; JSX is allowed in `.js`, as Next.js allows it. */
export function parsePage(code: string, file: string): ReturnType<typeof parseSync> | undefined {
  const lang = file.endsWith('.tsx') ? 'tsx' : /\.[cm]?ts$/.test(file) ? 'ts' : 'jsx'
  const parsed = parseSync(file, code, { lang, sourceType: 'module' })
  return parsed.errors.some(({ severity }) => severity === 'Error') ? undefined : parsed
}

export function toPageExports(program: ESTree.Program): PageExports {
  const names = new Set<string>()
  const all: string[] = []
  const destructured: string[] = []

  for (const node of program.body) {
    if (node.type === 'ExportDefaultDeclaration' && node.declaration.type !== 'TSInterfaceDeclaration') {
      names.add('default')
    } else if (node.type === 'ExportAllDeclaration' && node.exportKind !== 'type') {
      if (node.exported === null) all.push(node.source.value)
      else names.add(toExportedName(node.exported))
    } else if (node.type === 'ExportNamedDeclaration' && node.exportKind !== 'type') {
      for (const specifier of node.specifiers) {
        if (specifier.exportKind !== 'type') names.add(toExportedName(specifier.exported))
      }
      const { declaration } = node
      if (declaration?.type === 'VariableDeclaration') {
        for (const { id } of declaration.declarations) {
          const bound = toBoundNames(id)
          if (id.type !== 'Identifier') destructured.push(...bound)
          for (const name of bound) names.add(name)
        }
      } else if (isValueDeclaration(declaration)) {
        names.add(declaration.id.name)
      }
    }
  }
  return { names: [...names], all, destructured, attached: readAttached(program) }
}

/** The text of an exported name: `export { a as 'b' }` has it quoted. */
export function toExportedName(name: ESTree.ModuleExportName): string {
  return name.type === 'Literal' ? name.value : name.name
}

/** The names that a declaration's pattern binds. */
export function toBoundNames(pattern: ESTree.BindingPattern): string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name]
    case 'AssignmentPattern':
      return toBoundNames(pattern.left)
    case 'ArrayPattern':
      return pattern.elements.flatMap((element) => {
        if (element === null) return []
        return toBoundNames(element.type === 'RestElement' ? element.argument : element)
      })
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) =>
        toBoundNames(property.type === 'RestElement' ? property.argument : property.value),
      )
  }
}

function isValueDeclaration(
  declaration: ESTree.Declaration | null,
): declaration is ESTree.Declaration & { id: ESTree.BindingIdentifier } {
  switch (declaration?.type) {
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
    case 'TSEnumDeclaration':
    case 'TSModuleDeclaration':
    case 'TSImportEqualsDeclaration':
      return !('declare' in declaration && declaration.declare) && declaration.id?.type === 'Identifier'
    default:
      return false
  }
}

function readAttached(program: ESTree.Program): string[] {
  const component = findDefault(program)
  const attached: string[] = []
  for (const node of program.body) {
    const declaration =
      node.type === 'ExportDefaultDeclaration' || node.type === 'ExportNamedDeclaration' ? node.declaration : node
    if (declaration?.type === 'ClassDeclaration' && (declaration === component || declaration.id?.name === component)) {
      for (const member of declaration.body.body) {
        if ((member.type === 'MethodDefinition' || member.type === 'PropertyDefinition') && member.static) {
          if (!member.computed && member.key.type === 'Identifier') attached.push(member.key.name)
        }
      }
    }
    if (node.type !== 'ExpressionStatement' || node.expression.type !== 'AssignmentExpression') continue
    const { left } = node.expression
    if (left.type !== 'MemberExpression' || left.object.type !== 'Identifier') continue
    if (left.object.name !== component) continue
    if (!left.computed && left.property.type === 'Identifier') attached.push(left.property.name)
    else if (left.property.type === 'Literal') attached.push(String(left.property.value))
  }
  return attached
}

/** The local name of the default export, or its declaration when it has no name. */
function findDefault(program: ESTree.Program): string | ESTree.Node | undefined {
  for (const node of program.body) {
    if (node.type === 'ExportDefaultDeclaration') {
      const { declaration } = node
      if (declaration.type === 'Identifier') return declaration.name
      if ('id' in declaration && declaration.id?.type === 'Identifier') return declaration.id.name
      return declaration
    }
    if (node.type === 'ExportNamedDeclaration' && node.source === null) {
      const specifier = node.specifiers.find(({ exported }) => toExportedName(exported) === 'default')
      if (specifier) return toExportedName(specifier.local)
    }
  }
  return undefined
}
