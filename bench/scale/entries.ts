import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeEntry } from '../../dist/runtime/cache/codec.js'
import { createPackWriter, openPack } from '../../dist/runtime/cache/pack.js'
import type { Entry, RouteManifest } from '../../dist/runtime/types.js'
import { reuseBuild } from '../harness/folders.ts'

const DIGEST = 'a'.repeat(27)
const DAY = 86_400
const WRITERS = 8

/**
 * A build with as many entries in its pack, written by the package's own writer: the first page as it was rendered, the
 * others with a few words in them, since what they hold plays no part in how a server starts.
 *
 * @param dist the folder of a real build.
 */
export function fillBuild(dist: string, count: number): Promise<string> {
  const settings = { dist, count: String(count) }
  return reuseBuild(
    { name: `scale-${count}`, sources: ['scale', '../dist/runtime/cache'], settings },
    async (folder) => {
      cpSync(dist, folder, { recursive: true })
      const dir = join(folder, 'isr')
      const manifest = readManifest(folder)
      const built = openPack(dir, manifest.entries)
      const writer = await createPackWriter(dir)
      for (const key of ['p:/posts/1', 'p:/404']) {
        const entry = await built.read(key)
        if (entry) await writer.add(entry)
      }
      for (let id = 2; id <= count; id++) await writer.add(createSmallEntry(`p:/posts/${id}`))
      writeManifest(folder, { ...manifest, entries: await writer.finish() })
      await built.close()
    },
  )
}

/** What a file of the run-time cache takes of the disk, its place in a folder included. */
export const CACHED_FILE_BYTES = 8192 + 128

/** The folder of a run-time cache with as many entries, each a file as the disk store writes it, but not flushed. */
export function fillCache(dist: string, count: number): Promise<string> {
  const { buildId } = readManifest(dist)
  const settings = { buildId, count: String(count) }
  return reuseBuild(
    { name: `scale-cache-${count}`, sources: ['scale', '../dist/runtime/cache'], settings },
    async (folder) => {
      const shards = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
      for (const shard of shards) mkdirSync(join(folder, buildId, shard), { recursive: true })
      let id = 0
      const write = async () => {
        while (id < count) {
          const key = `p:/posts/cached-${id++}`
          const hash = createHash('sha256').update(key).digest('hex')
          const file = join(folder, buildId, hash.slice(0, 2), `${hash}.isr`)
          await writeFile(file, encodeEntry(createSmallEntry(key, LARGE)))
        }
      }
      // The file system takes its time for each, and has more than one thread for that.
      await Promise.all(Array.from({ length: WRITERS }, write))
    },
  )
}

/** A build whose server keeps all that there is, in memory and on disk. */
export function liftLimits(dist: string): Promise<string> {
  return reuseBuild({ name: 'scale-unlimited', sources: ['scale'], settings: { dist } }, async (folder) => {
    cpSync(dist, folder, { recursive: true })
    const manifest = readManifest(folder)
    const limits = { memoryBytes: 2 ** 34, diskBytes: 2 ** 40, diskEntries: 2 ** 24 }
    const cache = { ...manifest.settings.cache, ...limits }
    writeManifest(folder, { ...manifest, settings: { ...manifest.settings, cache } })
  })
}

export function readManifest(dist: string): RouteManifest {
  return JSON.parse(readFileSync(toManifestFile(dist), 'utf8')) as RouteManifest
}

function writeManifest(dist: string, manifest: RouteManifest): void {
  writeFileSync(toManifestFile(dist), JSON.stringify(manifest))
}

function toManifestFile(dist: string): string {
  return join(dist, 'isr', 'route-manifest.json')
}

/** Above a block of the file system, as most pages are. */
const LARGE = 4200

function createSmallEntry(key: string, bytes = 200): Entry {
  const now = Date.now()
  return {
    key,
    kind: 'page',
    status: 200,
    startedAt: now,
    generatedAt: now,
    revalidate: DAY,
    expire: 365 * DAY,
    html: { identity: Buffer.alloc(bytes, '<p>A page</p>'), digest: DIGEST },
    data: { identity: Buffer.from('{"pageProps":{}}'), digest: DIGEST },
  }
}
