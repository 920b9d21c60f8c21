import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nearestName } from '../runtime/nearest-name.ts'
import { resolveOptions } from './options.ts'

const messageOf = (options: unknown): string => {
  try {
    resolveOptions(options as never)
  } catch (error) {
    return (error as Error).message
  }
  return 'accepted'
}

describe('resolveOptions', () => {
  it('has a default for everything', () => {
    expect(resolveOptions()).toEqual({
      pagesDir: undefined,
      pageExtensions: ['tsx', 'ts', 'jsx', 'js'],
      trailingSlash: false,
      prerender: { concurrency: 8, reuse: true },
      store: undefined,
      standalone: false,
      types: true,
      settings: {
        expire: 31_536_000,
        notFoundRevalidate: 60,
        generateTimeout: 30,
        render: { workers: 1, concurrency: 8, queue: 1000, waiters: 20_000 },
        cache: {
          dir: '.isr-cache',
          memoryBytes: 67_108_864,
          diskBytes: 1_073_741_824,
          diskEntries: 100_000,
          notFoundEntries: 10_000,
          customStore: false,
        },
        maxPathBytes: 1024,
        api: { bodyBytes: 1_048_576, totalBodyBytes: 268_435_456 },
        maxPageBytes: 16 * 1024 * 1024,
        logging: { fetches: false },
        next: false,
      },
    })
  })
  it('takes what is given and leaves the rest of a group at its defaults', () => {
    const options = resolveOptions({
      render: { workers: 0 },
      cache: { store: './store.ts', memoryBytes: 0 },
      expire: 5,
    })
    expect(options.settings.render).toEqual({ workers: 0, concurrency: 8, queue: 1000, waiters: 20_000 })
    expect(options.settings.cache).toMatchObject({ customStore: true, memoryBytes: 0, dir: '.isr-cache' })
    expect(options).toMatchObject({ store: './store.ts', settings: { expire: 5 } })
  })
  it('undefined leaves the default, at any depth', () => {
    const undefinedOptions = { expire: undefined, cache: { dir: undefined }, render: undefined } as never
    expect(resolveOptions(undefinedOptions)).toEqual(resolveOptions())
  })
  it('a leading dot of an extension is no part of it', () => {
    expect(resolveOptions({ pageExtensions: ['.page.tsx', 'mdx'] }).pageExtensions).toEqual(['page.tsx', 'mdx'])
  })
  it.each([
    [true, { fullUrl: false }],
    [false, false],
    [{}, { fullUrl: false }],
    [{ fullUrl: true }, { fullUrl: true }],
  ])('logging.fetches %j is %j', (fetches, resolved) => {
    expect(resolveOptions({ logging: { fetches } }).settings.logging.fetches).toEqual(resolved)
  })
  it.each([
    [{ pageDir: 'x' }, 'unknown option `pageDir`. Did you mean `pagesDir`?'],
    [{ render: { worker: 1 } }, 'unknown option `render.worker`. Did you mean `render.workers`?'],
    [{ cache: { redis: 1 } }, 'unknown option `cache.redis`. Known are `cache.dir`, `cache.memoryBytes`'],
    [{ constructor: 1 }, 'unknown option `constructor`'],
    [JSON.parse('{"__proto__": 1}'), 'unknown option `__proto__`'],
    [{ expire: '60' }, 'wrong option `expire`: saw "60". It must be a whole number of 1 or more.'],
    [{ expire: 0 }, 'saw 0'],
    [{ expire: 1.5 }, 'saw 1.5'],
    [{ expire: NaN }, 'saw NaN'],
    [{ expire: null }, 'saw null'],
    [{ notFoundRevalidate: -1 }, '`notFoundRevalidate`: saw -1'],
    [{ generateTimeout: 0 }, '`generateTimeout`: saw 0. It must be a number of seconds above 0'],
    [{ generateTimeout: 3_000_000 }, 'saw 3000000'],
    [{ generateTimeout: Infinity }, 'saw Infinity'],
    [{ render: { workers: 65 } }, '`render.workers`: saw 65. It must be a whole number from 0 to 64.'],
    [{ render: { concurrency: 0 } }, '`render.concurrency`: saw 0'],
    [{ render: { waiters: 0 } }, '`render.waiters`: saw 0. It must be a whole number from 1 to 10000000.'],
    [{ api: { bodyBytes: '1mb' } }, '`api.bodyBytes`: saw "1mb". It must be a whole number from 0 to 536870912.'],
    [{ api: { totalBodyBytes: 0 } }, '`api.totalBodyBytes`: saw 0. It must be a whole number of 1 or more.'],
    [{ api: { bodySize: 1 } }, 'unknown option `api.bodySize`'],
    [{ render: 2 }, 'wrong option `render`: saw 2. It must be an object.'],
    [{ prerender: [] }, 'wrong option `prerender`: saw []'],
    [{ cache: { dir: '' } }, '`cache.dir`: saw ""'],
    [{ cache: { store: () => {} } }, '`cache.store`: saw a function'],
    [{ pageExtensions: [] }, '`pageExtensions`: saw []'],
    [{ pageExtensions: 'tsx' }, '`pageExtensions`: saw "tsx"'],
    [{ pageExtensions: ['a/b'] }, '`pageExtensions`: saw ["a/b"]'],
    [{ trailingSlash: 'yes' }, '`trailingSlash`: saw "yes". It must be `true` or `false`.'],
    [{ logging: { fetches: 'all' } }, '`logging.fetches`: saw "all"'],
    [{ logging: { fetches: null } }, '`logging.fetches`: saw null'],
    [
      { logging: { fetches: { fulUrl: true } } },
      'unknown option `logging.fetches.fulUrl`. Did you mean `logging.fetches.fullUrl`?',
    ],
    [null, 'the options must be an object'],
    ['fast', 'saw "fast"'],
  ])('refuses %j', (options, message) => expect(messageOf(options)).toContain(message))
  it('shows what JSON has no form for', () => {
    expect(messageOf({ maxPathBytes: 10n })).toContain('saw 10n (a BigInt)')
    expect(messageOf({ maxPathBytes: { n: 10n } })).toContain('saw an object')
  })
  it('accepts or refuses with a usage error, whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything(), (options) => {
        expect(messageOf(options)).toMatch(/^accepted$|ISR_OPTION/)
      }),
    )
  })
})

describe('nearestName', () => {
  it('suggests only what is near', () => {
    expect(nearestName('Expire', ['expire'])).toBe('expire')
    expect(nearestName('xyz', ['expire', 'render'])).toBeUndefined()
  })
})
