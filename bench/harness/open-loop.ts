// A program: asks at fixed times, whether or not it has been answered, and prints what came of it as one line of JSON. A
// server that stands still for a while is asked all the same, so nothing of what visitors would feel is left out, as it is where
// the next request waits for the last answer (coordinated omission). Each request has a connection of its own for as long as
// it is under way; those that are free are used again.
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { toQuantile } from './statistics.ts'

interface Plan {
  readonly url: string
  readonly paths: readonly string[]
  /** Requests per second. */
  readonly rate: number
  readonly warmUpSeconds: number
  readonly seconds: number
  /** Seconds after which a request counts as unanswered. */
  readonly patience: number
  /** Milliseconds after which a page is out of date. */
  readonly lifetime: number
}

const plan = JSON.parse(process.argv[2] ?? '') as Plan
const agent = new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 1000 })
const RENDERED_AT = /data-rendered-at="(\d+)"/

let sent = 0
let unanswered = 0
let badStatuses = 0
let isMeasured = false
const times: number[] = []
const lags: number[] = []
const lateness: number[] = []
const renders = new Map<string, Set<string>>()
const running = new Set<Promise<void>>()

const begin = performance.now()
const beganAt = Date.now()
const measureFrom = begin + plan.warmUpSeconds * 1000
const end = measureFrom + plan.seconds * 1000
for (let index = 0; ; index++) {
  const due = begin + (index * 1000) / plan.rate
  if (due >= end) break
  const wait = due - performance.now()
  if (wait > 0) await sleep(Math.ceil(wait))
  isMeasured = due >= measureFrom
  const asked = ask(plan.paths[index % plan.paths.length] ?? '/', due, isMeasured).finally(() => running.delete(asked))
  running.add(asked)
}
await Promise.all(running)
agent.destroy()

const sorted = times.toSorted((one, other) => one - other)
const sortedLags = lags.toSorted((one, other) => one - other)
const sortedLateness = lateness.toSorted((one, other) => one - other)
console.error(
  JSON.stringify({
    requests: sent,
    unanswered,
    badStatuses,
    p50: toQuantile(sorted, 0.5),
    p99: toQuantile(sorted, 0.99),
    p999: toQuantile(sorted, 0.999),
    longest: sorted.at(-1) ?? 0,
    lagP50: toQuantile(sortedLags, 0.5),
    lagP99: toQuantile(sortedLags, 0.99),
    late: toQuantile(sortedLateness, 0.99),
    renders: [...renders.values()].reduce((sum, times) => sum + times.size, 0),
  }),
)

async function ask(path: string, due: number, counts: boolean): Promise<void> {
  const from = performance.now()
  const answer = await get(path).catch(() => undefined)
  if (!counts) return
  sent += 1
  lateness.push(from - due)
  if (answer === undefined) {
    unanswered += 1
    times.push(plan.patience * 1000)
    return
  }
  // From when it was sent: that the timer of this program was late by part of a millisecond is not the server's doing.
  times.push(answer.at - from)
  if (answer.status !== 200) badStatuses += 1
  const renderedAt = RENDERED_AT.exec(answer.text)?.[1]
  if (renderedAt === undefined) return
  // Nobody has asked for it before this program, so that it could not be replaced.
  lags.push(Math.max(0, Date.now() - Math.max(Number(renderedAt) + plan.lifetime, beganAt)))
  const known = renders.get(path) ?? new Set()
  renders.set(path, known.add(renderedAt))
}

function get(path: string): Promise<{ status: number; text: string; at: number }> {
  return new Promise((resolve, reject) => {
    const asking = request(
      plan.url + path,
      { agent, signal: AbortSignal.timeout(plan.patience * 1000) },
      (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', reject)
        response.on('end', () => {
          const at = performance.now()
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('latin1'), at })
        })
      },
    )
    asking.on('error', reject)
    asking.end()
  })
}
