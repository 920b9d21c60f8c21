import pc from 'picocolors'
import { isIsrError } from '../errors.ts'
import { checkOptions, PATH_RULE, type OptionRule } from '../http/check-options.ts'
import { createIsrHandler } from '../http/isr-handler.ts'
import { createConsoleLog, type Log } from '../http/log.ts'
import { openBuildFolder } from '../http/build-folder.ts'
import { loadEnvFiles } from './env.ts'
import { parsePort } from './port.ts'
import { createProbes } from './probes.ts'
import { openServer, type RunningServer } from './server.ts'

/** What `startServer` is set up with. */
export interface StartOptions {
  /** The folder that `vite build` wrote. */
  readonly dist: string
  /** Default: the variable `PORT`, else 3000. 0 lets the system choose. */
  readonly port?: number
  /** Default: the variable `HOST`, else all addresses. */
  readonly host?: string
}

/** A server that was started, for whoever embeds it. */
export interface Started {
  readonly url: string
  readonly port: number
  /** Stops as SIGTERM does, without ending the process. */
  close(): Promise<void>
}

/** Within the 30 seconds that Kubernetes waits before it kills, with some to spare for writing what was generated. */
const GRACE_MS = 20_000
const CLOSE_MS = 8_000

const RULES: Readonly<Record<keyof StartOptions, OptionRule>> = {
  dist: { ...PATH_RULE, required: true },
  port: {
    test: (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535,
    allowed: 'a whole number from 0 to 65535',
  },
  host: { test: (value) => typeof value === 'string', allowed: 'an address or a host name, as a string' },
}

/**
 * The standalone server as a program: what `node dist/server/start.mjs` and `vite-isr start` run. It reads the `.env` files
 * of the working directory, prints its URL, answers
 * until SIGTERM or SIGINT, then finishes what it has begun (for 28 seconds at most) and exits with 0; a second signal ends it
 * at once. What the user got wrong is printed without a stack, and the exit code is 1.
 *
 * @example await startServer({ dist: 'dist', port: 8080 })
 */
export async function startServer(options: StartOptions): Promise<Started | undefined> {
  const log = createConsoleLog()
  // Whoever read our lines may end before we do; that is no reason to stop serving.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  try {
    const started = await start(options, log)
    endOnSignals(started, log)
    return started
  } catch (error) {
    if (!isIsrError(error)) throw error
    log.error(`${pc.red('error')} [vite-plugin-isr] ${error.message} (${error.code})`)
    process.exitCode = 1
    return undefined
  }
}

async function start(options: StartOptions, log: Log): Promise<Started> {
  const begin = performance.now()
  checkOptions('startServer', options, RULES)
  loadEnvFiles(process.cwd())
  const port = options.port ?? parsePort(process.env['PORT'])
  const host = options.host ?? (process.env['HOST'] || undefined)
  const handler = createIsrHandler({ dist: options.dist, log, closeTimeout: CLOSE_MS })
  const { base } = openBuildFolder(options.dist).manifest
  const probes = createProbes(base)
  let closing: Promise<void> | undefined

  async function close(server: RunningServer): Promise<void> {
    probes.retire()
    await server.close(GRACE_MS)
    await handler.close()
  }

  try {
    const server = await openServer((req, res) => probes.answer(req, res) || handler(req, res), { port, host })
    const url = `http://${toName(host)}:${server.port}${base}`
    const time = pc.dim(`ready in ${Math.ceil(performance.now() - begin)} ms`)
    log.info(
      `\n  ${pc.green(pc.bold('vite-plugin-isr'))}  ${time}\n\n  ${pc.green('➜')}  ${pc.bold('Local')}:   ${pc.cyan(url)}\n`,
    )
    return {
      url,
      port: server.port,
      close: () => (closing ??= close(server)),
    }
  } catch (error) {
    await handler.close()
    throw error
  }
}

function endOnSignals(started: Started, log: Log): void {
  let isEnding = false
  const end = (signal: NodeJS.Signals) => {
    if (isEnding) {
      log.warn(`[vite-plugin-isr] ${signal} again: ending at once.`)
      process.exit(1)
    }
    isEnding = true
    started.close().then(
      // What the site's own code left open, a database pool say, must not keep the process.
      () => process.exit(0),
      (error: unknown) => {
        log.error(`[vite-plugin-isr] ${String(error)}`)
        process.exit(1)
      },
    )
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, end)
}

/** The name under which a visitor on this machine finds the server. */
function toName(host: string | undefined): string {
  if (host === undefined || host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
