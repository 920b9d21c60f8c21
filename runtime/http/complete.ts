import type { IncomingMessage } from 'node:http'
import type { Body, Encoding, Entry, Outcome, ReadRequest, Target } from '../types.ts'
import type { HttpContext } from './context.ts'
import { PLAIN } from './encoding.ts'
import type { Form } from './representation.ts'

/** The best of what the client takes that the body has or can have. */
function chooseEncoding(body: Body, accepted: readonly Encoding[]): Encoding {
  return accepted.find((each) => body[each] !== undefined || body.makeable?.includes(each)) ?? 'identity'
}

/**
 * The form that the client takes and that is not made yet, if so. Who asks for it first waits for that a little; who takes one
 * that is there waits for nothing.
 */
export function findLacking(
  context: HttpContext,
  req: IncomingMessage,
  entry: Entry,
  form: Form,
): Encoding | undefined {
  const body = toBody(entry, form)
  // Most bodies have all that is asked for.
  return body?.makeable?.length
    ? chooseLacking(body, context.chooseEncodings(req.headers['accept-encoding']))
    : undefined
}

function toBody(entry: Entry, form: Form): Body | undefined {
  return entry.kind === 'page' ? entry[form] : undefined
}

function chooseLacking(body: Body, accepted: readonly Encoding[]): Encoding | undefined {
  const encoding = chooseEncoding(body, accepted)
  return body[encoding] === undefined ? encoding : undefined
}

/**
 * Gives an entry the form that this client takes.
 *
 * @param accepted best first. Default: what the client says
 * @returns false where it turned out to be damaged: read again
 */
export async function completeFor(
  context: HttpContext,
  req: IncomingMessage,
  entry: Entry,
  form: Form,
  accepted = context.chooseEncodings(req.headers['accept-encoding']),
): Promise<boolean> {
  const body = toBody(entry, form)
  // One that turns out to be no smaller leads to the next best.
  for (;;) {
    const encoding = body && chooseLacking(body, accepted)
    if (!encoding) return true
    if (!(await context.engine.complete(entry, form, encoding))) return false
  }
}

/** Of the build and of the store: who reads once more finds another one, or makes the page. */
const MOST_DAMAGED = 3

/** Asks the engine for a page in the form that this client takes. What is damaged counts as not there. */
export async function readComplete(
  context: HttpContext,
  req: IncomingMessage,
  target: Target,
  form: Form,
  request: ReadRequest,
): Promise<Outcome> {
  context.crowd.enter(target.key)
  try {
    for (let damaged = 0; damaged < MOST_DAMAGED; damaged++) {
      const outcome = await context.engine.read(target, request)
      if (!('entry' in outcome)) return outcome
      const accepted = isGoodPlain(context, req, outcome) ? PLAIN : undefined
      if (await completeFor(context, req, outcome.entry, form, accepted)) return outcome
    }
    throw new Error(`All copies of ${target.path} are damaged.`)
  } finally {
    context.crowd.leave(target.key)
  }
}

/**
 * Compressing takes longer than many a render. In a storm of misses a page that was just made goes out plain to a visitor who
 * is the only one to wait for it, and is compressed when somebody asks for it again, or when there is time.
 */
function isGoodPlain(
  context: HttpContext,
  req: IncomingMessage,
  { entry, state }: Extract<Outcome, { entry: Entry }>,
): boolean {
  // The data is there as soon as the plain HTML is.
  if (state !== 'MISS' || entry.kind !== 'page' || entry.html.identity === undefined) return false
  // Weights may say that plain is not wanted.
  return !req.headers['accept-encoding']?.includes('=') && context.crowd.isHeldUpBy(entry.key)
}
