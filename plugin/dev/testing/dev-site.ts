import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import react from '@vitejs/plugin-react'
import {
  createLogger,
  createServer,
  normalizePath,
  type HotPayload,
  type InlineConfig,
  type Plugin,
  type ViteDevServer,
} from 'vite'
import type isrPlugin from '../../index.ts'
import type { IsrOptions } from '../../options.ts'

const repository = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')

/** An answer as it came over the wire. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** A site in a temporary folder with a development server on a port of its own. */
export interface DevTestSite {
  readonly root: string
  readonly server: ViteDevServer
  readonly url: string
  /** What was sent to browsers, in order. */
  readonly sent: HotPayload[]
  /** What was logged. */
  readonly logs: string[]
  get(path: string, options?: { method?: string; headers?: Record<string, string>; body?: string }): Promise<Answer>
  /** Writes or (without text) removes a file, and waits until the server has taken notice. */
  change(file: string, text?: string): Promise<void>
  close(): Promise<void>
}

export interface DevTestOptions {
  readonly files: Record<string, string>
  readonly options?: IsrOptions
  readonly config?: InlineConfig
}

/** The plugin as it is built: generated modules name files of `dist`. */
async function importPlugin(): Promise<typeof isrPlugin> {
  const { href } = pathToFileURL(join(repository, 'dist/plugin/index.js'))
  const module: { default: typeof isrPlugin } = await import(/* @vite-ignore */ href)
  return module.default
}

/** Starts a development server on the files. */
export async function startDevSite({ files, options, config = {} }: DevTestOptions): Promise<DevTestSite> {
  const root = normalizePath(realpathSync(mkdtempSync(join(tmpdir(), 'isr-dev-'))))
  write(root, 'package.json', '{"type":"module"}')
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'))
  for (const [name, text] of Object.entries(files)) write(root, name, text)

  const isr = await importPlugin()
  const logs: string[] = []
  const logger = createLogger('info', { allowClearScreen: false })
  for (const level of ['info', 'warn', 'error', 'warnOnce'] as const) logger[level] = (line) => void logs.push(line)
  const changes = createChangeObserver()
  const server = await createServer({
    root,
    configFile: false,
    customLogger: logger,
    // The packages are shared with the repository, and so would be what Vite keeps beside them.
    cacheDir: join(root, '.vite'),
    ...config,
    plugins: [react(), isr(options), changes.plugin, ...(config.plugins ?? [])],
    server: { host: '127.0.0.1', port: 0, fs: { allow: [root, repository] }, ...config.server },
  })
  const sent: HotPayload[] = []
  const { hot } = server.environments.client
  const send: (...values: unknown[]) => void = hot.send.bind(hot)
  hot.send = (...values: [HotPayload | string, unknown?]) => {
    const [payload, data] = values
    sent.push(typeof payload === 'string' ? { type: 'custom', event: payload, data } : payload)
    send(...values)
  }
  await server.listen()
  await watched(server, Object.keys(files))
  const { port } = server.httpServer!.address() as AddressInfo

  return {
    root,
    server,
    url: `http://127.0.0.1:${port}`,
    sent,
    logs,
    get: (path, init = {}) => ask(port, path, init),
    async change(name, text) {
      const file = `${root}/${name}`
      await changes.quiet(file)
      const taken = changes.next(file)
      if (text === undefined) rmSync(file)
      else write(root, name, text)
      await taken
    },
    async close() {
      await settleOptimizer(server)
      await server.close()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

function write(root: string, name: string, text: string): void {
  const file = join(root, name)
  if (!existsSync(dirname(file))) mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

/** Waits until the watcher knows the files: it begins in the background, and may have told that it is ready before anyone listens. */
async function watched({ watcher, config: { root } }: ViteDevServer, names: string[]): Promise<void> {
  const files = names.map((name) => join(root, name))
  for (;;) {
    const known = watcher.getWatched()
    if (files.every((file) => known[dirname(file)]?.includes(basename(file)))) return
    await new Promise((done) => setTimeout(done, 5))
  }
}

/** Vite goes on bundling dependencies after its end, into a folder that is no more. */
async function settleOptimizer({ environments }: ViteDevServer): Promise<void> {
  const optimizer = environments.client.depsOptimizer
  await optimizer?.scanProcessing
  for (const { processing } of Object.values(optimizer?.metadata.discovered ?? {})) await processing
}

/** Tells when a change has gone through all hot update hooks and what follows them. */
function createChangeObserver(): {
  plugin: Plugin
  next(file: string): Promise<void>
  quiet(file: string): Promise<void>
} {
  const waiting = new Map<string, () => void>()
  const seen = new Map<string, number>()
  return {
    plugin: {
      name: 'test:changes',
      enforce: 'post',
      hotUpdate: {
        order: 'post',
        handler({ file }) {
          if (this.environment.name !== 'ssr') return
          seen.set(file, Date.now())
          // Behind the update of the modules and what is announced after it.
          setImmediate(() => setImmediate(() => waiting.get(file)?.()))
        },
      },
    },
    /** The watcher drops a second change of a file within 50 ms. */
    async quiet(file) {
      while (Date.now() - (seen.get(file) ?? 0) < 60) await new Promise((done) => setTimeout(done, 5))
    },
    next: (file) => new Promise((done) => waiting.set(file, done)),
  }
}

/** A request whose path goes out exactly as it is written. */
function ask(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string },
): Promise<Answer> {
  return new Promise((done, fail) => {
    const call = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (res) => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('error', fail)
      res.on('end', () =>
        done({ status: res.statusCode!, headers: res.headers, text: Buffer.concat(chunks).toString() }),
      )
    })
    call.on('error', fail)
    call.end(body)
  })
}
