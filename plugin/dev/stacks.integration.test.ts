import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const repository = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js')

/** The line that throws is the fourth, behind types that are no longer there when it runs. */
const FILES = {
  'package.json': '{"type":"module"}',
  'vite.config.js': [
    "import react from '@vitejs/plugin-react'",
    `import isr from ${JSON.stringify(join(repository, 'dist/plugin/index.js'))}`,
    `export default { plugins: [react(), isr()], server: { fs: { allow: ['.', ${JSON.stringify(repository)}] } } }`,
  ].join('\n'),
  'pages/data.tsx': [
    'interface Props { text: string }',
    'type Rest = Omit<Props, "text">',
    'export async function getStaticProps(): Promise<{ props: Props & Rest }> {',
    "  throw new Error('no data')",
    '}',
    'export default function Data({ text }: Props) { return <p>{text}</p> }',
  ].join('\n'),
  'pages/render.tsx': [
    'interface Props { text?: { length: number } }',
    '',
    'export default function Render({ text }: Props) {',
    '  return <p>{text!.length}</p>',
    '}',
  ].join('\n'),
  'pages/api/fail.ts': [
    'interface Nothing { a: 1 }',
    '',
    'export default function fail(): Nothing {',
    "  throw new Error('api failed')",
    '}',
  ].join('\n'),
}

let root: string
let child: ChildProcess
let url: string
let output = ''

// In a process of its own, as the test runner has a mapping of stacks too.
beforeEach(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'isr-stacks-')))
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'))
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  output = ''
  child = spawn(process.execPath, [vite, '--port', '0', '--host', '127.0.0.1'], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', NODE_ENV: 'development', VITEST: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  url = await new Promise<string>((done, fail) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString()
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0]
      if (found) done(found)
    }
    child.stdout!.on('data', read)
    child.stderr!.on('data', read)
    child.once('exit', () => fail(new Error(output)))
  })
})

afterEach(async () => {
  const ended = new Promise((done) => child.once('exit', done))
  child.kill()
  await ended
  rmSync(root, { recursive: true, force: true })
})

describe('stacks', () => {
  it('of data, renders and API routes name the line of the source', async () => {
    const data = await (await fetch(`${url}/data`)).text()
    expect(data).toContain(`${root}/pages/data.tsx:4:9`)
    // The frame: the line, and where in it.
    expect(data).toContain("4 |    throw new Error('no data')\n  |          ^")
    expect(output).toContain(`File: ${root}/pages/data.tsx:4:9`)
    expect(await (await fetch(`${url}/render`)).text()).toContain(`${root}/pages/render.tsx:4:`)
    const api = await fetch(`${url}/api/fail`)
    expect(await api.text()).toBe('Internal Server Error')
    expect(output).toContain(`${root}/pages/api/fail.ts:4:9`)
  })
})
