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
