// A program: writes the posts as files, each beside its gzip and brotli forms.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { renderDocument } from '../../site/document.tsx'
import { loadPost } from '../../site/load.ts'
import { countPrerendered } from '../../site/settings.ts'

const folder = process.argv[2] ?? ''

for (let id = 1; id <= countPrerendered(); id++) {
  const result = loadPost(String(id))
  if (!('props' in result)) throw new Error(`No post ${id}.`)
  const file = join(folder, 'posts', `${id}.html`)
  const body = Buffer.from(renderDocument(result.props))
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, body)
  writeFileSync(`${file}.gz`, gzipSync(body))
  writeFileSync(`${file}.br`, brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }))
}
