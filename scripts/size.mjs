// `npm run size`: what visitors download of the client runtime, and what an installation takes, held against scripts/sizes.json.
// `npm run size -- --accept` writes what is measured now as what the next changes are held against.
import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const budgetFile = join(root, 'scripts/sizes.json')

/** Uses all of the client that most sites do: the hydration entry, the router and `Link`. */
const SITE = {
  'pages/index.jsx': `
import { Link } from 'vite-plugin-isr/client'
export default function Home({ name }) { return <main>{name}<Link href="/posts/1">Post</Link></main> }
export async function getStaticProps() { return { props: { name: 'home' }, revalidate: 60 } }
`,
  'pages/posts/[id].jsx': `
import { useRouter } from 'vite-plugin-isr/client'
export default function Post() { return <main>{useRouter().asPath}</main> }
export async function getStaticPaths() { return { paths: [], fallback: 'blocking' } }
export async function getStaticProps() { return { props: {} } }
`,
}

/** Sizes in bytes by name, as `sizes.json` has them. */
export async function measure() {
  const client = await measureClient()
  const { size, unpackedSize } = measurePackage()
  return {
    ...client,
    'the published package, packed': size,
    'the published package, unpacked': unpackedSize,
    'the package with its dependencies': unpackedSize + measureDependencies(),
  }
}

/**
 * What is too large, each in a sentence.
 *
 * @param {Record<string, number>} sizes
 * @param {Record<string, { bytes: number, growth: number }>} budget `growth` is how much more is let pass, as a share
 */
export function judge(sizes, budget) {
  return Object.entries(budget).flatMap(([name, { bytes, growth }]) => {
    const limit = Math.floor(bytes * (1 + growth))
    const now = sizes[name]
    if (now === undefined) return [`${name} is in scripts/sizes.json, and was not measured.`]
    if (now <= limit) return []
    return [`${name} grew from ${format(bytes)} to ${format(now)} (+${now - bytes} B); ${format(limit)} are let pass.`]
  })
}

async function measureClient() {
  const site = realpathSync(mkdtempSync(join(tmpdir(), 'isr-size-')))
  try {
    for (const [name, text] of Object.entries(SITE)) {
      mkdirSync(dirname(join(site, name)), { recursive: true })
      writeFileSync(join(site, name), text)
    }
    mkdirSync(join(site, 'node_modules'))
    for (const name of ['react', 'react-dom', 'vite']) {
      symlinkSync(join(root, 'node_modules', name), join(site, 'node_modules', name), 'dir')
    }
    symlinkSync(root, join(site, 'node_modules/vite-plugin-isr'), 'dir')
    return readClient(await buildClient(site))
  } finally {
    rmSync(site, { recursive: true, force: true })
  }
}

async function buildClient(site) {
  const { createBuilder } = await import('vite')
  const { default: isr } = await import(pathToFileURL(join(root, 'dist/plugin/index.js')).href)
  // Apart, so that each can be weighed: a site has both in one file.
  const groups = [{ name: 'react', test: /[\\/]node_modules[\\/](?:react|react-dom|scheduler)[\\/]/ }]
  const builder = await createBuilder({
    root: site,
    configFile: false,
    logLevel: 'silent',
    plugins: [isr()],
    environments: { client: { build: { rolldownOptions: { output: { codeSplitting: { groups } } } } } },
  })
  await builder.buildApp()
  const assets = join(site, 'dist/client/assets')
  return readdirSync(assets).map((name) => ({ name, bytes: readFileSync(join(assets, name)) }))
}

function readClient(files) {
  const pick = (pattern) => files.filter(({ name }) => pattern.test(name)).map(({ bytes }) => bytes)
  const react = pick(/^react-.*\.js$/)
  const client = pick(/^client-.*\.js$/)
  // The two pages are the rest.
  if (react.length !== 1 || client.length !== 1 || files.length !== 4) {
    throw new Error(`The client is cut in other ways than expected: ${files.map(({ name }) => name).join(', ')}`)
  }
  const both = [...client, ...react]
  return {
    'the client runtime in brotli': sum(client.map(toBrotliBytes)),
    'the client runtime in gzip': sum(client.map(toGzipBytes)),
    'the client runtime with React in brotli': sum(both.map(toBrotliBytes)),
    'the client runtime with React in gzip': sum(both.map(toGzipBytes)),
  }
}

function measurePackage() {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm ${args.join(' ')} ended with ${status}:\n${stderr}`)
  return JSON.parse(stdout)[0]
}

/** What a new installation adds beside the package, in the versions of the lock file. Its peers are every site's own. */
function measureDependencies() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const places = new Set()
  function visit(place) {
    for (const name of Object.keys(packages[place].dependencies ?? {})) {
      const found = findPlace(packages, place, name)
      if (places.has(found)) continue
      places.add(found)
      visit(found)
    }
  }
  visit('')
  return sum([...places].map((place) => measureFolder(join(root, place))))
}

/** Where Node finds a package: beside the one that asks, or further out. */
function findPlace(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const place = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`
    if (packages[place]) return place
    if (folder === '') throw new Error(`package-lock.json has no ${name}, which ${from} depends on`)
  }
}

/** Bytes of a package's own files. */
function measureFolder(folder) {
  return sum(
    readdirSync(folder, { withFileTypes: true }).map((each) => {
      const path = join(folder, each.name)
      if (each.isDirectory()) return each.name === 'node_modules' ? 0 : measureFolder(path)
      return each.isFile() ? readFileSync(path).byteLength : 0
    }),
  )
}

function toBrotliBytes(bytes) {
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).byteLength
}

function toGzipBytes(bytes) {
  return gzipSync(bytes, { level: 9 }).byteLength
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0)
}

function format(bytes) {
  return `${(bytes / 1000).toFixed(bytes < 100_000 ? 2 : 1)} kB`
}

function print(sizes, { budget, next }) {
  const width = Math.max(...Object.keys(sizes).map((name) => name.length))
  for (const [name, bytes] of Object.entries(sizes)) {
    const { bytes: before = bytes } = budget[name] ?? {}
    const change = bytes === before ? '' : `  (${bytes > before ? '+' : ''}${bytes - before} B)`
    const peer = next.sizes[name] === undefined ? '' : `  Next.js ${next.version}: ${format(next.sizes[name])}`
    console.log(`${name.padEnd(width)}  ${format(bytes).padStart(10)}${peer}${change}`)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const known = JSON.parse(readFileSync(budgetFile, 'utf8'))
  const sizes = await measure()
  print(sizes, known)
  if (process.argv.includes('--accept')) {
    const budget = Object.entries(known.budget).map(([name, { growth }]) => [name, { bytes: sizes[name], growth }])
    writeFileSync(budgetFile, `${JSON.stringify({ ...known, budget: Object.fromEntries(budget) }, undefined, 2)}\n`)
  } else {
    const faults = judge(sizes, known.budget)
    if (faults.length > 0) {
      console.error(`\n${faults.join('\n')}`)
      console.error(
        'Look for what came in that is not needed: an import that pulls in more than it uses, a file that should not be ' +
          'published.\nIf it is worth its bytes, run `npm run size -- --accept`, commit scripts/sizes.json, and say why in the commit.',
      )
      process.exitCode = 1
    }
  }
}
