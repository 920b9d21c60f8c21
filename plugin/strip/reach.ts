import type { Unit } from './units.ts'

/**
 * Decides which units leave the module when some of its exports do: those that only these exports need.
 *
 * What the module did not use before stays as it is, unless it refers to what leaves.
 */
export function findUnneeded(units: readonly Unit[], isRemoved: (exportedName: string) => boolean): Set<Unit> {
  const isServerRoot = ({ exported }: Unit) => exported.length > 0 && exported.every(isRemoved)
  const isClientRoot = (unit: Unit) =>
    unit.exported.length > 0 ? !isServerRoot(unit) : isStatement(unit) && unit.hasEffect && unit.subject === undefined
  const serverRoots = units.filter(isServerRoot)
  const clientRoots = units.filter(isClientRoot)

  // Code that does something although nothing refers to it (`const timer = setInterval(tick)`) is there for what it does.
  const used = reach(units, [...clientRoots, ...serverRoots])
  const idle = units.filter((unit) => !used.has(unit) && unit.hasEffect)
  const kept = reach(units, [...clientRoots, ...idle])

  const unneeded = new Set([...reach(units, serverRoots)].filter((unit) => !kept.has(unit)))
  addDangling(units, kept, unneeded)
  addRestOfImports(units, kept, unneeded)
  return unneeded
}

/** The roots and all that they refer to, directly or not, with the statements that add to any of it. */
export function reach(units: readonly Unit[], roots: readonly Unit[]): Set<Unit> {
  const declaring = groupBy(units, ({ names }) => names)
  const adding = groupBy(units, ({ subject }) => (subject === undefined ? [] : [subject]))
  const reached = new Set(roots)
  // A set's iterator also visits what is added on the way.
  for (const unit of reached) {
    for (const name of unit.references) for (const next of declaring.get(name) ?? []) reached.add(next)
    for (const name of unit.names) for (const next of adding.get(name) ?? []) reached.add(next)
  }
  return reached
}

/** Unused code that refers to what leaves would refer to nothing. */
function addDangling(units: readonly Unit[], kept: ReadonlySet<Unit>, unneeded: Set<Unit>): void {
  const gone = new Set([...unneeded].flatMap(({ names }) => names))
  let candidates = units.filter((unit) => !kept.has(unit) && !unneeded.has(unit))
  for (;;) {
    const dangling = candidates.filter(
      ({ references, subject }) =>
        [...references].some((name) => gone.has(name)) || (subject !== undefined && gone.has(subject)),
    )
    if (dangling.length === 0) return
    for (const unit of dangling) {
      unneeded.add(unit)
      for (const name of unit.names) gone.add(name)
    }
    candidates = candidates.filter((unit) => !unneeded.has(unit))
  }
}

/** A name that was imported for nothing must not hold the module that leaves with its neighbours. */
function addRestOfImports(units: readonly Unit[], kept: ReadonlySet<Unit>, unneeded: Set<Unit>): void {
  const imports = units.filter(({ statement }) => statement.type === 'ImportDeclaration')
  const touched = new Set(imports.filter((unit) => unneeded.has(unit)).map(({ statement }) => statement))
  for (const unit of imports) if (touched.has(unit.statement) && !kept.has(unit)) unneeded.add(unit)
}

function isStatement({ node, statement, names }: Unit): boolean {
  return node === statement && names.length === 0
}

function groupBy(units: readonly Unit[], toKeys: (unit: Unit) => readonly string[]): Map<string, Unit[]> {
  const groups = new Map<string, Unit[]>()
  for (const unit of units) {
    for (const key of toKeys(unit)) {
      const group = groups.get(key)
      if (group) group.push(unit)
      else groups.set(key, [unit])
    }
  }
  return groups
}
