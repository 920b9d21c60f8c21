import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createDiskStore } from './disk.ts'
import { createOldBuilds, type OldBuilds, type OldBuildsOptions } from './old-builds.ts'

const HOUR = 60 * 60_000
const DAY = 24 * HOUR
const OWN = 'f'.repeat(20)
const OLD = '0123456789abcdef0123'
const NEVER = 2 ** 31 - 1

let root: string
let time: number
const open: OldBuilds[] = []

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'isr-old-'))
  time = Date.now()
})

afterEach(async () => {
  vi.useRealTimers()
  for (const each of open.splice(0)) await each.close()
  await rm(root, { recursive: true })
})

function create(name = OWN, options: Partial<OldBuildsOptions> = {}): OldBuilds {
  const created = createOldBuilds({ dir: join(root, name), now: () => time, sweepDelayMs: NEVER, ...options })
  open.push(created)
  return created
}

/** As a server of that build leaves it. */
async function fill(name: string, keys = ['p:/a', 'p:/b', 'p:/c']): Promise<void> {
  const store = createDiskStore({
    dir: join(root, name),
    maxBytes: 1e6,
    maxEntries: 100,
    notFoundEntries: 10,
    log: { warn() {} },
  })
  for (const key of keys) {
    await store.set(key, Buffer.from('x'), { kind: 'page', generatedAt: 1, revalidate: 1, expire: 1 })
  }
  await store.close()
}

describe('folders of older builds', () => {
  it('P7 go when nobody has used them for a week, not before; the own one stays', async () => {
    await fill(OWN)
    await fill(OLD)
    const builds = create()
    time += 7 * DAY - HOUR
    await builds.sweep()
    expect((await readdir(root)).sort()).toEqual([OLD, OWN].sort())
    time += 2 * HOUR
    await builds.sweep()
    expect(await readdir(root)).toEqual([OWN])
    expect(await readdir(join(root, OWN))).toHaveLength(3)
  })

  it('P7 stay while a server of theirs runs, though it writes nothing for months', async () => {
    await fill(OLD)
    vi.useFakeTimers({ toFake: ['setInterval'] })
    create(OLD)
    const marked = async () => (await stat(join(root, OLD))).mtimeMs
    for (let days = 0; days < 60; days += 1) {
      time += DAY
      vi.advanceTimersByTime(HOUR)
      // Each mark is waited for: two that are on their way at once may land in either order.
      await vi.waitFor(async () => expect(Math.abs((await marked()) - time)).toBeLessThan(1000), { interval: 1 })
    }
    const builds = create()
    await builds.sweep()
    expect(existsSync(join(root, OLD))).toBe(true)
    time += 7 * DAY + HOUR
    await builds.sweep()
    expect(existsSync(join(root, OLD))).toBe(false)
  })

  it('P7 stay while something was written in them, whatever the folder itself says', async () => {
    await fill(OLD)
    await utimes(join(root, OLD), 1, 1)
    await create().sweep()
    expect(existsSync(join(root, OLD))).toBe(true)
  })

  it('P7 a sweep that was cut off is finished by the next start', async () => {
    await fill(OLD)
    time += 8 * DAY
    const first = create()
    const sweeping = first.sweep()
    await vi.waitFor(() => expect(existsSync(join(root, `${OLD}.old`)) || !existsSync(join(root, OLD))).toBe(true), {
      interval: 1,
    })
    await first.close()
    await sweeping
    // Cut off for certain, and looking used.
    await mkdir(join(root, `${OLD}.old`, 'aa'), { recursive: true })
    await writeFile(join(root, `${OLD}.old`, 'aa', `${'a'.repeat(64)}.isr`), 'x')
    time = Date.now()
    await create().sweep()
    expect(await readdir(root)).toEqual([])
  })

  it('P7 are removed in portions', async () => {
    await fill(OLD)
    time += 8 * DAY
    const left: number[] = []
    for (let start = 0; start < 3; start += 1) {
      await create(OWN, { maxFiles: 2 }).sweep()
      const names = await readdir(root, { recursive: true })
      left.push(names.filter((name) => name.endsWith('.isr')).length)
    }
    expect(left).toEqual([1, 0, 0])
    expect(await readdir(root)).toEqual([])
  })

  it('P7 are swept by themselves after the start', async () => {
    await fill(OLD)
    time += 8 * DAY
    create(OWN, { sweepDelayMs: 1 })
    await vi.waitFor(async () => expect(await readdir(root)).toEqual([]))
  })
})

describe('what is not ours', () => {
  async function expectKept(path: string): Promise<void> {
    time += 400 * DAY
    await create().sweep()
    expect(existsSync(join(root, path))).toBe(true)
  }

  it.each(['build1', OLD.toUpperCase(), `${OLD}0`, `${OLD}.bak`])('SEC the folder %s stays', async (name) => {
    await fill(name)
    await expectKept(name)
  })

  it.each([`${OLD}/notes.txt`, `${OLD}/.git/config`, `${OLD}/aa/mine.txt`, `${OLD}.old/notes.txt`])(
    'SEC %s stays',
    async (path) => {
      if (!path.includes('.old/')) await fill(OLD)
      await mkdir(join(root, path, '..'), { recursive: true })
      await writeFile(join(root, path), 'mine')
      time += 400 * DAY
      await create().sweep()
      const kept = [path, path.replace(OLD, `${OLD}.old`)].filter((each) => existsSync(join(root, each)))
      expect(kept).toHaveLength(1)
    },
  )

  it('SEC an empty folder stays', async () => {
    await mkdir(join(root, OLD))
    await expectKept(OLD)
  })

  it('SEC links are not followed', async () => {
    await fill('elsewhere')
    await symlink(join(root, 'elsewhere'), join(root, OLD))
    await mkdir(join(root, '1'.repeat(20)))
    await symlink(join(root, 'elsewhere'), join(root, '1'.repeat(20), 'aa'))
    time += 400 * DAY
    await create().sweep()
    expect(await readdir(join(root, 'elsewhere'))).toHaveLength(3)
    expect(await readdir(root)).toHaveLength(3)
  })

  it('a folder that is not there is no trouble', async () => {
    const builds = create('not/there')
    await builds.touch()
    await builds.sweep()
  })
})
