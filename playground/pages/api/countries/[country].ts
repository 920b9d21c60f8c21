import type { ApiRequest, ApiResponse } from 'vite-plugin-isr'
import { readCountry, saveDescription } from '../../../server/countries.server.ts'
import { parseHosts, refuseWrite } from '../../../server/origin.ts'
import { parseRevision, parseText } from '../../../server/submission.ts'

/** GET reads a country, POST replaces its text and makes the pages that show it anew. */
export default async function handler(req: ApiRequest<'/api/countries/[country]'>, res: ApiResponse) {
  const country = await readCountry(req.query.country)
  if (!country) return res.status(404).json({ message: 'There is no such country.' })

  if (req.method === 'GET' || req.method === 'HEAD') {
    const { outline: _, ...rest } = country
    return res.json(rest)
  }
  if (req.method !== 'POST') {
    res.setHeader('Allow', 'GET, HEAD, POST')
    return res.status(405).json({ message: 'Method not allowed.' })
  }

  const { slug } = country
  // A form without JavaScript is led on; a program gets JSON.
  const isForm = req.headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false
  const fail = (status: number, problem: string, message: string) =>
    isForm ? res.redirect(303, `/edit/${slug}?problem=${problem}`) : res.status(status).json({ message })

  const refusal = refuseWrite(req.headers, parseHosts(process.env['ATLAS_HOSTS']))
  if (refusal) return fail(403, 'refused', refusal)

  const { description, revision } = toFields(req.body)
  const text = parseText(description)
  if (!text.ok) return fail(400, 'text', text.reason)
  const expected = parseRevision(revision)
  if (!expected) return fail(400, 'text', 'The revision is missing.')

  const saved = await saveDescription(slug, text.text, expected)
  if (!saved) return fail(409, 'conflict', 'Somebody else has changed the text since you opened it. Reload to see it.')

  try {
    // The country's own page, and the front page, which lists the latest edits.
    await Promise.all([res.revalidate(`/countries/${slug}`), res.revalidate('/')])
  } catch (error) {
    console.error(error)
    return isForm
      ? res.redirect(303, `/edit/${slug}?problem=failed`)
      : res.status(500).json({
          message: 'The text is saved, but the page could not be made anew yet. It will be within a minute.',
          revision: saved,
        })
  }
  return isForm ? res.redirect(303, `/countries/${slug}`) : res.json({ revision: saved })
}

function toFields(body: unknown): { description?: unknown; revision?: unknown } {
  return typeof body === 'object' && body !== null ? body : {}
}
