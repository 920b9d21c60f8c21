import fc from 'fast-check'
import type { Body, Entry } from '../../types.ts'
import { OF_BROTLI, toBodyWithin, toPlainBytes } from '../body.ts'

const bytes = fc
  .uint8Array({ maxLength: 300 })
  // A buffer of its own, as entries have them.
  .map((value) => Buffer.from(Uint8Array.from(value).buffer))

/** As a reader of a record has it. */
const body: fc.Arbitrary<Body> = fc
  .record({ bytes, more: fc.option(fc.integer({ min: 1, max: 1e9 })), digest: fc.stringMatching(/^[ -~]{0,27}$/) })
  .map(({ bytes, more, digest }) =>
    more === null
      ? { identity: bytes, digest }
      : { br: bytes, size: bytes.byteLength + more, digest, makeable: OF_BROTLI },
  )

const LEAST_DATA = '{"pageProps":}'.length
/** Navigation data that the HTML holds, somewhere. */
const within = fc.tuple(fc.nat(), fc.nat(), fc.stringMatching(/^[ -~]{0,27}$/))

/** As `body`, or, where the HTML is large enough, a part of that. */
const bodies = fc.tuple(body, fc.option(fc.oneof(body, within), { nil: undefined })).map(([html, data]) => {
  if (!Array.isArray(data)) return { html, data }
  const [at, size, digest] = data
  // Without the braces.
  const room = toPlainBytes(html) - (LEAST_DATA - 2)
  if (room < 0) return { html, data: undefined }
  const begin = at % (room + 1)
  return { html, data: toBodyWithin(begin, LEAST_DATA + (size % (room - begin + 1)), digest, true) }
})

const seconds = fc.integer({ min: 1, max: 1e9 })
const shared = {
  key: fc.string({ unit: 'binary', maxLength: 100 }),
  startedAt: fc.integer({ min: 0, max: 4e12 }),
  generatedAt: fc.integer({ min: 0, max: 4e12 }),
  revalidate: fc.oneof(fc.constant(false as const), seconds),
  expire: seconds,
}

/** Any entry. */
export const anyEntry: fc.Arbitrary<Entry> = fc.oneof(
  fc
    .record({ ...shared, kind: fc.constant('page' as const), status: fc.constant(200 as const), bodies })
    .map(({ bodies: { html, data }, ...rest }) => ({ ...rest, html, data })),
  fc.record({ ...shared, kind: fc.constant('notFound' as const), status: fc.constant(404 as const) }),
  fc.record({
    ...shared,
    kind: fc.constant('redirect' as const),
    status: fc.constantFrom(301 as const, 302 as const, 303 as const, 307 as const, 308 as const),
    destination: fc.string({ unit: 'grapheme' }),
    basePath: fc.boolean(),
  }),
)

/** An entry of about that many bytes. */
export function toEntryOf(
  key: string,
  size: number,
  times: Partial<Pick<Entry, 'startedAt' | 'generatedAt'>> = {},
): Entry {
  const identity = Buffer.from(new Uint8Array(size).fill(key.length % 256).buffer)
  const html = { identity, digest: 'digest' }
  const lifetime = { startedAt: 1, generatedAt: 1, revalidate: 60, expire: 3600, ...times }
  return { key, ...lifetime, kind: 'page', status: 200, html, data: undefined }
}

export function toNotFound(key: string): Extract<Entry, { kind: 'notFound' }> {
  return { key, startedAt: 1, generatedAt: 1, revalidate: 60, expire: 3600, kind: 'notFound', status: 404 }
}
