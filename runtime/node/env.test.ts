import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadEnv } from 'vite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadEnvFiles } from './env.ts'

let folder: string
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'isr-env-'))))
afterEach(async () => {
  for (const name of ['ISR_ENV_A', 'ISR_ENV_B', 'ISR_ENV_C']) delete process.env[name]
  await rm(folder, { recursive: true, force: true })
})

it('the shell wins over files, the mode over local, the local file over the shared one', async () => {
  process.env['ISR_ENV_A'] = 'shell'
  await writeFile(join(folder, '.env'), 'ISR_ENV_A=file\nISR_ENV_B=file\nISR_ENV_C=file\n')
  await writeFile(join(folder, '.env.local'), 'ISR_ENV_B=local\nISR_ENV_C=local\n')
  await writeFile(join(folder, '.env.production'), 'ISR_ENV_C="a b"\n')
  // Vite's own order, which the build and `vite preview` go by.
  const byVite = loadEnv('production', folder, 'ISR_ENV_')
  loadEnvFiles(folder)
  const { ISR_ENV_A, ISR_ENV_B, ISR_ENV_C } = process.env
  expect([ISR_ENV_A, ISR_ENV_B, ISR_ENV_C]).toEqual(['shell', 'local', 'a b'])
  expect({ ISR_ENV_A, ISR_ENV_B, ISR_ENV_C }).toEqual(byVite)
})

it('files that are missing, and a folder called .env, are passed over', async () => {
  await mkdir(join(folder, '.env'))
  loadEnvFiles(folder)
  loadEnvFiles(join(folder, 'nowhere'))
})
