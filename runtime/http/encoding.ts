import Negotiator from 'negotiator'

/** The encodings that bodies are stored in. */
export type Encoding = 'br' | 'gzip' | 'identity'

/** Best first: brotli is a fifth smaller than gzip on pages. */
const ENCODINGS = ['br', 'gzip', 'identity']

/** Real clients send a handful of texts; a longer one is nobody's, and its parsing would be. */
const MAX_LENGTH = 256
const MAX_KNOWN = 200

/**
 * Builds the choice of encoding by an `Accept-Encoding` header. Clients send the same few texts over and over, so each is
 * parsed once; the number of remembered ones is bounded.
 */
export function createEncodingChoice(): (accept: string | undefined) => Encoding {
  const known = new Map<string, Encoding>()

  return function chooseEncoding(accept) {
    // Without the header anything would be allowed (RFC 9110, 12.5.3), but clients that leave it out seldom decompress.
    if (accept === undefined || accept === '' || accept.length > MAX_LENGTH) return 'identity'
    const remembered = known.get(accept)
    if (remembered !== undefined) return remembered
    const encoding = negotiate(accept)
    if (known.size >= MAX_KNOWN) known.clear()
    known.set(accept, encoding)
    return encoding
  }
}

/** The published types lack the second argument. */
type Encodings = (this: Negotiator, available: readonly string[], options: { preferred: readonly string[] }) => string[]

function negotiate(accept: string): Encoding {
  const negotiator = new Negotiator({ headers: { 'accept-encoding': accept } })
  const choose = negotiator.encodings as Encodings
  // Where a client refuses every encoding, the plain bytes are still better than an error.
  return (choose.call(negotiator, ENCODINGS, { preferred: ENCODINGS })[0] ?? 'identity') as Encoding
}
