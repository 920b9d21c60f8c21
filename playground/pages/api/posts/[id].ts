import type { ApiRequest, ApiResponse } from 'vite-plugin-isr'
import { readPost, savePost } from '../../../server/posts.server.ts'
import { isSecret } from '../../../server/secret.server.ts'
import { parseText } from '../../../server/submission.ts'

/**
 * GET reads a post. PUT changes it, as a content management system would: the page stays as it is until it is stale, or
 * until the system calls `/api/revalidate`.
 */
export default async function handler(req: ApiRequest<'/api/posts/[id]'>, res: ApiResponse) {
  const { id } = req.query
  const post = await readPost(id)
  if (!post) return res.status(404).json({ message: 'There is no such post.' })
  if (req.method === 'GET' || req.method === 'HEAD') return res.json(post)
  if (req.method !== 'PUT') {
    res.setHeader('Allow', 'GET, HEAD, PUT')
    return res.status(405).json({ message: 'Method not allowed.' })
  }

  if (!isSecret(req.headers.authorization?.replace(/^Bearer /i, '')))
    return res.status(401).json({ message: 'Invalid token' })
  const body: unknown = req.body
  const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
  const title = parseText(fields['title'] ?? post.title, 200)
  const content = parseText(fields['content'] ?? post.content, 20_000)
  if (!title.ok) return res.status(400).json({ message: `title: ${title.reason}` })
  if (!content.ok) return res.status(400).json({ message: `content: ${content.reason}` })
  await savePost(id, { title: title.text, content: content.text })
  return res.json(await readPost(id))
}
