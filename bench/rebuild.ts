// How long `vite build` takes when one page in a hundred has changed, and whether its result is that of a clean build.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openPack } from '../dist/runtime/cache/pack.js'
import { toPageKey, toShellKey } from '../dist/runtime/routing/key.js'
import { compileProgram } from './harness/compile.ts'
import { BENCH_ROOT, BUILDS as FOLDER } from './harness/folders.ts'
import { readOptions } from './harness/options.ts'
import { run } from './harness/process.ts'
import { writeResults, type Row } from './harness/results.ts'
import { toFigure } from './harness/statistics.ts'
import { listPaths } from './site/posts.ts'

/** One `vite build`. */
interface Build {
  readonly name: 'first' | 'rebuild' | 'clean'
  /** Of the data: another one is another page in a hundred. */
  readonly version: 1 | 2
  /** Builds that share a folder take pages from each other. */
  readonly cache: string
}

interface Sample {
  readonly wholeMs: number
  readonly pagesMs: number
  /** Pages that are those of the build before. */
  readonly reused: number
}

const BUILDS: readonly Build[] = [
  { name: 'first', version: 1, cache: 'kept' },
  { name: 'rebuild', version: 2, cache: 'kept' },
  { name: 'clean', version: 2, cache: 'empty' },
]
const LABELS = {
  first: 'first build',
  data: 'a loop that asks for the data of all pages and takes a digest of each',
  rebuild: '**rebuild, 1 % of the data changed**',
  clean: 'clean build of the same data',
} as const
/** Any will do: the files of two builds are then the same bytes. */
const SOURCE_DATE = '1760000000'

const options = readOptions({ rounds: 3, seconds: 1 })
const pages = options.isSmoke ? 200 : 10_000
const changed = pages / 100
const program = await compileProgram('servers/programs/data.ts')
const samples = { data: [] as Sample[], first: [] as Sample[], rebuild: [] as Sample[], clean: [] as Sample[] }

for (let round = 0; round < options.rounds; round++) {
  await inFolder(async (folder) => {
    for (const build of BUILDS) samples[build.name].push(await measure(folder, build))
    await compareEntries(join(folder, 'rebuild'), join(folder, 'clean'))
  })
  samples.data.push(await measureData())
}
await inFolder(async (folder) => {
  for (const build of BUILDS) await measure(folder, build, { SOURCE_DATE_EPOCH: SOURCE_DATE })
  compareFiles(join(folder, 'rebuild'), join(folder, 'clean'))
})
writeResults(
  'rebuild',
  {
    method: `${options.rounds} rounds of fresh processes, ${pages.toLocaleString('en-US')} pages; median (least–most), ratio to the first build`,
    leftOut: [],
    tables: [
      {
        id: 'rebuild',
        title: `\`vite build\` again, ${pages.toLocaleString('en-US')} pages`,
        notes:
          `Pages: what is done after the code is bundled. Of the rebuild's entries every byte was compared with those of the clean build, ` +
          'and with `SOURCE_DATE_EPOCH` the files were.',
        reference: 'first',
        columns: [
          { key: 'pages', label: 'pages', unit: 'ms', isCompared: true },
          { key: 'whole', label: 'whole command', unit: 'ms', isCompared: true },
          { key: 'reused', label: 'pages that were reused' },
        ],
        rows: (['first', 'rebuild', 'clean', 'data'] as const).map(toRow),
      },
    ],
  },
  options,
)

function toRow(name: keyof typeof samples): Row {
  const toCell = (read: (sample: Sample) => number) => toFigure(samples[name].map(read))
  return {
    name,
    label: LABELS[name],
    cells: {
      pages: toCell(({ pagesMs }) => pagesMs),
      whole: toCell(({ wholeMs }) => wholeMs),
      ...(name !== 'data' && { reused: toCell(({ reused }) => reused) }),
    },
  }
}

