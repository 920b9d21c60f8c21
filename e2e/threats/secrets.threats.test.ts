/** Secrets, drafts, and what `res.revalidate` promises, over HTTP. */
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServerProcess } from '../process.ts'
import { NOSTORE, send, type Answer } from '../harness/http.ts'
import { toDataPath } from '../harness/cache-app.ts'
import { eventually } from '../harness/eventually.ts'
import { createSite, type Site } from '../harness/site.ts'

const CONCURRENCY = 2
const QUEUE = 3

const FILES = {
  'pages/posts/[id].jsx': `import { ask } from '../../source.server.js'
export const getStaticPaths = () => ({ paths: [], fallback: 'blocking' })
export const getStaticProps = async ({ params, draftMode }) => {
  const { value } = await ask(draftMode ? 'draft-' + params.id : params.id, { draftMode })
  return { props: { value }, revalidate: 3600 }
}
export default function Post({ value }) { return <main id="value">{value}</main> }`,
  'pages/still.jsx': `export const getStaticProps = () => ({ props: {} })
export default () => <main>still</main>`,
  'pages/api/draft.js': `import { isSameSecret } from 'vite-plugin-isr/runtime'
export default (req, res) =>
  isSameSecret(req.headers['x-secret'], process.env.DRAFT_SECRET)
    ? res.setDraftMode({ enable: true }).end()
    : res.status(401).end()`,
  'pages/api/revalidate.js': `export default async (req, res) => {
  try {
    res.json(await res.revalidate(req.query.path))
  } catch (error) {
    res.status(500).json({ code: error.code })
  }
}`,
}

let site: Site
let server: ServerProcess

beforeAll(async () => {
  site = await createSite({ files: FILES, options: `{ render: { concurrency: ${CONCURRENCY}, queue: ${QUEUE} } }` })
  await site.build()
  server = await site.serve('start', { DRAFT_SECRET: 'salt' })
})

afterAll(async () => {
  await site?.dispose()
})

const get = (path: string, headers: Record<string, string> = {}) => send(server, path, { headers })
const readValue = ({ text }: Answer) => /<main id="value">([^<]*)</.exec(text)?.[1]

async function getDraftCookie(): Promise<string> {
  const { headers } = await get('/api/draft', { 'x-secret': 'salt' })
  return (headers['set-cookie'] ?? '').split(';')[0]!
}

const readManifest = async () =>
  JSON.parse(await site.read('dist/isr/route-manifest.json')) as { buildId: string; draftKey: string }

describe('secrets', () => {
  it('SEC-90 a route opens for the very secret, and for nothing near it', async () => {
    expect((await get('/api/draft', { 'x-secret': 'salt' })).status).toBe(200)
    for (const given of ['', 's', 'sal', 'salt0', 'SALT', 'salt, salt', 'undefined', 'x'.repeat(8000)]) {
      const answer = await get('/api/draft', { 'x-secret': given })
      expect([answer.status, answer.headers['set-cookie']], given).toEqual([401, undefined])
    }
    expect((await get('/api/draft')).status).toBe(401)
  })

  it.each(['start', 'dev'] as const)('SEC-90 while the secret is not set, it opens for nothing (%s)', async (mode) => {
    const other = await site.serve(mode)
    for (const given of ['', 'undefined', 'null', 'salt']) {
      const { status } = await send(other, '/api/draft', { headers: { 'x-secret': given } })
      expect(status).toBe(401)
    }
    await other.stop()
  })

  it('SEC-90 SEC-43 a draft cookie is one text of one build: whatever is near it gets the public page', async () => {
    const cookie = await getDraftCookie()
    const [name, value] = cookie.split('=') as [string, string]
    expect(value).toMatch(/^[\w-]{43}$/)
    const { buildId, draftKey } = await readManifest()
    const sign = (key: string, text: string) => createHmac('sha256', key).update(text).digest('base64url')
    const forged = [
      '',
      value.slice(0, -1),
      `${value}x`,
      value.toUpperCase(),
      `${value.slice(0, -1)}${value.endsWith('A') ? 'B' : 'A'}`,
      'true',
      '1',
      'x'.repeat(4000),
      sign('', `vite-plugin-isr draft ${buildId}`),
      sign(draftKey, buildId),
      sign(buildId, `vite-plugin-isr draft ${buildId}`),
      buildId,
      draftKey,
    ]
    expect((await get('/posts/cookie', { cookie })).cache).toBe('BYPASS')
    for (const each of forged) {
      const answer = await get('/posts/cookie', { cookie: `${name}=${each}` })
      expect(answer.cache, each).not.toBe('BYPASS')
      expect(readValue(answer), each).toMatch(/^cookie /)
    }
    for (const other of [`${name}x=${value}`, `x${name}=${value}`, `${name.toUpperCase()}=${value}`, `a="${cookie}"`]) {
      expect((await get('/posts/cookie', { cookie: other })).cache, other).toBe('HIT')
    }
  })

  it('SEC-90 the cookie stays with this site’s pages: no script reads it, no plain connection carries it', async () => {
    const { headers } = await get('/api/draft', { 'x-secret': 'salt' })
    expect(headers['set-cookie']).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=None$/)
    expect(headers['cache-control'] ?? 'no-store').not.toMatch(/public|s-maxage/)
  })
})

