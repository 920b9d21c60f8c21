/**
 * The data behind the pages of a test: a local HTTP server that counts what it is asked, and answers, fails or waits as a
 * test wants. Pages reach it with `ask` of `source.server.js`, which every site of `createSite` has.
 */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One time that a page asked. */
export interface Call {
  /** What the page handed over: usually the context of its data function. `undefined` arrives as `'(undefined)'`. */
  readonly detail: any
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** Answers that are kept back. */
export interface Hold {
  /** Resolves when a call has come in and waits. */
  readonly waiting: Promise<void>
  /** Answers what waits, and everything after it at once. */
  release(): void
}

export interface Source {
  readonly url: string
  /** What `ask(name)` gets from now on. Default: `{ value: '<name> 1' }`, `{ value: '<name> 2' }`, … by call. */
  set(name: string, value: unknown): void
  /** From now on `ask(name)` throws, with this message. */
  fail(name: string, message?: string): void
  /** Back to the default answers. */
  heal(name: string): void
  /** From now on calls wait. */
  hold(name: string): Hold
  calls(name: string): readonly Call[]
  count(name: string): number
  /** Forgets all calls, so that counts begin at 0 again. */
  forget(): void
  close(): Promise<void>
}

/** The page's side of it: put into every site. */
export const sourceModule = `export async function ask(name, detail) {
  const response = await fetch(process.env.SOURCE_URL + '/' + encodeURIComponent(name), {
    method: 'POST',
    body: JSON.stringify(detail ?? null, (key, value) => (value === undefined ? '(undefined)' : value)),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return JSON.parse(text)
}
`

export async function createSource(): Promise<Source> {
  const calls = new Map<string, Call[]>()
  const answers = new Map<string, { status: number; body: string }>()
  const holds = new Map<string, { onCall: () => void; released: Promise<void> }>()
  let numbers = new Map<string, number>()

  async function answer(name: string, text: string, res: ServerResponse): Promise<void> {
    const list = calls.get(name) ?? []
    calls.set(name, [...list, { detail: JSON.parse(text), at: Date.now() }])
    const number = (numbers.get(name) ?? 0) + 1
    numbers.set(name, number)
    // Decided when the call comes in, as a data base would: a change while it waits is not in its answer.
    const { status, body } = answers.get(name) ?? {
      status: 200,
      body: JSON.stringify({ value: `${name} ${number}` }),
    }
    const hold = holds.get(name)
    hold?.onCall()
    await hold?.released
    res.writeHead(status, { 'content-type': 'application/json' }).end(body)
  }

  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const name = decodeURIComponent((req.url ?? '/').slice(1))
      answer(name, Buffer.concat(chunks).toString(), res).catch((error: unknown) => res.destroy(error as Error))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set: (name, value) => void answers.set(name, { status: 200, body: JSON.stringify(value) }),
    fail: (name, message = `${name} is down`) => void answers.set(name, { status: 500, body: message }),
    heal: (name) => void answers.delete(name),
    hold(name) {
      let onCall = () => {}
      const waiting = new Promise<void>((resolve) => (onCall = resolve))
      let open = () => {}
      const released = new Promise<void>((resolve) => (open = resolve))
      holds.set(name, { onCall, released })
      return {
        waiting,
        release() {
          holds.delete(name)
          open()
        },
      }
    },
    calls: (name) => calls.get(name) ?? [],
    count: (name) => calls.get(name)?.length ?? 0,
    forget() {
      calls.clear()
      numbers = new Map()
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
