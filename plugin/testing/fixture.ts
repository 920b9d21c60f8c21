import { spawn, type ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))

/** Packages that a site of ours has installed; the plugin is the built one, as a user would have it. */
const INSTALLED = ['vite', 'react', 'react-dom', '@vitejs/plugin-react', '@types/react', 'typescript']

/** How a program ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A server that runs. */
export interface Running {
  readonly url: string
  /** All that it has printed. */
  output(): string
  close(): Promise<void>
}

/** A small site in a folder of its own. */
export interface Fixture {
  readonly root: string
  /** Runs the Vite command line and waits for its end, at most `timeoutMs`. */
  vite(args: readonly string[], options?: { env?: Record<string, string>; timeoutMs?: number }): Promise<Ended>
  /** Runs a program of the site and waits for its end. */
  run(file: string, options?: { env?: Record<string, string>; timeoutMs?: number }): Promise<Ended>
  /** Starts a program that prints a URL when it listens. */
  start(args: readonly string[], env?: Record<string, string>): Promise<Running>
  write(files: Readonly<Record<string, string>>): Promise<void>
  read(file: string): Promise<string>
  /** Names of all files below a folder, sorted; empty when there is none. */
  list(folder: string): Promise<string[]>
  remove(): Promise<void>
}

const VITE_CONFIG = `
import react from '@vitejs/plugin-react'
import isr from 'vite-plugin-isr'
export default { plugins: [react(), isr()] }
`

/** Writes a site with the given files and everything that it needs. */
export async function createFixture(files: Readonly<Record<string, string>>): Promise<Fixture> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'isr-fixture-')))
  for (const name of INSTALLED) {
    await mkdir(dirname(join(root, 'node_modules', name)), { recursive: true })
    await symlink(join(REPOSITORY, 'node_modules', name), join(root, 'node_modules', name), 'dir')
  }
  await symlink(REPOSITORY, join(root, 'node_modules/vite-plugin-isr'), 'dir')

  async function write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, name)), { recursive: true })
      // In one go: between the two steps of the other, a busy machine leaves the file empty for as long as it likes.
      writeFileSync(join(root, name), text)
    }
  }
  await write({ 'package.json': '{ "name": "fixture", "private": true }', 'vite.config.mjs': VITE_CONFIG, ...files })

  const launch = (args: readonly string[], env: Record<string, string> = {}) =>
    spawn(process.execPath, args, {
      cwd: root,
      env: { ...toCleanEnvironment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })

  return {
    root,
    write,
    vite: (args, { env, timeoutMs = 150_000 } = {}) =>
      untilEnd(launch([join(root, 'node_modules/vite/bin/vite.js'), ...args], env), timeoutMs),
    run: (file, { env, timeoutMs = 150_000 } = {}) => untilEnd(launch([join(root, file)], env), timeoutMs),
    start: (args, env = {}) => startProgram(args, { cwd: root, env }),
    read: (file) => readFile(join(root, file), 'utf8'),
    async list(folder) {
      try {
        const found = await readdir(join(root, folder), { recursive: true, withFileTypes: true })
        const names = found.filter((item) => item.isFile()).map((item) => join(item.parentPath, item.name))
        return names.map((name) => name.slice(join(root, folder).length + 1)).toSorted()
      } catch {
        return []
      }
    },
    remove: () => rm(root, { recursive: true, force: true }),
  }
}

/** What the test runner sets would make a development build. */
function toCleanEnvironment(): NodeJS.ProcessEnv {
  const unwanted = /^(?:NODE_ENV|VITEST.*|CI|NODE_OPTIONS|FORCE_COLOR|ISR_.*)$/
  return { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !unwanted.test(name))), NO_COLOR: '1' }
}

function capture(child: ChildProcess): { stdout: string; stderr: string } {
  const captured = { stdout: '', stderr: '' }
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (captured.stdout += text))
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (captured.stderr += text))
  return captured
}

async function untilEnd(child: ChildProcess, timeoutMs: number): Promise<Ended> {
  const captured = capture(child)
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearTimeout(timer)
  return { code, ...captured }
}

/** Starts a program in any folder; it must print a URL when it listens. */
export function startProgram(
  args: readonly string[],
  { cwd, env = {} }: { cwd: string; env?: Record<string, string> },
): Promise<Running> {
  const clean = { ...toCleanEnvironment(), ...env }
  return untilListening(spawn(process.execPath, args, { cwd, env: clean, stdio: ['ignore', 'pipe', 'pipe'] }))
}

async function untilListening(child: ChildProcess): Promise<Running> {
  const captured = capture(child)
  const output = () => captured.stdout + captured.stderr
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout!.on('data', () => {
      const found = /https?:\/\/[\w.[\]:]+(?=[/\s])/.exec(captured.stdout)?.[0]
      if (found) resolve(found)
    })
    child.once('close', (code) => reject(new Error(`it ended with ${code} before it listened:\n${output()}`)))
  })
  return {
    url,
    output,
    async close() {
      child.kill('SIGTERM')
      await ended
    },
  }
}
