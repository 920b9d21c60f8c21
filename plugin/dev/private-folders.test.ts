import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { resolveConfig } from 'vite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { denyPrivateFolders } from './private-folders.ts'

const places = { root: '/site', dist: '/site/dist', cacheDir: '/site/.isr-cache' }
const ours = ['/site/dist/isr/**', '/site/dist/server/**', '/site/.isr-cache/**']

describe('denyPrivateFolders', () => {
  it('P13 SEC-68 keeps the whole list of the Vite that runs', async () => {
    const { server } = await resolveConfig({ configFile: false, logLevel: 'silent' }, 'serve')
    expect(server.fs.deny.length).toBeGreaterThan(2)
    expect(await denyPrivateFolders({}, places)).toEqual([...server.fs.deny, ...ours])
  })

  it('adds to a list of the user’s own, which Vite joins with it', async () => {
    expect(await denyPrivateFolders({ server: { fs: { deny: ['*.secret'] } } }, places)).toEqual(ours)
  })

  it('leaves out what holds the project, or could be its sources', async () => {
    const user = { server: { fs: { deny: [] } } }
    expect(await denyPrivateFolders(user, { root: '/site', dist: '/site', cacheDir: '/site' })).toEqual([])
    expect(await denyPrivateFolders(user, { root: '/site/app', dist: '/site/app', cacheDir: '/site' })).toEqual([])
    expect(await denyPrivateFolders(user, { root: '/site', dist: '/site', cacheDir: '/site-cache' })).toEqual([
      '/site-cache/**',
    ])
  })

  it('names the place behind a link too', async () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'isr-link-')))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    mkdirSync(join(folder, 'real'))
    const root = join(folder, 'link')
    symlinkSync(join(folder, 'real'), root)
    const user = { server: { fs: { deny: [] } } }
    expect(
      await denyPrivateFolders(user, { root, dist: join(root, 'dist'), cacheDir: join(root, '.isr-cache') }),
    ).toEqual(expect.arrayContaining([`${folder}/link/dist/isr/**`, `${folder}/real/dist/isr/**`]))
  })

  it('takes a name with brackets as it is', async () => {
    const user = { server: { fs: { deny: [] } } }
    const [first] = await denyPrivateFolders(user, { ...places, root: '/s[i]te', dist: '/s[i]te/dist' })
    expect(first).toBe(String.raw`/s\[i\]te/dist/isr/**`)
  })
})
