import type { ApiRequest, ApiResponse } from 'vite-plugin-isr'

export default async function revalidate(req: ApiRequest, res: ApiResponse): Promise<void> {
  await res.revalidate(String(req.query['path']))
  res.json({ revalidated: true })
}
