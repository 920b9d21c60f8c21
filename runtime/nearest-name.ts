/**
 * The known name that was probably meant, or undefined when none is near: at most a third of its letters apart.
 *
 * @example nearestName('pageDir', ['pagesDir', 'expire']) // 'pagesDir'
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let nearest: { name: string; distance: number } | undefined
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance <= Math.ceil(candidate.length / 3) && (!nearest || distance < nearest.distance)) {
      nearest = { name: candidate, distance }
    }
  }
  return nearest?.name
}

/** Levenshtein's distance, one row at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[to.length]!
}
