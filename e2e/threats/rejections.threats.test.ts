/** A site whose code fails in every way that JavaScript has, behind the visitor's back: the server goes on. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServerProcess } from '../process.ts'
import { eventually } from '../harness/eventually.ts'
import { send } from '../harness/http.ts'
import { createSite, type Site } from '../harness/site.ts'

/** What a data function does, as source. */
const WAYS = {
  'an-error': `throw new Error('boom')`,
  'a-text': `throw 'boom'`,
  undefined: `throw undefined`,
  null: `return Promise.reject(null)`,
  'nothing-rejected': `return Promise.reject()`,
  'a-number': `throw 0`,
  'a-symbol': `throw Symbol('boom')`,
  'a-hostile-message': `throw Object.defineProperty(new Error('x'), 'message', { get() { throw new Error('in message') } })`,
  'a-hostile-stack': `throw Object.defineProperty(new Error('x'), 'stack', { get() { throw new Error('in stack') } })`,
  'a-hostile-cause': `throw new Error('x', { cause: { get message() { throw new Error('in cause') } } })`,
  'a-circle': `const error = new Error('x'); error.cause = error; throw error`,
  'a-proxy': `throw new Proxy({}, { get() { throw new Error('in get') }, getPrototypeOf() { throw new Error('in prototype') } })`,
  'a-bare-object': `throw Object.create(null)`,
  'a-function': `throw () => { throw new Error('called') }`,
  'a-thenable-that-throws': `return { then() { throw new Error('in then') } }`,
  'a-thenable-that-rejects-twice': `return { then(done, fail) { fail(new Error('once')); fail(new Error('twice')); throw new Error('thrice') } }`,
  'a-getter-for-then': `return { get then() { throw new Error('in getter') } }`,
  'a-getter-for-props': `return { get props() { throw new Error('in props') } }`,
  'a-getter-in-props': `return { props: { get value() { throw new Error('in value') } }, revalidate: 1 }`,
  'a-floating-promise': `Promise.reject(new Error('nobody waits')); throw new Error('x')`,
  'a-late-finally': `Promise.reject(new Error('late')).finally(() => {}); throw new Error('x')`,
  'a-rejection-later': `setTimeout(() => Promise.reject(new Error('later')), 5); throw new Error('x')`,
  'a-listener': `process.nextTick(() => { throw new Error('on the next tick') }); throw new Error('x')`,
} as const

const toPage = (body: string) => `import { ask } from '../../source.server.js'
async function change() { return (await ask('mode')).fails }
function fail() { ${body} }
export const getStaticProps = async () => {
  if (await change()) return fail()
  return { props: { value: 'good' }, revalidate: 1 }
}
export default function Page({ value }) { return <main>{value}</main> }`

/** Recursion with and without an asynchronous context, which on old versions of Node could not be caught. */
const DEEP = `import { AsyncLocalStorage } from 'node:async_hooks'
const storage = new AsyncLocalStorage()
const nest = (depth) => { let value = 'ground'; while (depth-- > 0) value = { value }; return value }
const nestList = (depth) => { let value = []; while (depth-- > 0) value = [value]; return value }
const fall = () => 1 + fall()
const ways = {
  props: () => ({ value: nest(100_000) }),
  list: () => ({ value: nestList(100_000) }),
  function: () => ({ value: fall() }),
  stored: () => storage.run({}, () => ({ value: fall() })),
  parsed: () => ({ value: JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)) }),
  async: () => storage.run({}, async () => { const sink = async () => { await null; return fall() }; return { value: await sink() } }),
}
`

const DEEP_PAGE = `${DEEP}
export const getStaticPaths = () => ({ paths: [], fallback: 'blocking' })
export const getStaticProps = async ({ params }) =>
  params.kind === 'component' ? { props: { value: 'component' } } : { props: await ways[params.kind]() }
const Nested = ({ depth }) => (depth === 0 ? 'ground' : <div><Nested depth={depth - 1} /></div>)
export default function Page({ value }) { return <main>{value === 'component' ? <Nested depth={100_000} /> : 'page'}</main> }`

const DEEP_API = `${DEEP}
export default async (req, res) => res.json(await ways[req.query.kind]())`

let site: Site
let server: ServerProcess
const names = Object.keys(WAYS)

