/** Longest text that the editor takes, in characters. */
export const maxTextLength = 2000

/** A text that can be stored, or why it can't. */
export type Submission = { ok: true; text: string } | { ok: false; reason: string }

// Control characters but for the line feed, halves of surrogate pairs, and marks that turn the direction of what follows.
const unwanted = /[\p{Cc}\p{Cs}\u202A-\u202E\u2066-\u2069]/u

/** Checks a text that a visitor sent: plain text, paragraphs separated by an empty line. */
export function parseText(value: unknown, maxLength = maxTextLength): Submission {
  if (typeof value !== 'string') return { ok: false, reason: 'The text is missing.' }
  const text = value
    .replace(/\r\n?/g, '\n')
    .replace(/\t/g, ' ')
    .replace(/[^\S\n]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
  if (text === '') return { ok: false, reason: 'The text is empty.' }
  if (text.length > maxLength)
    return { ok: false, reason: `The text has ${text.length} characters, ${maxLength} is the most.` }
  if (unwanted.test(text.replaceAll('\n', ''))) return { ok: false, reason: 'The text contains control characters.' }
  return { ok: true, text }
}

/** A revision number out of a form field or JSON. */
export function parseRevision(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number > 0 ? number : undefined
}
