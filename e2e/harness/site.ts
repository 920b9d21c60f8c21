/**
 * A site of a test's own, in a temporary folder: built by the real `vite build` with the package as it is published, and
 * served by `node dist/server/start.mjs`, `vite preview` or `vite`.
 */
import { writeFileSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runToExit, startProcess, type ServerProcess } from '../process.ts'
import { createSource, sourceModule, type Source } from './source.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const folder = fileURLToPath(new URL('..', import.meta.url))

export interface SiteOptions {
  /** A folder to begin with: a name of `e2e/conformance/apps`, or a path in `e2e` such as `threats/apps/journal`. */
  app?: string
  /** Files by their path in the site; they win over the app's. */
  files?: Readonly<Record<string, string>>
  /** What is between the parentheses of `isr(…)`, as source. Default: nothing. Without effect where there is a vite.config of one's own. */
  options?: string
  /** Further fields of the Vite config, as source: `base: '/shop/',`. */
  config?: string
}

export interface Site {
  /** The site's folder. */
  readonly root: string
  /** The data behind its pages. */
  readonly source: Source
  /** Runs `vite build` to its end, whatever that is. */
  tryBuild(env?: Record<string, string>): Promise<{ code: number | null; output: string }>
  /** Runs `vite build`. @returns what it printed @throws with that when it fails */
  build(env?: Record<string, string>): Promise<string>
  /** Starts a server: `start` is `node dist/server/start.mjs`, a file's name is one of the site's own. All that still run end with `dispose`. */
  serve(mode?: 'start' | 'preview' | 'dev' | `${string}.mjs`, env?: Record<string, string>): Promise<ServerProcess>
  write(files: Readonly<Record<string, string>>): Promise<void>
  read(file: string): Promise<string>
  remove(file: string): Promise<void>
  /** Paths of all files below a folder of the site, relative to it and sorted; empty when there is none. */
  list(folder: string): Promise<string[]>
  /** Ends everything and removes the folder. */
  dispose(): Promise<void>
}

/** Makes a site; it is not built yet. Every one has `source.server.js` (see `Source`) beside its pages folder. */
export async function createSite({ app, files = {}, options = '', config = '' }: SiteOptions): Promise<Site> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'isr-conformance-')))
  await installPackages(root)
  const source = await createSource()
  const servers: ServerProcess[] = []
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  const toEnv = (env: Record<string, string> = {}) => ({
    SOURCE_URL: source.url,
    ISR_CACHE_DIR: join(root, '.isr-cache'),
    ...env,
  })

  async function write(written: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(written)) {
      await mkdir(dirname(join(root, name)), { recursive: true })
      // In one go: between the two steps of the other, a busy machine leaves the file empty for as long as it likes.
      writeFileSync(join(root, name), text)
    }
  }

  await write({
    'package.json': '{ "name": "site", "private": true, "type": "module" }',
    'source.server.js': sourceModule,
    'vite.config.mjs': `import react from '@vitejs/plugin-react'
import isr from 'vite-plugin-isr'
export default { ${config} plugins: [react(), isr(${options})] }
`,
  })
  if (app !== undefined) {
    await cp(join(folder, app.includes('/') ? app : `conformance/apps/${app}`), root, { recursive: true })
  }
  await write(files)

  const tryBuild: Site['tryBuild'] = (env) => runToExit(process.execPath, [vite, 'build'], root, toEnv(env))

  return {
    root,
    source,
    tryBuild,
    async build(env) {
      const { code, output } = await tryBuild(env)
      if (code !== 0) throw new Error(`vite build ended with ${code}:\n${output}`)
      return output
    },
    async serve(mode = 'start', env) {
      const server = await startProcess({
        cwd: root,
        toCommand: (port) => ({
          args:
            mode === 'preview' || mode === 'dev'
              ? [vite, ...(mode === 'preview' ? ['preview'] : []), ...toAddress(port)]
              : [join(root, mode === 'start' ? 'dist/server/start.mjs' : mode)],
          env: { HOST: '127.0.0.1', PORT: String(port), ...toEnv(env) },
        }),
      })
      servers.push(server)
      return server
    },
    write,
    read: (file) => readFile(join(root, file), 'utf8'),
    remove: (file) => rm(join(root, file), { recursive: true, force: true }),
    async list(folder) {
      const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(() => [])
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => relative(join(root, folder), join(entry.parentPath, entry.name)).split(sep).join('/'))
        .sort()
    },
    async dispose() {
      for (const server of servers) await server.kill()
      await source.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}

/** Gives the server of a built site that many seconds for a page. The build had all the time that a busy machine needs. */
export async function limitGeneration(site: Site, seconds: number): Promise<void> {
  const file = 'dist/isr/route-manifest.json'
  const manifest = JSON.parse(await site.read(file)) as { settings: { generateTimeout: number } }
  manifest.settings.generateTimeout = seconds
  await site.write({ [file]: JSON.stringify(manifest) })
}

function toAddress(port: number): string[] {
  return ['--host', '127.0.0.1', '--port', String(port), '--strictPort']
}

/** Ours as a copy of what is published, so that a later build of it changes no running test; the rest as npm put it. */
async function installPackages(root: string): Promise<void> {
  const installed = join(root, 'node_modules')
  const { files } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as { files: string[] }
  // What begins with a mark is taken out of those: documents, which no site reads.
  for (const name of ['package.json', ...files.filter((each) => !each.startsWith('!'))]) {
    await cp(join(repository, name), join(installed, 'vite-plugin-isr', name), { recursive: true })
  }
  for (const name of await listPackages(join(repository, 'node_modules'))) {
    await mkdir(dirname(join(installed, name)), { recursive: true })
    await symlink(join(repository, 'node_modules', name), join(installed, name), 'dir')
  }
}

async function listPackages(folder: string): Promise<string[]> {
  // Ours and the playground are there as workspaces.
  const names = (await readdir(folder)).filter(
    (name) => !name.startsWith('.') && !/^(vite-plugin-isr|atlas)$/.test(name),
  )
  const found: string[] = []
  for (const name of names) {
    if (!name.startsWith('@')) found.push(name)
    else found.push(...(await readdir(join(folder, name))).map((scoped) => `${name}/${scoped}`))
  }
  return found
}
