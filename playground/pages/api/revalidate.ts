import type { ApiRequest, ApiResponse } from 'vite-plugin-isr'
import { isSecret } from '../../server/secret.server.ts'

/** Makes a post's page anew: `/api/revalidate?secret=<MY_SECRET_TOKEN>&id=1`. */
export default async function handler(req: ApiRequest, res: ApiResponse) {
  if (!isSecret(req.query['secret'])) return res.status(401).json({ message: 'Invalid token' })
  const { id } = req.query
  if (typeof id !== 'string' || id === '') return res.status(400).json({ message: 'Which post? Add &id=1' })

  try {
    await Promise.all([res.revalidate(`/blog/${encodeURIComponent(id)}`), res.revalidate('/blog')])
    return res.json({ revalidated: true })
  } catch (error) {
    // The last good page stays.
    console.error(error)
    return res.status(500).send('Error revalidating')
  }
}
