import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { parse, serialize } from 'cookie'
import type { RouteManifest } from '../types.ts'

/** Draft mode: a signed cookie that an API route hands out. */
export interface Draft {
  /** Whether the request carries this build's draft cookie. Anything else is as if there were none. */
  isOn(req: IncomingMessage): boolean
  /** Hands out or takes back the cookie, beside others that the answer may set. */
  set(res: ServerResponse, enable: boolean): void
}

const NAME = '__isr_draft'

/**
 * The cookie's value is a signature over the build, made with a key that each build draws anew: nobody can make one up, and
 * a new build ends all drafts.
 *
 * @param options.development cookies of `http://localhost` can be neither `Secure` nor `SameSite=None`
 */
export function createDraft(
  manifest: Pick<RouteManifest, 'buildId' | 'draftKey'>,
  options: { readonly development: boolean },
): Draft {
  const value = createHmac('sha256', Buffer.from(manifest.draftKey, 'base64url'))
    .update(`vite-plugin-isr draft ${manifest.buildId}`)
    .digest('base64url')
  const expected = Buffer.from(value)
  const attributes = {
    path: '/',
    httpOnly: true,
    ...(options.development ? { sameSite: 'lax' as const } : { secure: true, sameSite: 'none' as const }),
  }
  const on = serialize(NAME, value, attributes)
  const off = serialize(NAME, '', { ...attributes, expires: new Date(0) })

  return {
    isOn(req) {
      const header = req.headers.cookie
      // Almost nobody has it, and hits must not pay for parsing cookies.
      if (header === undefined || !header.includes(NAME)) return false
      const given = Buffer.from(parse(header)[NAME] ?? '')
      return given.length === expected.length && timingSafeEqual(given, expected)
    },

    set(res, enable) {
      const others = [res.getHeader('set-cookie') ?? []].flat().map(String)
      const kept = others.filter((cookie) => !cookie.startsWith(`${NAME}=`))
      res.setHeader('Set-Cookie', [...kept, enable ? on : off])
    },
  }
}
