import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { applyEnvFiles } from './env.ts'

const NAMES = ['ISR_ENV_SECRET', 'ISR_ENV_SHELL', 'VITE_ISR_ENV']
let folder: string
const write = (text: string) => writeFile(join(folder, '.env'), text)
const apply = () => {
  applyEnvFiles({ mode: 'production', envDir: folder })
  return NAMES.map((name) => process.env[name])
}

beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'isr-env-'))))
afterEach(async () => {
  applyEnvFiles({ mode: 'production', envDir: false })
  for (const name of NAMES) delete process.env[name]
  await rm(folder, { recursive: true, force: true })
})

it('server code sees the variables of .env; the shell wins, and those for the client are left to Vite', async () => {
  process.env['ISR_ENV_SHELL'] = 'shell'
  await write('ISR_ENV_SECRET=one\nISR_ENV_SHELL=file\nVITE_ISR_ENV=client\n')
  expect(apply()).toEqual(['one', 'shell', undefined])
})

it('a changed file changes what it had set, and a removed line removes it', async () => {
  await write('ISR_ENV_SECRET=one\n')
  expect(apply()[0]).toBe('one')
  await write('ISR_ENV_SECRET=two\n')
  expect(apply()[0]).toBe('two')
  await write('')
  expect(apply()[0]).toBeUndefined()
})

it('what the site itself has set since is not taken back', async () => {
  await write('ISR_ENV_SECRET=one\n')
  apply()
  process.env['ISR_ENV_SECRET'] = 'by the site'
  expect(apply()[0]).toBe('by the site')
})
