const UNITS: Record<string, number> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }

/** Reads a size as API routes configure it: `4096`, `'10b'`, `'500kb'`, `'1mb'`. Undefined when it is none. */
export function parseByteSize(size: number | string): number | undefined {
  if (typeof size === 'number') return Number.isFinite(size) && size >= 0 ? Math.floor(size) : undefined
  const match = /^(\d{1,12}(?:\.\d{1,6})?)\s*(b|kb|mb|gb)?$/i.exec(size.trim())
  return match ? Math.floor(Number(match[1]) * UNITS[(match[2] ?? 'b').toLowerCase()]!) : undefined
}

/** Writes a size as `parseByteSize` reads it, in the largest unit of which it is a whole number. */
export function formatByteSize(bytes: number): string {
  const [unit, size] = Object.entries(UNITS).findLast(([, each]) => bytes >= each && bytes % each === 0) ?? ['b', 1]
  return `${bytes / size}${unit}`
}
