import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createBody, readPlain } from '../../runtime/cache/body.ts'
import { openPack } from '../../runtime/cache/pack.ts'
import { CONTENT_TYPES } from '../../runtime/http/representation.ts'
import { createFixture, type Fixture } from '../testing/fixture.ts'

const COUNT = 1500

let site: Fixture
beforeAll(async () => {
  site = await createFixture({
    'round.json': '1',
    'pages/posts/[id].jsx': `
import { readFileSync } from 'node:fs'
export const getStaticPaths = () => ({ paths: Array.from({ length: ${COUNT} }, (_, id) => '/posts/' + id), fallback: false })
export const getStaticProps = ({ params }) => {
  const id = Number(params.id)
  // Of all sizes; every third page is another one in the next round.
  const round = id % 3 === 0 ? JSON.parse(readFileSync('round.json', 'utf8')) : 0
  return { props: { id, round, text: ('page ' + id + ' of round ' + round + '. ').repeat(1 + (id * 7919) % (id % 100 === 0 ? 4000 : 200)) } }
}
export default ({ id, text }) => <main id={'post-' + id}>{text}</main>`,
  })
})
afterAll(() => site.remove())

test('P2 W17 of many pages of all sizes each body is what its page made, in a first build and the next one', async () => {
  for (const round of [1, 2]) {
    await site.write({ 'round.json': String(round) })
    const ended = await site.vite(['build'])
    expect([ended.code, ended.stderr]).toEqual([0, ''])
    const { entries } = JSON.parse(await site.read('dist/isr/route-manifest.json'))
    const pack = openPack(join(site.root, 'dist/isr'), entries)
    for (let id = 0; id < COUNT; id++) {
      const entry = await pack.read(`p:/posts/${id}`)
      if (entry?.kind !== 'page' || !entry.data) throw new Error(`Page ${id} is missing`)
      // The HTML holds it.
      expect([entry.data.identity, entry.data.br]).toEqual([undefined, undefined])
      const html = await readPlain(entry.html, entry.html)
      const data = await readPlain(entry.data, entry.html)
      const { pageProps } = JSON.parse(Buffer.from(data).toString()) as {
        pageProps: { id: number; round: number; text: string }
      }
      expect([pageProps.id, pageProps.round]).toEqual([id, id % 3 === 0 ? round : 0])
      expect(Buffer.from(html).toString()).toContain(`<main id="post-${id}">${pageProps.text}</main>`)
      const digests = await Promise.all([
        createBody(html, CONTENT_TYPES.html, { compress: false }),
        createBody(data, CONTENT_TYPES.data, { compress: false }),
      ])
      expect([entry.html.digest, entry.data.digest]).toEqual(digests.map(({ digest }) => digest))
    }
    await pack.close()
  }
})
