import * as fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FileSystem } from './files.ts'
import { createTempNames } from './temp-name.ts'
import { inTurn } from './turn.ts'

const writer = (run: string, pid = 10) => ({ host: '00000001', pid, run })

let dir: string
let path: string
let waits: number
beforeEach(async () => {
  dir = await fs.mkdtemp(join(tmpdir(), 'isr-turn-'))
  path = join(dir, 'x.isr')
  waits = 0
})
afterEach(() => fs.rm(dir, { recursive: true }))

function take<T>(
  from: ReturnType<typeof writer>,
  work: () => Promise<T>,
  options: { isAlive?: boolean; io?: FileSystem } = {},
) {
  const temps = createTempNames(from, () => options.isAlive ?? true)
  const wait = async () => {
    waits += 1
    await new Promise(setImmediate)
  }
  return inTurn(path, { temp: temps.create(path), temps, io: options.io ?? fs, now: Date.now, wait }, work)
}

describe('turns', () => {
  it('REL-28 one after the other, and nothing is left', async () => {
    let running = 0
    const work = async () => {
      running += 1
      expect(running).toBe(1)
      await fs.readdir(dir)
      running -= 1
    }
    const turns = Array.from({ length: 5 }, (_, number) => take(writer('aaaaaaaa', number), work))
    await Promise.all(turns)
    expect(await fs.readdir(dir)).toEqual([])
    expect(waits).toBeGreaterThan(0)
  })

  it('REL-28 a turn ends when its work fails', async () => {
    await expect(take(writer('aaaaaaaa'), () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await fs.readdir(dir)).toEqual([])
  })

  it('REL-17 that of a process which has died is taken over without waiting', async () => {
    const dead = createTempNames(writer('bbbbbbbb', 11)).create('x.isr')
    await fs.symlink(dead, `${path}.turn`)
    expect(await take(writer('aaaaaaaa'), async () => 'done', { isAlive: false })).toBe('done')
    expect(waits).toBe(0)
    expect(await fs.readdir(dir)).toEqual([])
  })

  it('P5 one that never ends holds nobody up for ever, and stays its owner’s', async () => {
    const other = createTempNames(writer('bbbbbbbb', 11)).create('x.isr')
    await fs.symlink(other, `${path}.turn`)
    expect(await take(writer('aaaaaaaa'), async () => 'done')).toBe('done')
    expect(waits).toBe(50)
    expect(await fs.readlink(`${path}.turn`)).toBe(other)
  })

  it('SEC-65 what somebody else put there is neither followed nor removed', async () => {
    await fs.writeFile(join(dir, 'victim'), 'mine')
    for (const put of [
      () => fs.symlink('victim', `${path}.turn`),
      () => fs.writeFile(`${path}.turn`, ''),
      () => fs.mkdir(`${path}.turn`),
    ]) {
      await put()
      expect(await take(writer('aaaaaaaa'), async () => 'done', { isAlive: false })).toBe('done')
      expect(await fs.readdir(dir)).toEqual(['victim', 'x.isr.turn'])
      await fs.rm(`${path}.turn`, { recursive: true })
    }
    expect(await fs.readFile(join(dir, 'victim'), 'utf8')).toBe('mine')
  })

  it('a file system without links is written all the same', async () => {
    const symlink = () => Promise.reject(Object.assign(new Error('EPERM'), { code: 'EPERM' }))
    expect(await take(writer('aaaaaaaa'), async () => 'done', { io: { ...fs, symlink } })).toBe('done')
    expect(waits).toBe(0)
  })
})
