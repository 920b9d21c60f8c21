#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { parsePort } from './port.ts'

const HELP = `vite-isr start [options]

Serves the site that \`vite build\` wrote.

  --dist <folder>   the build (default: dist)
  --port <number>   port to listen on (default: $PORT, else 3000)
  --host <address>  address to listen on (default: $HOST, else all)
  --help            show this
  --version         show the version

Variables: PORT, HOST, ISR_CACHE_DIR (folder of the run-time cache), ISR_DEBUG_CACHE=1 (a line per cache decision).
The files .env.production.local, .env.production, .env.local and .env of the working directory are read; the first that
sets a variable wins, and what the shell sets wins over all.
`

/** Exit codes: 1 for a build or port that cannot be used, 2 for a command that makes no sense. */
async function main(args: readonly string[]): Promise<number> {
  const command = parseCommand(args)
  if (typeof command === 'string') return refuse(command)
  const { values, positionals } = command
  if (values.help) return print(HELP)
  if (values.version) return print(`${readVersion()}\n`)
  if (positionals.length === 0) return refuse('say what to do: vite-isr start')
  if (positionals.length > 1 || positionals[0] !== 'start') return refuse(`unknown command "${positionals.join(' ')}"`)
  if (values.port !== undefined) {
    try {
      process.env['PORT'] = String(parsePort(values.port))
    } catch (error) {
      return refuse((error as Error).message)
    }
  }
  if (values.host !== undefined) process.env['HOST'] = values.host
  const dist = resolve(values.dist)
  const start = join(dist, 'server', 'start.mjs')
  if (!existsSync(start)) {
    process.stderr.write(
      `error [vite-plugin-isr] There is no build in ${dist}: ${start} is missing. Run \`vite build\` first. (ISR_NO_BUILD)\n`,
    )
    return 1
  }
  // The build's own start file, so that the site's code and the server share one copy of the runtime.
  await import(pathToFileURL(start).href)
  return 0
}

function parseCommand(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        dist: { type: 'string', default: 'dist' },
        port: { type: 'string', short: 'p' },
        host: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
        version: { type: 'boolean', short: 'v', default: false },
      },
    })
  } catch (error) {
    return (error as Error).message
  }
}

function readVersion(): string {
  const require = createRequire(import.meta.url)
  return (require('vite-plugin-isr/package.json') as { version: string }).version
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

function refuse(problem: string): number {
  process.stderr.write(`error ${problem}\n\n${HELP}`)
  return 2
}

const exitCode = await main(process.argv.slice(2))
// The server, once started, may have set its own.
process.exitCode ??= exitCode
