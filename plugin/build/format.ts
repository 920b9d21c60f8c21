const UNITS = [
  ['y', 31_536_000],
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const

/** Seconds for people: exact, in at most two units, and plain seconds where two do not suffice. */
export function formatSeconds(seconds: number): string {
  const index = UNITS.findIndex(([, size]) => seconds >= size)
  if (index === -1) return `${seconds}s`
  const [unit, size] = UNITS[index]!
  const whole = Math.floor(seconds / size)
  const rest = seconds - whole * size
  if (rest === 0) return `${whole}${unit}`
  const smaller = UNITS.slice(index + 1).find(([, size]) => rest % size === 0 && rest / size < 60)
  return smaller ? `${whole}${unit} ${rest / smaller[1]}${smaller[0]}` : `${seconds}s`
}

/** Milliseconds for people: `417 ms`, `1.2 s`, `2 min 5 s`. */
export function formatMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** Bytes for people, in units of 1000 as Vite has them. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  if (bytes < 1_000_000) return `${toThree(bytes / 1000)} kB`
  return `${toThree(bytes / 1_000_000)} MB`
}

function toThree(value: number): string {
  return value < 100 ? value.toFixed(value < 10 ? 2 : 1) : Math.round(value).toString()
}
