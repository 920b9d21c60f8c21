import { defineHandler, HTTPError } from 'nitro/h3'
import { renderDocument } from '../../../../site/document.tsx'
import { loadPost } from '../../../../site/load.ts'

export default defineHandler((event) => {
  const result = loadPost(event.context.params?.['id'] ?? '')
  if (!('props' in result)) throw new HTTPError({ status: 404 })
  event.res.headers.set('content-type', 'text/html; charset=utf-8')
  return renderDocument(result.props)
})
