// Where the tests find a Redis server. They start it themselves, on a port and in a folder of its own.
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const names = ['redis-server', 'valkey-server']
// One program, which does what its name says. Debian's redis-tools has it under this name only, and installs no service.
const otherName = 'redis-check-rdb'

export const redisAdvice = `No Redis server for the tests was found.
Install one so that redis-server or valkey-server is on the PATH; it need not run, since the tests start their own
(Debian and Ubuntu: apt-get install redis-tools; macOS: brew install redis), or name one:

  REDIS_SERVER_PATH=/path/to/redis-server npm test`

/** @returns {{ path: string, argv0: string } | undefined} a server that starts */
export function findRedis(env = process.env) {
  const named = env['REDIS_SERVER_PATH']
  if (named) return isRedis(named, 'redis-server') ? { path: named, argv0: 'redis-server' } : undefined
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const name of [...names, otherName]) {
    const path = folders.map((folder) => join(folder, name)).find(isProgram)
    const argv0 = name === otherName ? 'redis-server' : name
    if (path !== undefined && isRedis(path, argv0)) return { path, argv0 }
  }
  return undefined
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function isRedis(path, argv0) {
  const { stdout } = spawnSync(path, ['--version'], { argv0, encoding: 'utf8', timeout: 10_000 })
  return / v=\d+/.test(stdout ?? '')
}