describe('drafts', () => {
  it('SEC-95 P7 wait for a place like every render, are refused when too many wait, and hits go on', async () => {
    const cookie = await getDraftCookie()
    expect((await get('/still')).cache).toBe('HIT')
    const hold = site.source.hold('draft-busy')
    const before = site.source.count('draft-busy')
    const settled: Answer[] = []
    const waiting = Array.from({ length: 30 }, async (_, index) => {
      settled.push(await get(`/posts/busy?n=${index}`, { cookie }))
    })
    await hold.waiting
    // Refused at once, while the others still wait.
    await eventually(() => expect(settled).toHaveLength(30 - CONCURRENCY - QUEUE))
    const refused = [...settled]
    expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 503))
    for (const answer of refused) {
      expect(answer.headers['cache-control']).toBe(NOSTORE)
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    }
    expect(site.source.count('draft-busy') - before).toBeLessThanOrEqual(CONCURRENCY)
    for (const _ of Array(20)) expect((await get('/still')).cache).toBe('HIT')
    hold.release()
    await Promise.all(waiting)
    expect(settled.filter(({ status }) => status === 200)).toHaveLength(CONCURRENCY + QUEUE)
    expect(site.source.count('draft-busy') - before).toBe(CONCURRENCY + QUEUE)
  })

  it('SEC-95 SEC-43 P11 none is stored or shared with who waits for the public page', async () => {
    const cookie = await getDraftCookie()
    const hold = site.source.hold('shared')
    const visitor = get('/posts/shared')
    await hold.waiting
    const draft = await get('/posts/shared', { cookie })
    expect([draft.cache, readValue(draft), draft.headers['cache-control']]).toEqual([
      'BYPASS',
      'draft-shared 1',
      NOSTORE,
    ])
    hold.release()
    expect(readValue(await visitor)).toBe('shared 1')
    const { buildId } = await readManifest()
    for (const path of ['/posts/shared', toDataPath(buildId, '/posts/shared')]) {
      const answer = await get(path)
      expect(answer.cache).toBe('HIT')
      expect(answer.text).toContain('shared 1')
      expect(answer.text).not.toContain('draft-')
    }
  })
})

describe('a revalidation', () => {
  it('SEC-97 P12 a render that began before it neither answers the call nor comes back later', async () => {
    const name = 'fence'
    site.source.set(name, { value: 'old' })
    // A cold page: its only render waits for the old data, which the source has decided on already.
    const slow = site.source.hold(name)
    const first = get(`/posts/${name}`)
    await slow.waiting
    site.source.set(name, { value: 'new' })
    const revalidated = get(`/api/revalidate?path=/posts/${name}`)
    // The call is not answered by the render that runs: it has to ask again.
    slow.release()
    await first
    expect((await revalidated).json()).toMatchObject({ status: 'regenerated' })
    for (const _ of Array(20)) expect(readValue(await get(`/posts/${name}`))).toBe('new')
    expect(site.source.count(name)).toBe(2)
    // What is stored is the new one too.
    await server.stop()
    server = await site.serve('start', { DRAFT_SECRET: 'salt' })
    expect(readValue(await get(`/posts/${name}`))).toBe('new')
  })

  it('SEC-97 P12 of many together each is answered with data that was read after it was made', async () => {
    const name = 'race'
    await get(`/posts/${name}`)
    let version = 0
    await Promise.all(
      Array.from({ length: 25 }, async () => {
        version += 1
        const mine = version
        site.source.set(name, { value: `v${mine}` })
        const answer = await get(`/api/revalidate?path=/posts/${name}`)
        expect(answer.json()).toMatchObject({ status: 'regenerated' })
        const seen = Number(readValue(await get(`/posts/${name}`))!.slice(1))
        expect(seen).toBeGreaterThanOrEqual(mine)
      }),
    )
    expect(readValue(await get(`/posts/${name}`))).toBe(`v${version}`)
  })
})

describe('a new build', () => {
  it('SEC-90 has a new key: the cookie of the one before is worth nothing', async () => {
    const cookie = await getDraftCookie()
    expect((await get('/posts/rotates', { cookie })).cache).toBe('BYPASS')
    const first = await readManifest()
    expect(Buffer.from(first.draftKey, 'base64url').length).toBe(32)
    await server.stop()
    await site.build()
    expect((await readManifest()).draftKey).not.toBe(first.draftKey)
    server = await site.serve()
    expect((await get('/posts/rotates', { cookie })).cache).toBe('MISS')
  })
})