async function measure(
  folder: string,
  { name, version, cache }: Build,
  env: Readonly<Record<string, string>> = {},
): Promise<Sample> {
  const begin = performance.now()
  const { stdout } = await run({
    file: process.execPath,
    args: [join(BENCH_ROOT, 'node_modules/vite/bin/vite.js'), 'build', '--emptyOutDir'],
    cwd: join(BENCH_ROOT, 'apps/rebuild'),
    env: {
      BENCH_PAGES: String(pages),
      BENCH_VERSION: String(version),
      BENCH_OUT: join(folder, name),
      BENCH_CACHE: join(folder, cache),
      // Its last line is read.
      NO_COLOR: '1',
      ...env,
    },
  })
  const wholeMs = performance.now() - begin
  const pagesMs = Number(/^PAGES ([\d.]+) ms$/m.exec(stdout)?.[1])
  const reused = Number(/^(\d+) pages are those of the last build/m.exec(stdout)?.[1] ?? 0)
  console.log(`${name}: pages ${pagesMs.toFixed(0)} ms · whole ${wholeMs.toFixed(0)} ms · reused ${reused}`)
  // The default error pages are reused too.
  const wanted = name === 'rebuild' ? pages - changed + 2 : 0
  if (reused !== wanted) throw new Error(`${LABELS[name]}: ${reused} pages were reused, not ${wanted}.`)
  return { wholeMs, pagesMs, reused }
}

/** What no rebuild can do without: only the data says which pages have changed. */
async function measureData(): Promise<Sample> {
  const begin = performance.now()
  const { stdout } = await run({ file: process.execPath, args: [program], env: { BENCH_PAGES: String(pages) } })
  const wholeMs = performance.now() - begin
  const [, ms, count] = /^data ([\d.]+) of (\d+) pages$/m.exec(stdout) ?? []
  if (Number(count) !== pages) throw new Error(`The loop has asked for ${count} pages, not ${pages}.`)
  console.log(`data: ${Number(ms).toFixed(0)} ms`)
  return { wholeMs, pagesMs: Number(ms), reused: 0 }
}

/** Every body of every entry. @throws Error that names the first page that differs */
async function compareEntries(one: string, other: string): Promise<void> {
  const packs = [one, other].map((dist) => {
    const { entries } = readManifest(dist)
    return openPack(join(dist, 'isr'), entries)
  })
  const [first, second] = packs as [ReturnType<typeof openPack>, ReturnType<typeof openPack>]
  const keys = [...listPaths(pages), '/404', '/500'].map(toPageKey)
  if (first.has(toShellKey('/posts/[id]'))) throw new Error('There is a shell that nobody compares.')
  for (const key of keys) {
    const found = [await first.read(key), await second.read(key)].map((entry) => {
      if (entry?.kind !== 'page') throw new Error(`${key} is no page.`)
      const { startedAt: _startedAt, generatedAt: _generatedAt, ...rest } = entry
      return JSON.stringify(rest, (_, value: unknown) => (value instanceof Uint8Array ? toHex(value) : value))
    })
    if (found[0] !== found[1]) throw new Error(`${key} of ${one} is not that of ${other}.`)
  }
  for (const pack of packs) await pack.close()
  console.log(`${keys.length} entries are the same`)
}

/** @throws Error that names the first file that differs */
function compareFiles(one: string, other: string): void {
  for (const name of ['isr/entries.pack', 'isr/entries.index', 'server/app.mjs']) {
    const [first, second] = [readFileSync(join(one, name)), readFileSync(join(other, name))]
    if (!first.equals(second)) throw new Error(`${name} of ${one} is not that of ${other}.`)
  }
  console.log('The files are the same')
}

function readManifest(dist: string): { entries: Parameters<typeof openPack>[1] } {
  return JSON.parse(readFileSync(join(dist, 'isr/route-manifest.json'), 'utf8')) as {
    entries: Parameters<typeof openPack>[1]
  }
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** In a folder that is there for as long as it takes, where what is built finds React. */
async function inFolder(task: (folder: string) => Promise<void>): Promise<void> {
  mkdirSync(FOLDER, { recursive: true })
  const folder = mkdtempSync(join(FOLDER, 'rebuild-'))
  try {
    await task(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
