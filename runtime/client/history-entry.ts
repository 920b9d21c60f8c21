/** What the router keeps with each entry of the history. */
export interface HistoryEntry {
  /** Names the entry's scroll position. */
  readonly key: string
  /** The page's URL without base. */
  readonly url: string
  /** What the address bar shows, without base. */
  readonly as: string
  readonly shallow: boolean
}

/** A key that no other entry of this tab has. */
export function createKey(): string {
  return Math.random().toString(36).slice(2)
}

/** The router's part of a history state; undefined in entries that something else made, such as a plain link to a hash. */
export function readEntry(state: unknown): HistoryEntry | undefined {
  return (state as { isr?: HistoryEntry } | null)?.isr
}

/** Adds an entry, or changes the current one and leaves alone what other code keeps there. */
export function writeEntry(method: 'push' | 'replace', href: string, entry: HistoryEntry): void {
  if (method === 'push') history.pushState({ isr: entry }, '', href)
  else history.replaceState({ ...(history.state as object | null), isr: entry }, '', href)
}
