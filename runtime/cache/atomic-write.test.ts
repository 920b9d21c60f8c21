import * as fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeFileAtomic } from './atomic-write.ts'

let dir: string
beforeEach(async () => void (dir = await fs.mkdtemp(join(tmpdir(), 'isr-write-'))))
afterEach(() => fs.rm(dir, { recursive: true }))

describe('writeFileAtomic', () => {
  it('replaces the file and leaves nothing beside it', async () => {
    const path = join(dir, 'file')
    expect(await writeFileAtomic(path, 'one')).toBe(true)
    expect(await writeFileAtomic(path, Buffer.from('two'))).toBe(true)
    expect(await fs.readFile(path, 'utf8')).toBe('two')
    expect(await fs.readdir(dir)).toEqual(['file'])
  })

  it('leaves the file as it is when the last look says so, or fails', async () => {
    const path = join(dir, 'file')
    await writeFileAtomic(path, 'one')
    expect(await writeFileAtomic(path, 'two', { install: async () => false })).toBe(false)
    await expect(writeFileAtomic(path, 'two', { install: () => Promise.reject(new Error('no')) })).rejects.toThrow('no')
    expect(await fs.readFile(path, 'utf8')).toBe('one')
    expect(await fs.readdir(dir)).toEqual(['file'])
  })

  it('SEC-65 does not touch what somebody put in place of the temporary file', async () => {
    const [path, temp, victim] = [join(dir, 'file'), join(dir, 'temp'), join(dir, 'victim')]
    await fs.writeFile(victim, 'mine')
    await fs.symlink(victim, temp)
    await expect(writeFileAtomic(path, 'two', { temp })).rejects.toMatchObject({ code: 'EEXIST' })
    expect(await fs.readFile(victim, 'utf8')).toBe('mine')
    expect((await fs.lstat(temp)).isSymbolicLink()).toBe(true)
  })
})