beforeAll(async () => {
  site = await createSite({
    files: {
      ...Object.fromEntries(Object.entries(WAYS).map(([name, body]) => [`pages/ways/${name}.jsx`, toPage(body)])),
      ...Object.fromEntries(
        Object.entries(WAYS).map(([name, body]) => [
          `pages/api/ways/${name}.js`,
          `export default async function handler() { ${body} }`,
        ]),
      ),
      ...Object.fromEntries(
        Object.entries(WAYS).map(([name, body]) => [
          `pages/live/${name}.jsx`,
          `export const getServerSideProps = async () => { ${body} }\nexport default () => <main>live</main>`,
        ]),
      ),
      'pages/deep/[kind].jsx': DEEP_PAGE,
      'pages/api/deep/[kind].js': DEEP_API,
      'pages/deep-live.jsx': `import { AsyncLocalStorage } from 'node:async_hooks'
const storage = new AsyncLocalStorage()
export const getServerSideProps = ({ query }) => {
  storage.enterWith({})
  return { props: { depth: Number(query.depth) } }
}
const Nested = ({ depth }) => (depth === 0 ? 'ground' : <Nested depth={depth - 1} />)
export default function Live({ depth }) { return <main><Nested depth={depth} /></main> }`,
      'pages/still.jsx': `export const getStaticProps = () => ({ props: {} })\nexport default () => <main>still</main>`,
    },
  })
  site.source.set('mode', { fails: false })
  await site.build()
  site.source.set('mode', { fails: true })
  server = await site.serve()
})

afterAll(async () => {
  await site?.dispose()
})

describe('a regeneration in the background', () => {
  it('SEC-111 REL-03 P1 P8 that rejects with anything leaves the page as it is, and the process alive', async () => {
    const before = site.source.count('mode')
    for (const name of names) {
      await eventually(async () => {
        const answer = await send(server, `/ways/${name}`)
        expect([answer.status, answer.text.includes('<main>good</main>')], name).toEqual([200, true])
        expect(answer.cache, name).toBe('STALE')
      })
    }
    // Each was tried, and failed.
    await eventually(() => expect(site.source.count('mode') - before).toBeGreaterThanOrEqual(names.length))
    for (const name of names) {
      const answer = await send(server, `/ways/${name}`)
      expect([answer.status, answer.cache, answer.text.includes('<main>good</main>')], name).toEqual([
        200,
        'STALE',
        true,
      ])
    }
    expect((await send(server, '/still')).cache).toBe('HIT')
  })

  it('SEC-111 P9 that comes right again is stored', async () => {
    site.source.set('mode', { fails: false })
    // A page that failed pauses for a second or two.
    await eventually(async () => {
      for (const name of names) expect((await send(server, `/ways/${name}`)).cache, name).not.toBe('STALE')
    }, 40_000)
    site.source.set('mode', { fails: true })
  })
})

describe('the visitor’s own request', () => {
  // On the thread that serves, where an error that nobody catches would be the end of it. What user code leaves floating
  // there, or throws out of a callback, is the user's own: Node ends the process for it, and we do not hide that (REL-59).
  // What is returned is no failure of an API route.
  const caught = names.filter((name) => !/floating|late|later|listener|props/.test(name))

  it.each(caught)(
    'SEC-111 P8 an API route and a server-rendered page that fail with %s are a plain 500',
    async (name) => {
      const api = await send(server, `/api/ways/${name}`)
      expect([api.status, api.text]).toEqual([500, 'Internal Server Error'])
      const page = await send(server, `/live/${name}`)
      expect(page.status).toBe(500)
      expect(page.text).not.toMatch(/boom|in (?:then|getter|message|stack)/)
      expect((await send(server, '/still')).cache).toBe('HIT')
    },
  )
})

describe('depth', () => {
  it.each(['props', 'list', 'function', 'stored', 'parsed', 'async', 'component'])(
    'SEC-109 SEC-88 P8 a page whose %s is 100 000 levels deep is answered, and the process lives',
    async (kind) => {
      const answer = await send(server, `/deep/${kind}`)
      // React itself climbs as deep as memory lasts.
      expect(kind === 'component' ? [200, 500] : [500]).toContain(answer.status)
      expect(answer.text).not.toMatch(/RangeError|call stack/)
      expect((await send(server, '/still')).cache).toBe('HIT')
    },
  )

  it.each(['props', 'list', 'function', 'stored', 'parsed', 'async'])(
    'SEC-109 P8 an API route that answers with %s of that depth is a plain 500',
    async (kind) => {
      const answer = await send(server, `/api/deep/${kind}`)
      expect([answer.status, answer.text]).toEqual([500, 'Internal Server Error'])
      expect((await send(server, '/still')).cache).toBe('HIT')
    },
  )

  it('SEC-109 P8 components that are rendered per request may be as deep, on the thread that serves', async () => {
    expect((await send(server, '/deep-live?depth=100')).text).toContain('ground')
    for (const depth of [10_000, 100_000]) {
      const answer = await send(server, `/deep-live?depth=${depth}`)
      expect([200, 500], String(depth)).toContain(answer.status)
      expect((await send(server, '/still')).cache).toBe('HIT')
    }
  })
})
