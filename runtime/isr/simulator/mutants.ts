import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** One way to break the engine: replacements of source text. */
export interface Mutant {
  readonly name: string
  /** By file, relative to `runtime/`: what is replaced, once each, and by what. */
  readonly edits: Readonly<Record<string, ReadonlyArray<readonly [found: string, replacement: string]>>>
}

const RUNTIME = join(dirname(fileURLToPath(import.meta.url)), '../..')

/** @returns the source of each edited file, by its absolute path; throws when there is nothing, or not one thing, to replace */
export function toMutatedSources({ name, edits }: Mutant): ReadonlyMap<string, string> {
  const sources = new Map<string, string>()
  for (const [file, replacements] of Object.entries(edits)) {
    const path = join(RUNTIME, file)
    let source = readFileSync(path, 'utf8')
    for (const [found, replacement] of replacements) {
      const count = source.split(found).length - 1
      if (count !== 1) throw new Error(`${name}: ${file} has ${count} times: ${found}`)
      source = source.replace(found, () => replacement)
    }
    sources.set(path, source)
  }
  return sources
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a generation that began earlier lands over a newer one',
    edits: {
      'isr/flight.ts': [['if (last && last.sequence > flight.sequence) land', 'if (last && last.sequence < 0) land']],
    },
  },
  {
    name: 'a render that is overtaken while it runs lands at once',
    edits: {
      'isr/flight.ts': [
        ['const newerFailure = await waitForNewer(flight)', 'const newerFailure = undefined; void waitForNewer'],
      ],
    },
  },
  {
    name: 'a generation has no time limit',
    edits: {
      'isr/generation.ts': [
        ['reject(toTimeoutError(target, settings.generateTimeout))', 'void reject; void toTimeoutError'],
      ],
    },
  },
  {
    name: 'the slot of a generation that failed is not freed',
    edits: { 'isr/flight.ts': [['    queue.release()\n', '    if (draft) queue.release()\n']] },
  },
  {
    name: 'a revalidation raises no floor',
    edits: { 'isr/engine.ts': [["if (reason === 'on-demand') floors.raise(entry.key, entry.startedAt)", '']] },
  },
  {
    name: 'a copy from before a revalidation is as good as any',
    edits: { 'isr/engine.ts': [['!held && found?.outdated === true', 'false']] },
  },
  {
    name: 'the pause after a failure never ends',
    edits: {
      'isr/backoff.ts': [
        ['failure !== undefined && now < failure.dueAt && failure.dueAt - now <= longestMs', 'failure !== undefined'],
      ],
    },
  },
  {
    name: 'a pause outlasts a clock that is set back',
    edits: { 'isr/backoff.ts': [[' && failure.dueAt - now <= longestMs', '']] },
  },
  {
    name: 'an empty document is stored',
    edits: {
      'isr/generation.ts': [['generated.html.identity.byteLength === 0', 'generated.html.identity.byteLength < 0']],
    },
  },
  {
    name: 'a failure is stored as a notFound page',
    edits: {
      'isr/engine.ts': [
        [
          '      throw toGenerateError(error, target)',
          "      void toGenerateError\n      const now = clock.now()\n      const entry: Entry = { key: target.key, startedAt: now, generatedAt: now, revalidate: 60, expire: 60, kind: 'notFound', status: 404 }\n      return { entry, adopted: false, renderMs: 0 }",
        ],
      ],
    },
  },
  {
    name: 'a failure drops the copy that is in memory',
    edits: {
      'isr/engine.ts': [["    emit({ type: 'failed',", "    memory.delete(target.key)\n    emit({ type: 'failed',"]],
    },
  },
  {
    name: 'what waits to be written is forgotten when memory drops it',
    edits: {
      'cache/layers.ts': [
        ['const waiting = pending.get(key)', 'const waiting = undefined as Entry | undefined; void pending.get'],
      ],
    },
  },
  {
    name: 'whatever the store has is adopted',
    edits: {
      'cache/layers.ts': [
        [
          'return isNewer && !floors.isOutdated(stored.key, stored.startedAt, false) ? stored : undefined',
          'void isNewer\n      return stored',
        ],
      ],
      'isr/fleet.ts': [
        ["decide(newer, clock.now()) === 'fresh' ? newer", "decide(newer, clock.now()) !== 'expired' ? newer"],
      ],
    },
  },
  {
    name: 'a revalidation joins the render that runs',
    edits: { 'isr/flight.ts': [['if (current && current.sequence === 0) {', 'if (current) {']] },
  },
  {
    name: 'each visitor starts a render',
    edits: { 'isr/flight.ts': [['      if (lane.current) {\n', '      if (lane.current && lane.all.size > 4) {\n']] },
  },
  {
    name: 'the checksum of a record is not looked at',
    edits: {
      'cache/codec.ts': [
        ['if (!sha256(record.subarray(0, end)).equals(record.subarray(end))) return undefined', 'void sha256'],
      ],
    },
  },
  {
    name: 'the key of a record is not looked at',
    edits: { 'cache/codec.ts': [['return meta.key === key ? {', 'return meta.key !== undefined ? {']] },
  },
  {
    name: 'expire is ignored',
    edits: { 'isr/freshness.ts': [["return age < times.expire * 1000 ? 'stale' : 'expired'", "return 'stale'"]] },
  },
  {
    name: 'a copy from the future is fresh until the clock has caught up',
    edits: { 'isr/freshness.ts': [["if (age < -CLOCK_TOLERANCE_MS) return 'stale'", 'void CLOCK_TOLERANCE_MS']] },
  },
  {
    name: 'navigation data are those of another render',
    edits: {
      'isr/generation.ts': [
        ['/** Makes entries by asking the renderer. */', 'const kept: { data?: Body | undefined } = {}'],
        [
          "kind: 'page', status, revalidate, expire, html, data }",
          "kind: 'page', status, revalidate, expire, html, data: (kept.data ??= data) }",
        ],
      ],
    },
  },
  {
    name: 'the queue is unbounded',
    edits: {
      'isr/queue.ts': [['if (countWaiting() < limit) return true', 'if (countWaiting() < limit + 1000) return true']],
    },
  },
  {
    name: 'one render more than allowed runs',
    edits: {
      'isr/queue.ts': [['const slots = Math.max(1, concurrency)', 'const slots = Math.max(1, concurrency) + 1']],
    },
  },
  {
    name: 'any number of visitors waits',
    edits: { 'isr/waiters.ts': [['waiting >= limit', 'waiting >= limit + 1e9']] },
  },
  {
    name: 'memory is twice as large as it may be',
    edits: {
      'cache/memory.ts': [
        ['maxSize: Math.max(1, Math.floor(limits.bytes)),', 'maxSize: Math.max(1, 2 * Math.floor(limits.bytes)),'],
      ],
    },
  },
  {
    name: 'a revalidation resolves before its page is stored',
    edits: { 'isr/engine.ts': [['const isStored = await stored', 'const isStored = (void stored, true)']] },
  },
  {
    name: 'starts follow the clock, wherever it jumps',
    edits: {
      'isr/generation.ts': [
        [
          'lastStart = Math.max(clock.now(), lastStart + 1, known ? known.startedAt + 1 : -Infinity)',
          'void known; lastStart = clock.now()',
        ],
      ],
    },
  },
  {
    name: 'a disk that hangs is waited for',
    edits: {
      'cache/layers.ts': [
        [
          'await withTimeLimit(prerendered.read(key), { clock, ms: PACK_LIMIT_MS, toError: toPackTimeout })',
          'await prerendered.read(key); void [withTimeLimit, toPackTimeout]',
        ],
      ],
    },
  },
  {
    name: 'a render that is overtaken before it begins begins all the same',
    edits: { 'isr/engine.ts': [['if (isOvertaken()) {', 'if (isOvertaken() && false) {']] },
  },
  {
    name: 'whoever waits for a render that fails gets an error though a copy has been found',
    edits: {
      'isr/engine.ts': [
        [
          'const again = old && !outdated ? layers.held(target.key) : (await layers.load(target.key))?.entry',
          'const again = undefined as Entry | undefined; void outdated',
        ],
      ],
    },
  },
]
