import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEngine } from '../isr/engine.ts'
import {
  createFakeRenderer,
  nowEntry,
  READ,
  SETTINGS,
  show,
  toPage,
  toTarget,
  type FakeRenderer,
} from '../isr/testing/engine-kit.ts'
import { createVirtualClock, type VirtualClock } from '../isr/testing/virtual-clock.ts'
import type { Engine } from '../types.ts'
import { createDiskStore } from './disk.ts'
import { createPackWriter, openPack } from './pack.ts'
import { sha256 } from './sha256.ts'

let root: string
let clock: VirtualClock
let renderer: FakeRenderer
let engine: Engine
let version: number | undefined

/** A memory that keeps nothing over a disk that keeps one page: all but the last one is evicted at once. */
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'isr-evict-'))
  clock = createVirtualClock()
  renderer = createFakeRenderer()
  version = 1
  renderer.answer = () => (version ? toPage(`v${version}`) : Promise.reject(new Error('no data')))
  const writer = await createPackWriter(join(root, 'isr'))
  await writer.add(nowEntry(clock, '/b/built', 'built'))
  const prerendered = openPack(join(root, 'isr'), await writer.finish())
  const store = createDiskStore({
    dir: join(root, 'cache'),
    maxBytes: 1e9,
    maxEntries: 1,
    notFoundEntries: 10,
    log: { warn() {} },
    now: () => clock.now(),
    scanDelayMs: 1e9,
  })
  const settings = { ...SETTINGS, cache: { ...SETTINGS.cache, memoryBytes: 1 } }
  engine = createEngine({ clock, random: () => 0, renderer, prerendered, store, settings })
})
afterEach(async () => {
  await engine.close(1000)
  await rm(root, { recursive: true })
})

const read = async (path: string) => show(await engine.read(toTarget(path), READ))

async function listFiles(): Promise<string[]> {
  const names = await readdir(join(root, 'cache'), { recursive: true }).catch(() => [])
  return names.filter((name) => name.endsWith('.isr'))
}

/** Waits until the disk has this page, and so no other one. */
async function waitFor(path: string): Promise<void> {
  const hash = sha256(toTarget(path).key).toString('hex')
  await vi.waitFor(async () => expect(await listFiles()).toEqual([join(hash.slice(0, 2), `${hash}.isr`)]))
}

/** Makes another page, which takes the place of the one that was there. */
async function evict(path: string): Promise<void> {
  version ??= 1
  expect(await read(path)).toMatch(/^MISS/)
  await waitFor(path)
}

describe('a prerendered page whose newer copies were evicted', () => {
  it('P1 P7 the copy of the build is served as the stale page that it is, as long as no newer one can be made', async () => {
    expect(await read('/b/built')).toBe('HIT fresh built')
    await clock.advance(61_000)
    expect(await read('/b/built')).toBe('STALE stale-time built')
    await vi.waitFor(async () => expect(await read('/b/built')).toBe('HIT fresh v1'))
    await waitFor('/b/built')
    await evict('/b/other')
    version = undefined
    for (let time = 0; time < 5; time++) {
      expect(await read('/b/built')).toMatch(/^STALE stale-(?:time|error) built$/)
      await clock.advance(100_000)
    }
    version = 2
    await vi.waitFor(async () => {
      await clock.advance(40_000)
      expect(await read('/b/built')).toBe('HIT fresh v2')
    })
  })

  it('P1 P12 after a revalidation it is no answer but where there is no other', async () => {
    expect(await engine.revalidate(toTarget('/b/built'), { onlyGenerated: false })).toMatchObject({
      status: 'regenerated',
    })
    expect(await read('/b/built')).toBe('HIT fresh v1')
    await evict('/b/other')
    version = 2
    expect(await read('/b/built')).toBe('MISS generated v2')
    await waitFor('/b/built')
    await evict('/b/third')
    version = undefined
    expect(await read('/b/built')).toBe('STALE stale-error built')
    version = 3
    await clock.advance(60_000)
    expect(await read('/b/built')).toBe('MISS generated v3')
  })
})
