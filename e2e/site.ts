/**
 * Copies of the playground and of the app in e2e/migrated, each with data and a cache of its own, so that runs don't disturb
 * each other. They lie inside the repository because packages are then found where npm put them.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runToEnd, startProcess, type ServerProcess } from './process.ts'

const repository = join(dirname(fileURLToPath(import.meta.url)), '..')
const playground = join(repository, 'playground')
const probe = join(repository, 'e2e/fixtures/probe')
const migrated = join(repository, 'e2e/migrated')
const sites = join(repository, 'e2e/.sites')
/** What is copied, built. */
const templates = { playground: join(sites, 'playground'), migrated: join(sites, 'migrated') }
const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js')

export type Mode = 'dev' | 'preview' | 'start'
export type App = keyof typeof templates

/** Vite's `base` of the sites that don't have their host to themselves. */
export const base = '/deep/down/'

export interface Site extends Omit<ServerProcess, 'pid' | 'exited' | 'signal'> {
  /** The copy's folder. */
  readonly root: string
  // Both write in one go: between the two steps of `writeFile`, a busy machine leaves the file empty for as long as it likes.
  /** Changes a file of the copy; the change must change something. */
  edit(file: string, change: (text: string) => string): Promise<void>
  /** Writes a file of the copy. */
  write(file: string, text: string): Promise<void>
  remove(file: string): Promise<void>
  restart(): Promise<void>
}

/** The secret of the playground's revalidation route. */
export const secret = 'e2e-secret'

function toEnv(root: string): Record<string, string> {
  return {
    ATLAS_DB: join(root, 'data/atlas.db'),
    ISR_CACHE_DIR: join(root, '.isr-cache'),
    MY_SECRET_TOKEN: secret,
  }
}

/** Copies a site without what is made from it, except for what `keep` names. */
async function copySite(from: string, to: string, keep: readonly string[]): Promise<void> {
  const made = ['node_modules', 'dist', '.isr-cache', 'data'].filter((name) => !keep.includes(name))
  await rm(to, { recursive: true, force: true })
  await cp(from, to, {
    recursive: true,
    filter: (source) => !made.includes(relative(from, source).split(sep)[0] ?? ''),
  })
}

/** Puts the package where npm would put it, so that it is used as users have it, and a later build of it changes no test. */
async function installPackage(): Promise<void> {
  const installed = join(sites, 'node_modules/vite-plugin-isr')
  await cp(join(repository, 'dist'), join(installed, 'dist'), { recursive: true })
  for (const file of ['package.json', 'next.d.ts']) await cp(join(repository, file), join(installed, file))
}

/** Copies the playground, adds the probe pages, and builds it and the migrated app: once for a whole run. */
export async function buildTemplates(): Promise<void> {
  await rm(sites, { recursive: true, force: true })
  await installPackage()
  await copySite(playground, templates.playground, [])
  // The playground's own extends the one in the folder above it.
  await writeFile(join(sites, 'tsconfig.json'), '{ "extends": "../../tsconfig.json" }\n')
  await cp(probe, templates.playground, { recursive: true })
  await mkdir(join(templates.playground, 'data'), { recursive: true })
  await copySite(migrated, templates.migrated, [])
  for (const root of Object.values(templates)) await runToEnd(process.execPath, [vite, 'build'], root, toEnv(root))
}

export async function removeSites(): Promise<void> {
  await rm(sites, { recursive: true, force: true })
}

function toCommand(mode: Mode, root: string, base: string, port: number) {
  const env = { ...toEnv(root), HOST: '127.0.0.1', PORT: String(port) }
  if (mode === 'start') return { args: [join(root, 'dist/server/start.mjs')], env }
  const command = mode === 'preview' ? [vite, 'preview'] : [vite]
  return { args: [...command, '--base', base, '--host', '127.0.0.1', '--port', String(port), '--strictPort'], env }
}

/** Makes a copy of an app, called `name`, and serves it. */
export async function createSite(mode: Mode, app: App, name: string, base = '/'): Promise<Site> {
  const root = join(sites, name)
  if (!existsSync(templates[app])) await buildTemplates()
  await copySite(templates[app], root, mode === 'dev' ? ['data'] : ['data', 'dist'])

  if (mode !== 'dev' && base !== '/') {
    await runToEnd(process.execPath, [vite, 'build', '--base', base], root, toEnv(root))
  }

  const command = { toCommand: (port: number) => toCommand(mode, root, base, port), cwd: root }
  let server = await startProcess(command)

  return {
    root,
    url: server.url,
    port: server.port,
    output: () => server.output(),
    stop: () => server.stop(),
    kill: () => server.kill(),
    async restart() {
      server = await startProcess({ ...command, port: server.port })
    },
    async edit(file, change) {
      const path = join(root, file)
      const before = await readFile(path, 'utf8')
      const after = change(before)
      if (after === before) throw new Error(`The edit of ${file} changes nothing.`)
      writeFileSync(path, after)
    },
    async write(file, text) {
      const path = join(root, file)
      await mkdir(dirname(path), { recursive: true })
      writeFileSync(path, text)
    },
    async remove(file) {
      await rm(join(root, file))
    },
  }
}
