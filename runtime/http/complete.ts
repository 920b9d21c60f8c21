import type { IncomingMessage } from 'node:http'
import type { Entry } from '../types.ts'
import type { HttpContext } from './context.ts'
import type { Form } from './representation.ts'

/**
 * Whether the client takes a compressed body that is not made yet. Who asks for a page first, or shortly after it was made,
 * waits for that a little; who takes it as it is waits for nothing.
 */
export function lacksForms(context: HttpContext, req: IncomingMessage, entry: Entry, form: Form): boolean {
  if (entry.kind !== 'page' || !(form === 'html' ? entry.html : entry.data)?.isUncompressed) return false
  return context.chooseEncodings(req.headers['accept-encoding'])[0] !== 'identity'
}

/** The entry as this client gets it: with its compressed bodies, where it takes one that is not made yet. */
export async function completeFor(
  context: HttpContext,
  req: IncomingMessage,
  entry: Entry,
  form: Form,
): Promise<Entry> {
  return lacksForms(context, req, entry, form) ? context.engine.complete(entry) : entry
}
