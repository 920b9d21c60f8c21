import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { RouteRecord } from '../../runtime/types.ts'
import { createRouteTypesFile, ROUTE_TYPES_FILE } from './types-file.ts'
import { renderRouteTypes } from './types.ts'

const route = (pattern: string): RouteRecord => ({ pattern, kind: 'isr', file: `pages${pattern}.tsx` })
const OLD = new Date('2020-01-01T00:00:00Z')

let root: string
let path: string
let routes: RouteRecord[]
let warnings: string[]

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'isr-types-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  path = join(root, ROUTE_TYPES_FILE)
  routes = [route('/')]
  warnings = []
})

const create = (readRoutes = async () => routes) =>
  createRouteTypesFile({ path, readRoutes, warn: (message) => warnings.push(message) })
const read = () => readFile(path, 'utf8')

describe('isr-env.d.ts', () => {
  it('is written, and follows the routes', async () => {
    const file = create()
    await file.update()
    expect(await read()).toBe(renderRouteTypes([route('/')]))
    routes = [route('/'), route('/posts/[id]')]
    await file.update()
    expect(await read()).toBe(renderRouteTypes(routes))
    expect(await readdir(root)).toEqual([ROUTE_TYPES_FILE])
    expect(warnings).toEqual([])
  })

  it.each([
    ['as it was written', (text: string) => text],
    ['with the line ends of Windows', (text: string) => text.replaceAll('\n', '\r\n')],
  ])('is left alone while the routes are the same, %s', async (_, change) => {
    const text = change(renderRouteTypes(routes))
    await writeFile(path, text)
    await utimes(path, OLD, OLD)
    await create().update()
    expect((await stat(path)).mtime).toEqual(OLD)
    expect(await read()).toBe(text)
  })

  it('comes back when somebody changed or removed it', async () => {
    const file = create()
    await writeFile(path, '// mine')
    await file.update()
    expect(await read()).toBe(renderRouteTypes(routes))
    await rm(path)
    await file.update()
    expect(await read()).toBe(renderRouteTypes(routes))
  })

  it('has the latest routes after updates at the same time', async () => {
    let reads = 0
    const file = create(async () => {
      reads += 1
      const seen = routes
      // The first scan takes longer than the ones that were asked for after it.
      if (reads === 1) await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
      return seen
    })
    const updates = [file.update()]
    for (const name of ['/a', '/b', '/c']) {
      routes = [...routes, route(name)]
      updates.push(file.update())
    }
    await Promise.all(updates)
    expect(await read()).toBe(renderRouteTypes(routes))
  })

  it('stays while the pages folder has a mistake in it', async () => {
    await create().update()
    const before = await read()
    await create(() => Promise.reject(new Error('two files for /a'))).update()
    expect(await read()).toBe(before)
    expect(warnings).toEqual([])
  })

  it('is no reason to stop: where it can’t be written there is a warning', async () => {
    await mkdir(path)
    await create().update()
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain(path)
    expect(warnings[0]).toContain('types: false')
    expect(await readdir(root)).toEqual([ROUTE_TYPES_FILE])
  })
})
