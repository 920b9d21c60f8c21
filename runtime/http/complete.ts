import type { IncomingMessage } from 'node:http'
import type { Body, Encoding, Entry, Outcome, ReadRequest, Target } from '../types.ts'
import type { HttpContext } from './context.ts'
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
  const body = entry.kind === 'page' ? entry[form] : undefined
  // Most bodies have all that is asked for.
  if (!body?.makeable?.length) return undefined
  const encoding = chooseEncoding(body, context.chooseEncodings(req.headers['accept-encoding']))
  return body[encoding] === undefined ? encoding : undefined
}

/**
 * Gives an entry the form that this client takes.
 *
 * @returns false where it turned out to be damaged: read again
 */
export async function completeFor(
  context: HttpContext,
  req: IncomingMessage,
  entry: Entry,
  form: Form,
): Promise<boolean> {
  // One that turns out to be no smaller leads to the next best.
  for (;;) {
    const encoding = findLacking(context, req, entry, form)
    if (!encoding) return true
    if (!(await context.engine.complete(entry, form, encoding))) return false
  }
}

/** Of the build and of the store: who reads once more finds another one, or makes the page. */
const MOST_DAMAGED = 3

/** Asks the engine for a page in the form that this client takes. What is damaged counts as not there. */
export function readComplete(
  context: HttpContext,
  req: IncomingMessage,
  target: Target,
  form: Form,
  request: ReadRequest,
): Promise<Outcome> {
  return context.crowd.wait(target.key, async () => {
    for (let damaged = 0; damaged < MOST_DAMAGED; damaged++) {
      const outcome = await context.engine.read(target, request)
      if (!('entry' in outcome) || isGoodAsItIs(context, req, outcome, form)) return outcome
      if (await completeFor(context, req, outcome.entry, form)) return outcome
    }
    throw new Error(`All copies of ${target.path} are damaged.`)
  })
}

/**
 * Compressing takes longer than many a render. In a storm of misses a page that was just made goes out plain to a visitor who
 * is the only one to wait for it, and is compressed when somebody asks for it again, or when there is time.
 */
function isGoodAsItIs(
  context: HttpContext,
  req: IncomingMessage,
  { entry, state }: Extract<Outcome, { entry: Entry }>,
  form: Form,
): boolean {
  if (state !== 'MISS' || entry.kind !== 'page' || entry[form]?.identity === undefined) return false
  // Weights may say that plain is not wanted.
  return !req.headers['accept-encoding']?.includes('=') && context.crowd.isHeldUpBy(entry.key)
}
