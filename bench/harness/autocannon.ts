// A program: the load generator where `wrk` is absent. Prints what load.lua prints.
import autocannon from 'autocannon'
import { readFileSync } from 'node:fs'
import { createRandom } from '../site/words.ts'

interface Options {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly seconds: number
  readonly connections: number
  readonly list: string
  readonly isOnce: boolean
}

const options = JSON.parse(process.argv[2] ?? '') as Options
const paths = readFileSync(options.list, 'utf8').trimEnd().split('\n')
const random = createRandom(7)
let last = -1

const result = await autocannon({
  url: options.url,
  headers: options.headers,
  duration: options.seconds,
  connections: options.connections,
  requests: [
    {
      setupRequest: (request) => ({ ...request, path: paths[choose()] ?? '/' }),
    },
  ],
})

process.stderr.write(
  `${JSON.stringify({
    requests: result.requests.total,
    microseconds: result.duration * 1e6,
    bytes: result.throughput.total,
    badStatuses: result['4xx'] + result['5xx'],
    failures: result.errors,
    p50: result.latency.p50,
    p99: result.latency.p99,
    p999: result.latency.p99_9,
  })}\n`,
)

function choose(): number {
  if (!options.isOnce) return Math.floor(random() * paths.length)
  last = (last + 1) % paths.length
  return last
}
