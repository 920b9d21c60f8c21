import { hash } from 'node:crypto'

/** The SHA-256 of bytes or text, in one call without a stream object. */
export function sha256(data: string | Uint8Array): Buffer {
  return hash('sha256', data, 'buffer')
}
