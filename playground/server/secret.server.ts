import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether a text is the secret of `MY_SECRET_TOKEN`; nothing is while that is not set. */
export function isSecret(text: unknown): boolean {
  const secret = process.env['MY_SECRET_TOKEN']
  if (!secret || typeof text !== 'string') return false
  const toHash = (value: string) => createHash('sha256').update(value).digest()
  return timingSafeEqual(toHash(text), toHash(secret))
}
