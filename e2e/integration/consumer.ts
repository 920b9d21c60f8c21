/** A site in a folder of its own that installs the packed package, as a user's would. */
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runToEnd, startProcess, type ServerProcess } from '../process.ts'

const repository = join(dirname(fileURLToPath(import.meta.url)), '../..')

export type Way = 'vite' | 'vite preview' | 'start.mjs' | 'vite-isr start' | 'express'

export interface Consumer {
  root: string
  /** Paths in the tarball. */
  packed: string[]
  env: Record<string, string>
  run(command: string, ...args: string[]): Promise<string>
  start(way: Way, port?: number): Promise<ServerProcess>
  dispose(): Promise<void>
}

/** Packs the package, copies the fixture and installs both there. */
export async function createConsumer(fixture: string, env: Record<string, string>): Promise<Consumer> {
  const root = await mkdtemp(join(tmpdir(), 'isr-consumer-'))
  await cp(join(repository, 'e2e/fixtures', fixture), root, { recursive: true })

  const report = await runToEnd('npm', ['pack', '--json', '--silent', '--pack-destination', root], repository)
  const [pack] = JSON.parse(report.slice(report.indexOf('['), report.lastIndexOf(']') + 1)) as [
    { filename: string; files: Array<{ path: string }> },
  ]

  // What the repository itself was tested with: the versions are known to npm's cache, so this needs no network.
  const { devDependencies } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>
  }
  const wanted = ['react', 'react-dom', 'vite', '@vitejs/plugin-react', 'express', 'typescript']
  wanted.push('@types/react', '@types/react-dom', '@types/node')
  const packages = wanted.map((name) => `${name}@${devDependencies[name] ?? 'latest'}`)
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--no-progress']
  await runToEnd('npm', ['install', ...flags, `./${pack.filename}`, ...packages], root)

  const binary = (name: string) => join(root, 'node_modules/.bin', name)
  return {
    root,
    packed: pack.files.map(({ path }) => path).sort(),
    env,
    run: (command, ...args) => runToEnd(binary(command), args, root, env),
    start: (way, port) =>
      startProcess({
        toCommand: (free) => ({
          args: toArguments(way, root, free),
          env: { ...env, HOST: '127.0.0.1', PORT: `${free}` },
        }),
        cwd: root,
        ...(port === undefined ? {} : { port }),
      }),
    dispose: () => rm(root, { recursive: true, force: true }),
  }
}

function toArguments(way: Way, root: string, port: number): string[] {
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  const address = ['--host', '127.0.0.1', '--port', String(port)]
  switch (way) {
    case 'vite':
      return [vite, ...address, '--strictPort']
    case 'vite preview':
      return [vite, 'preview', ...address, '--strictPort']
    case 'start.mjs':
      return ['dist/server/start.mjs']
    case 'vite-isr start':
      return [join(root, 'node_modules/vite-plugin-isr/dist/runtime/node/cli.js'), 'start', ...address]
    case 'express':
      return ['server.mjs']
  }
}

/** All files below a folder, relative to it. */
export async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
}

/** Forgets what earlier servers regenerated. */
export async function forgetRegenerated({ root }: Consumer): Promise<void> {
  await rm(join(root, '.isr-cache'), { recursive: true, force: true })
}
