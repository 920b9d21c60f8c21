/** What tests of the app `journal` share: a page of each kind, each of which prints all that it can know of a request. */
import { Agent } from 'node:http'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { isLong } from '../../scripts/flags.ts'
import type { ServerProcess } from '../process.ts'
import { eventually } from '../harness/eventually.ts'
import { send, type Answer, type SendOptions } from '../harness/http.ts'
import { createSite, type Site } from '../harness/site.ts'
import type { Source } from '../harness/source.ts'

/** For tests that repeat something so many times more when they are asked for. */
export const LONG_TIMEOUT_MS = isLong ? 3 * 3_600_000 : 120_000

/** What the pages throw, and nobody may see. */
export const SECRET = 'hunter2-of-the-data-base'

/** Its own pages, and pages that came from Next.js. */
export const MODES = ['own', 'next'] as const
type Mode = (typeof MODES)[number]

export interface JournalOptions {
  mode?: Mode
  /** Further options of the plugin, as source: `trailingSlash: true,`. */
  options?: string
  /** With a slash at both ends. */
  base?: string
}

export interface Journal {
  readonly site: Site
  readonly source: Source
  readonly server: ServerProcess
  readonly buildId: string
  /** Where navigation data lies, by the spellings of the mode. */
  readonly dataPrefixes: readonly string[]
  /** Keeps a few connections open: thousands of requests would else run out of ports. */
  get(path: string, options?: SendOptions): Promise<Answer>
  /** The file of each stored page that was generated at run time. */
  listEntries(): Promise<string[]>
  /** All of them in one text, byte for byte. */
  readEntries(): Promise<string>
  /** Serves the site anew; the server that runs has been stopped. */
  restart(): Promise<void>
  /** Fails unless the server is the same process, alive, and has printed no stack of its own making. */
  expectAlive(): Promise<void>
}

const NEXT_FILES = {
  'router.js': `export { useRouter } from 'next/router'\n`,
  'pages/_document.jsx': `
import NextDocument, { Head, Html, Main, NextScript } from 'next/document'
import { raise } from '../raise.js'

export default class Document extends NextDocument {
  static async getInitialProps(context) {
    if (context.pathname === '/broken-document') raise('document-error')
    const initial = await NextDocument.getInitialProps(context)
    return { ...initial, given: Object.keys(context).sort().join() }
  }
  render() {
    return (
      <Html lang="en">
        <Head />
        <body data-given={this.props.given}>
          <Main />
          <NextScript />
        </body>
      </Html>
    )
  }
}
`,
}

/** Builds the app before the tests of the group, serves it, and ends it all after them. */
export function useJournal({ mode = 'own', options = '', base = '/' }: JournalOptions = {}): Journal {
  let site: Site
  let server: ServerProcess
  let buildId: string
  let agent: Agent

  beforeAll(async () => {
    site = await createSite({
      app: 'threats/apps/journal',
      files: mode === 'next' ? NEXT_FILES : {},
      options: `{ ${mode === 'next' ? 'next: true,' : ''} ${options} }`,
      config: `base: ${JSON.stringify(base)},`,
    })
    await site.build()
    buildId = (JSON.parse(await site.read('dist/isr/route-manifest.json')) as { buildId: string }).buildId
    agent = new Agent({ keepAlive: true, maxSockets: 64 })
    server = await site.serve()
  })

  afterAll(async () => {
    agent?.destroy()
    await site?.dispose()
  })

  const get: Journal['get'] = (path, request) => send(server, path, { agent, ...request })
  const listEntries: Journal['listEntries'] = () => site.list('.isr-cache')

  return {
    get site() {
      return site
    },
    get source() {
      return site.source
    },
    get server() {
      return server
    },
    get buildId() {
      return buildId
    },
    get dataPrefixes() {
      const prefixes = [`${base}_isr/data/${buildId}`]
      return mode === 'next' ? [...prefixes, `${base}_next/data/${buildId}`] : prefixes
    },
    get,
    listEntries,
    // Again when a temporary file of the list was renamed before it was read.
    readEntries: () =>
      eventually(async () => {
        const files = await listEntries()
        const texts = await Promise.all(files.map((file) => readFile(join(site.root, '.isr-cache', file), 'latin1')))
        return texts.join('\n')
      }),
    async restart() {
      server = await site.serve()
    },
    async expectAlive() {
      expect((await get(base)).status).toBe(200)
      expect(server.output()).not.toMatch(/uncaughtException|unhandledRejection|ERR_UNHANDLED|Node\.js v\d/)
    },
  }
}

/** What must be the same for every visitor: all but the time and the seconds that are left. */
export function toPublic({ status, headers, text }: Answer): unknown {
  const { date: _, connection: __, 'keep-alive': ___, ...rest } = headers
  return {
    status,
    text,
    headers: {
      ...rest,
      'cache-control': rest['cache-control']?.replace(/s-maxage=\d+/, 's-maxage=n'),
      'cache-status': rest['cache-status']?.replace(/ttl=-?\d+/, 'ttl=n'),
    },
  }
}

/** A path's answer once nothing about it is being made any more. */
export function settle(journal: Journal, path: string): Promise<Answer> {
  return eventually(async () => {
    const answer = await journal.get(path)
    if (answer.cache !== undefined && answer.cache !== 'HIT') throw new Error(`${path} is ${answer.cache}`)
    return answer
  })
}
