// What a visitor's browser loads to make a page work: the scripts that its HTML names, compressed as well as a CDN can.
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { readOptions } from './harness/options.ts'
import { startServer } from './harness/process.ts'
import { writeResults } from './harness/results.ts'
import { toFigure, type Figure } from './harness/statistics.ts'
import { decode, request } from './servers/check.ts'
import { ALL_SERVERS, prepareServers, type Prepared } from './servers/index.ts'

/** Those that hydrate the page. */
const HYDRATING = new Set(['isr', 'next'])
const PAGE = '/posts/1'

const options = readOptions({ rounds: 1, seconds: 1 })
const kinds = ALL_SERVERS.filter(({ name }) => HYDRATING.has(name))
const { servers, leftOut } = await prepareServers(kinds, { pages: 10 }, options)
const rows = []
for (const server of servers) {
  rows.push({ name: server.name, label: server.label, cells: await measureScripts(server) })
}
const table = {
  id: 'size',
  title: 'Scripts of a page',
  notes:
    'With React and the page itself, without polyfills for old browsers. `npm run size` at the root weighs the client runtime ' +
    'alone, and continuous integration holds it against a budget.',
  reference: 'isr',
  columns: [
    { key: 'brotli', label: 'brotli', unit: 'bytes', isCompared: true },
    { key: 'gzip', label: 'gzip', unit: 'bytes', isCompared: true },
    { key: 'plain', label: 'not compressed', unit: 'bytes' },
    { key: 'files', label: 'files' },
  ],
  rows,
}
const method = 'brotli 11 and gzip 9 of each file that the HTML of a page names as a script or as a module to preload'
writeResults('size', { method, leftOut, tables: [table] }, options)

async function measureScripts({ command, label }: Prepared): Promise<Record<string, Figure>> {
  const server = await startServer(command)
  try {
    const paths = listScripts(decode(await request(server.url + PAGE)))
    if (paths.length === 0) throw new Error(`${label} names no script in ${PAGE}.`)
    const scripts: Buffer[] = []
    for (const path of paths) {
      const { status, body } = await request(new URL(path, server.url).href)
      if (status !== 200) throw new Error(`${label}: ${path} has status ${status}.`)
      scripts.push(body)
    }
    const sum = (measure: (script: Buffer) => number) =>
      toFigure([scripts.reduce((total, script) => total + measure(script), 0)])
    return {
      brotli: sum((script) => brotliCompressSync(script, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length),
      gzip: sum((script) => gzipSync(script, { level: 9 }).length),
      plain: sum((script) => script.length),
      files: toFigure([scripts.length]),
    }
  } finally {
    await server.stop()
  }
}

function listScripts(html: string): string[] {
  const tags = [...html.matchAll(/<(?:script|link)\b[^>]*>/gi)].map(([tag]) => tag)
  const loaded = tags.filter(
    (tag) => !/\bnomodule\b/i.test(tag) && (/^<script/i.test(tag) || /modulepreload/.test(tag)),
  )
  return [...new Set(loaded.flatMap((tag) => /\b(?:src|href)="([^"]+)"/.exec(tag)?.[1] ?? []))]
}
