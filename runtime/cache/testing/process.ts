import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const dist = new URL('../../../dist/runtime/cache/', import.meta.url)

/** Does what its arguments say, one after the other, and prints what became of each. */
const CLIENT = `
import { createDiskStore } from ${JSON.stringify(new URL('disk.js', dist).href)}
import { decodeEntry, encodeEntry } from ${JSON.stringify(new URL('codec.js', dist).href)}
const [, , dir, ...steps] = process.argv
const store = createDiskStore({ dir, maxBytes: 1e9, maxEntries: 1e3, notFoundEntries: 1e3, log: { warn() {} }, scanDelayMs: 1e9 })
const key = 'p:/a'
const actions = {
  async set(startedAt, bytes) {
    const html = { identity: Buffer.alloc(Number(bytes), 120), digest: 'digest' }
    const times = { startedAt: Number(startedAt), generatedAt: 1, revalidate: 60, expire: 3600 }
    const entry = { key, ...times, kind: 'page', status: 200, html, data: undefined }
    await store.set(key, encodeEntry(entry), entry)
    return 'stored'
  },
  async get() {
    const bytes = await store.get(key)
    return bytes ? (decodeEntry(bytes, key)?.startedAt ?? 'damaged') : 'nothing'
  },
}
const results = []
for (const step of steps) {
  const [name, ...parameters] = step.split(':')
  results.push(await actions[name](...parameters).catch((error) => error.code ?? error.message))
}
console.log(JSON.stringify(results))
`

/**
 * Runs a disk store in a process of its own.
 *
 * @param command what is put in front of `node`: a shell that sets limits, or strace
 * @param steps `set:<startedAt>:<bytes>` and `get` of one key
 * @returns of each step `stored`, the generation that was read, `nothing`, `damaged`, or the code of an error
 */
export async function runStore(
  root: string,
  dir: string,
  steps: readonly string[],
  command: readonly string[] = [],
): Promise<unknown[]> {
  const script = join(root, 'client.mjs')
  await writeFile(script, CLIENT)
  const [program = '', ...args] = [...command, process.execPath, script, dir, ...steps]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let [output, errors] = ['', '']
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  child.stderr.on('data', (chunk) => (errors += String(chunk)))
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  if (code !== 0) throw new Error(`${[program, ...args].join(' ')} ended with ${String(code)}:\n${errors}`)
  return JSON.parse(output) as unknown[]
}
