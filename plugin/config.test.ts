import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { resolveConfig, type InlineConfig, type ResolvedConfig, type Rolldown } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { warnWithoutReact } from './config.ts'
import isr from './index.ts'
import type { IsrOptions } from './options.ts'

let root: string
beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'isr-config-')))
  await mkdir(join(root, 'src/pages'), { recursive: true })
  await writeFile(join(root, 'src/pages/index.jsx'), 'export default () => null')
})
afterAll(() => rm(root, { recursive: true, force: true }))

const resolve = (config: InlineConfig = {}, options?: IsrOptions, command: 'build' | 'serve' = 'build') =>
  resolveConfig(
    {
      root,
      configFile: false,
      logLevel: 'silent',
      ...config,
      plugins: [react(), isr(options), ...(config.plugins ?? [])],
    },
    command,
    command === 'build' ? 'production' : 'development',
  )
const environment = (config: ResolvedConfig, name: 'client' | 'ssr') => config.environments[name]!
const outputOf = (config: ResolvedConfig, name: 'client' | 'ssr') =>
  environment(config, name).build.rolldownOptions.output as Rolldown.OutputOptions
const failure = (config: InlineConfig) =>
  resolve(config).then(
    () => 'accepted',
    (error: Error) => error.message,
  )

describe('the config that isr() makes', () => {
  it('has the two environments with everything they need', async () => {
    const config = await resolve()
    expect([config.appType, config.builder !== undefined]).toEqual(['custom', true])
    const { client, ssr } = { client: environment(config, 'client'), ssr: environment(config, 'ssr') }
    expect([client.build.outDir, ssr.build.outDir]).toEqual(['dist/client', 'dist/server'])
    expect(client.build.rolldownOptions.input).toEqual({ client: 'virtual:isr/client' })
    expect(ssr.build.rolldownOptions.input).toEqual({
      app: 'virtual:isr/app',
      worker: 'virtual:isr/worker',
      start: 'virtual:isr/start',
    })
    expect([client.build.sourcemap, ssr.build.sourcemap, ssr.build.copyPublicDir]).toEqual([false, true, false])
    expect(outputOf(config, 'ssr')).toMatchObject({
      entryFileNames: '[name].mjs',
      chunkFileNames: 'chunks/[name]-[hash].mjs',
    })
    expect(client.build.manifest).toBe('.vite/isr-manifest.json')
    expect(ssr.resolve.noExternal).toContain('vite-plugin-isr')
    expect(config.resolve.dedupe).toEqual(expect.arrayContaining(['react', 'react-dom']))
    expect(ssr.define?.['process.env.NODE_ENV']).toBe(JSON.stringify(process.env['NODE_ENV']))
    expect(client.define?.['process.env.NODE_ENV']).toBeUndefined()
  })
  it('trap 15 every plugin is shared by the builds of all environments', () => {
    expect(isr().map(({ name, sharedDuringBuild }) => [name, sharedDuringBuild])).toEqual(
      isr().map(({ name }) => [name, true]),
    )
  })
  it('keeps what the user set', async () => {
    const config = await resolve({
      base: '/shop/',
      build: {
        outDir: 'out',
        assetsDir: 'files',
        sourcemap: 'hidden',
        manifest: true,
        rolldownOptions: { input: 'index.html', output: { assetFileNames: 'files/[hash][extname]' } },
      },
      ssr: { external: ['sharp'], noExternal: ['left-pad'] },
    })
    expect(environment(config, 'client').build).toMatchObject({
      outDir: 'out/client',
      assetsDir: 'files',
      sourcemap: 'hidden',
      manifest: true,
      rolldownOptions: { input: { client: 'virtual:isr/client' } },
    })
    expect(environment(config, 'ssr').build).toMatchObject({ outDir: 'out/server', sourcemap: true })
    // Both sides must come to the same URL of an asset.
    expect(outputOf(config, 'ssr').assetFileNames).toBe('files/[hash][extname]')
    expect(environment(config, 'ssr').resolve.external).toEqual(['sharp'])
    expect(environment(config, 'ssr').resolve.noExternal).toEqual(
      expect.arrayContaining(['left-pad', 'vite-plugin-isr']),
    )
    expect(config.base).toBe('/shop/')
  })
  it('sourcemap: false is respected for the server too', async () => {
    expect(environment(await resolve({ build: { sourcemap: false } }), 'ssr').build.sourcemap).toBe(false)
  })
  it('standalone bundles every package, and a store is an entry', async () => {
    const config = await resolve({}, { standalone: true, cache: { store: './store.ts' } })
    expect(environment(config, 'ssr').resolve.noExternal).toBe(true)
    expect(environment(config, 'ssr').build.rolldownOptions.input).toHaveProperty('store', 'virtual:isr/store')
  })
  it('in development React is prepared at start, pages are scanned, and this package is left alone', async () => {
    const config = await resolve({}, {}, 'serve')
    const { optimizeDeps } = environment(config, 'client')
    expect(optimizeDeps.include).toEqual(expect.arrayContaining(['react', 'react-dom/client', 'react/jsx-dev-runtime']))
    expect(optimizeDeps.exclude).toContain('vite-plugin-isr/client')
    expect(optimizeDeps.entries).toEqual(['src/pages/**/*.{tsx,ts,jsx,js}', '!src/pages/api/**'])
    expect(optimizeDeps.rolldownOptions?.plugins).toEqual([expect.objectContaining({ name: 'isr:strip-scan' })])
    expect(environment(config, 'ssr').define?.['process.env.NODE_ENV']).toBeUndefined()
  })
  it.each([
    ['', '`base: ""`'],
    ['./', '`base: "./"`'],
    ['shop/', '`base: "shop/"`'],
    ['//cdn.example/', '`base: "//cdn.example/"`'],
    ['https://cdn.example/', '`base: "https://cdn.example/"`'],
  ])('refuses base %j', async (base, message) => expect(await failure({ base })).toContain(message))
  it('trap 19 refuses watch mode, --ssr, libraries and several outputs', async () => {
    expect(await failure({ build: { watch: {} } })).toContain('`vite build --watch` never ends')
    expect(await failure({ build: { ssr: true } })).toContain('builds only a part')
    expect(await failure({ build: { lib: { entry: 'x.ts' } } })).toContain('`build.lib`')
    expect(await failure({ build: { rolldownOptions: { output: [{}, {}] } } })).toContain('is an array')
  })
  it('refuses isr() twice', async () => expect(await failure({ plugins: [isr()] })).toContain('more than once'))
  it('a missing React plugin is told when it is asked for, and not each time that the config is resolved', async () => {
    const warnings: string[] = []
    const log = (message: string) => warnings.push(message)
    const logger = {
      info() {},
      warn: log,
      warnOnce: log,
      error() {},
      clearScreen() {},
      hasWarned: false,
      hasErrorLogged: () => false,
    }
    const config = await resolveConfig({ root, configFile: false, customLogger: logger, plugins: [isr()] }, 'build')
    expect(warnings).toEqual([])
    warnWithoutReact(config)
    expect(warnings).toEqual([expect.stringContaining('No React plugin found')])
    warnings.length = 0
    warnWithoutReact(await resolve({ customLogger: logger, logLevel: 'warn' }))
    expect(warnings).toEqual([])
  })
})
