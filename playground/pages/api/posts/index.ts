import type { ApiRequest, ApiResponse } from 'vite-plugin-isr'
import { listPosts } from '../../../server/posts.server.ts'

/** All posts without their texts. */
export default async function handler(req: ApiRequest, res: ApiResponse) {
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    res.setHeader('Allow', 'GET, HEAD')
    return res.status(405).json({ message: 'Method not allowed.' })
  }
  return res.json(await listPosts())
}
