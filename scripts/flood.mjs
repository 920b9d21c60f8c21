// `npm run flood -- --requests 1000000`: floods a built site on this machine with slugs that nobody knows, while a visitor
// reads prerendered pages, and says what the server held. It ends with 1 when a bound or a page gave way.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runnerImport } from 'vite'
import { setup } from './fresh-dist.mjs'

const HELP = `npm run flood -- [--requests 100000] [--at-a-time 64] [--rate 500] [--minutes 30] [--options '{ cache: { diskEntries: 1000 } }']

--requests   slugs to ask for; half of them are pages, a quarter are not found, a quarter get a shell first
--at-a-time  connections that ask
--rate       requests in a second; as many as there are answers unless it is given
--minutes    gives up after so long
--options    of isr(), as source
`

const load = async (name) =>
  (await runnerImport(fileURLToPath(new URL(`../e2e/harness/${name}.ts`, import.meta.url)))).module

async function main() {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '100000' },
      'at-a-time': { type: 'string', default: '64' },
      rate: { type: 'string', default: 'Infinity' },
      minutes: { type: 'string', default: '30' },
      options: { type: 'string', default: '' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return print(HELP)
  const numbers = [values.requests, values['at-a-time'], values.rate, values.minutes].map(Number)
  if (!numbers.every((value) => value > 0)) throw new Error(HELP)
  const [requests, atATime, perSecond, minutes] = numbers
  setup()
  const [{ createFloodSite, flood, KEPT, readBodies, toSlugs, watchWhile }, { createConnections }] = await Promise.all(
    ['flood', 'connections'].map(load),
  )
  const site = await createFloodSite(values.options)
  const crowd = createConnections(site.server, atATime)
  const visitor = createConnections(site.server, 1)
  const timer = setTimeout(() => crowd.close(), minutes * 60_000)
  try {
    const bodies = await readBodies(visitor, KEPT)
    const before = await site.holding({ collect: true })
    const quiet = await watchWhile(site, visitor, bodies, () => new Promise((resolve) => setTimeout(resolve, 5000)))
    let result
    const busy = await watchWhile(site, visitor, bodies, async () => {
      result = await flood(crowd, { requests, atATime, perSecond, toPath: toSlugs() })
    })
    const disk = await site.settledDisk()
    const after = await site.holding({ collect: true })
    const kept = await readBodies(visitor, KEPT)
    const wrong = [...busy.wrong, ...KEPT.filter((path) => kept.get(path) !== bodies.get(path))]
    const rate = Math.round(result.requests / result.seconds)
    print(`requests            ${result.requests} in ${result.seconds.toFixed(0)} s, ${rate} a second, ${atATime} at a time
answers             ${Object.entries(result.answers)
      .map(([kind, count]) => `${kind}: ${count}`)
      .join(', ')}
on disk             ${disk.files} files, ${toMegabytes(disk.bytes)} in blocks
memory (RSS)        ${toMegabytes(before.rss)} before, ${toMegabytes(busy.peakRss)} at most, ${toMegabytes(after.rss)} after
in use (main heap)  ${toMegabytes(before.retained)} before, ${toMegabytes(after.retained)} after
hits                ${toTimes(quiet.hits)} before; ${toTimes(busy.hits)} during the flood
event loop          p99 of a fifth of a second at worst ${busy.worstLoopP99.toFixed(0)} ms
prerendered pages   ${wrong.length === 0 ? `all ${KEPT.length} there, byte by byte, at any time` : `WRONG: ${wrong.slice(0, 5).join(', ')}`}
`)
    if (wrong.length > 0) process.exitCode = 1
  } finally {
    clearTimeout(timer)
    crowd.close()
    visitor.close()
    await site.dispose()
  }
}

const toMegabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`
const toTimes = ({ count, p50, p99 }) => `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(1)} ms (${count} hits)`

function print(text) {
  process.stdout.write(text)
}

await main()
