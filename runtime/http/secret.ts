import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * Whether a text that a visitor sent is the secret. It takes the same time for every text, so that nobody finds the secret by
 * measuring how much of a guess was right. Use it in API routes that revalidate pages or hand out drafts.
 *
 * @param given what came with the request: a header, a query value. Anything but a string is not the secret.
 * @param secret usually a variable of the environment; while it is missing or empty, nothing is the secret
 * @example
 * import { isSameSecret } from 'vite-plugin-isr/runtime'
 *
 * if (!isSameSecret(req.headers['x-secret'], process.env.REVALIDATE_SECRET)) return res.status(401).end()
 */
export function isSameSecret(given: unknown, secret: string | undefined): boolean {
  if (typeof given !== 'string' || !secret) return false
  // `timingSafeEqual` throws for unequal lengths, and an answer that depends on them tells the secret's.
  return timingSafeEqual(toDigest(given), toDigest(secret))
}

function toDigest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
