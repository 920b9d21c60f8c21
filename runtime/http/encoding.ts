import Negotiator from 'negotiator'
import type { Encoding } from '../types.ts'

/** Best first: brotli is a fifth smaller than the others on pages. */
const ENCODINGS: readonly Encoding[] = ['br', 'zstd', 'gzip', 'identity']

/** For clients that take nothing else. */
export const PLAIN: readonly Encoding[] = ['identity']

/** Real clients send a handful of texts; a longer one is nobody's, and its parsing would be. */
const MAX_LENGTH = 256
const MAX_KNOWN = 200

/**
 * Builds the choice of encodings by an `Accept-Encoding` header: those that the client takes, best first, the plain bytes
 * always among them. Clients send the same few texts over and over, so each is parsed once; the number of remembered ones is
 * bounded.
 */
export function createEncodingChoice(): (accept: string | undefined) => readonly Encoding[] {
  const known = new Map<string, readonly Encoding[]>()

  return function chooseEncodings(accept) {
    // Without the header anything would be allowed (RFC 9110, 12.5.3), but clients that leave it out seldom decompress.
    if (accept === undefined || accept === '' || accept.length > MAX_LENGTH) return PLAIN
    const remembered = known.get(accept)
    if (remembered !== undefined) return remembered
    const encodings = negotiate(accept)
    if (known.size >= MAX_KNOWN) known.clear()
    known.set(accept, encodings)
    return encodings
  }
}

/** The published types lack the second argument. */
type Encodings = (this: Negotiator, available: readonly string[], options: { preferred: readonly string[] }) => string[]

function negotiate(accept: string): readonly Encoding[] {
  const negotiator = new Negotiator({ headers: { 'accept-encoding': accept } })
  const choose = negotiator.encodings as Encodings
  const accepted = choose.call(negotiator, ENCODINGS, { preferred: ENCODINGS }) as Encoding[]
  // Where a client refuses every encoding, the plain bytes are still better than an error.
  return accepted.includes('identity') ? accepted : [...accepted, 'identity']
}
