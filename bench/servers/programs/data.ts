// A program: the least that a rebuild does. Asks for the data of all pages, and takes a digest of each as JSON. Prints how many
// milliseconds that took.
import { hash } from 'node:crypto'
import { getStaticProps } from '../../apps/rebuild/pages/posts/[id].tsx'
import { countPrerendered } from '../../site/settings.ts'

const begin = performance.now()
const digests = new Set<string>()
for (let id = 1; id <= countPrerendered(); id++) {
  const context = { params: { id: String(id) } } as Parameters<typeof getStaticProps>[0]
  digests.add(hash('sha256', JSON.stringify(await getStaticProps(context))))
}
console.log(`data ${performance.now() - begin} of ${digests.size} pages`)
