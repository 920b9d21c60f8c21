import type { Body, Compressed, Entry } from '../types.ts'
import { joinBodies } from './body.ts'

/** An entry that holds a page. */
export type PageEntry = Extract<Entry, { kind: 'page' }>

/** Makes the compressed bodies of a page that has none. */
export type Compress = (entry: PageEntry) => Promise<{ readonly html: Compressed; readonly data: Compressed }>

/** Whether an entry waits for its compressed bodies. */
export function isIncomplete(entry: Entry): entry is PageEntry {
  return entry.kind === 'page' && (entry.html.isUncompressed === true || entry.data?.isUncompressed === true)
}

/**
 * Makes the function that gives an entry its compressed bodies: once for each entry, whoever asks, and at once for one that
 * has them. Where that fails the plain ones are all there is, which every client takes.
 *
 * @param onComplete called with each pair, the old one and the one to serve in its place
 */
export function createCompletion(
  compress: Compress,
  onComplete: (from: PageEntry, to: PageEntry) => void,
): (entry: Entry) => Promise<Entry> {
  const completions = new WeakMap<PageEntry, Promise<PageEntry>>()

  async function complete(entry: PageEntry): Promise<PageEntry> {
    const { html, data } = await compress(entry).catch(() => NOTHING)
    const bodies = joinBodies(withForms(entry.html, html), entry.data && withForms(entry.data, data))
    const whole = { ...entry, ...bodies }
    onComplete(entry, whole)
    return whole
  }

  return async (entry) => {
    if (!isIncomplete(entry)) return entry
    const running = completions.get(entry) ?? complete(entry)
    completions.set(entry, running)
    return running
  }
}

const NOTHING = { html: {}, data: {} }

function withForms({ identity, digest }: Body, compressed: Compressed): Body {
  return { identity, ...compressed, digest }
}
