import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadEnvFiles } from './env.ts'

let folder: string
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'isr-env-'))))
afterEach(async () => {
  for (const name of ['ISR_ENV_A', 'ISR_ENV_B', 'ISR_ENV_C']) delete process.env[name]
  await rm(folder, { recursive: true, force: true })
})

it('the shell wins over files, the local file over the shared one', async () => {
  process.env['ISR_ENV_A'] = 'shell'
  await writeFile(join(folder, '.env'), 'ISR_ENV_A=file\nISR_ENV_B=file\nISR_ENV_C="a b"\n')
  await writeFile(join(folder, '.env.local'), 'ISR_ENV_B=local\n')
  loadEnvFiles(folder)
  const { ISR_ENV_A, ISR_ENV_B, ISR_ENV_C } = process.env
  expect([ISR_ENV_A, ISR_ENV_B, ISR_ENV_C]).toEqual(['shell', 'local', 'a b'])
})

it('files that are missing, and a folder called .env, are passed over', async () => {
  await mkdir(join(folder, '.env'))
  loadEnvFiles(folder)
  loadEnvFiles(join(folder, 'nowhere'))
})
