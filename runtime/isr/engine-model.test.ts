import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createFakePrerendered,
  createKit,
  READ,
  SETTINGS,
  toPage,
  toPageEntry,
  toTarget,
  toText,
} from './testing/engine-kit.ts'
import { settle } from './testing/virtual-clock.ts'

/**
 * Random histories of visitors, changes, revalidations, clock jumps, failures and restarts of memory against a model that
 * knows only the newest version that each revalidation promised.
 */
const PATHS = ['/b/one', '/b/two']
const path = fc.constantFrom(...PATHS)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('read' as const), path }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('peek' as const), path }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('revalidate' as const), path }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('change' as const) }) },
  {
    weight: 9,
    arbitrary: fc.record({
      type: fc.constant('finish' as const),
      which: fc.nat(5),
      works: fc.constantFrom(true, true, true, false),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('advance' as const), seconds: fc.integer({ min: 1, max: 90 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('jump' as const), seconds: fc.integer({ min: -4000, max: 4000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('store' as const), works: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('lose' as const), path }) },
)

describe('any history', () => {
  it('REL-63 P1 P12 a page is never older than a revalidation that has resolved, and never an error once it was there', async () => {
    const unhandled: unknown[] = []
    const listen = (error: unknown) => unhandled.push(error)
    process.on('unhandledRejection', listen)
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 80 }), fc.boolean(), async (steps, isMemorySmall) => {
        const cache = { ...SETTINGS.cache, memoryBytes: isMemorySmall ? 700 : 1e6 }
        const prerendered = createFakePrerendered(PATHS.map((each) => toPageEntry(each, '0', { revalidate: false })))
        const kit = createKit({
          prerendered,
          settings: { ...SETTINGS, cache, render: { ...SETTINGS.render, concurrency: 2, queue: 100 } },
        })
        const { engine, renderer, store, clock } = kit
        /** What the data source says now. A render reads it when it starts. */
        let version = 0
        const rendered = new Map<number, number>()
        const promised = new Map<string, number>()
        const waits: Array<Promise<unknown>> = []
        const finished = new Set<number>()

        const noteStarts = () => {
          for (const index of renderer.calls.keys()) if (!rendered.has(index)) rendered.set(index, version)
        }
        const check = (key: string, floor: number, text: string | undefined, isError: boolean) => {
          // After a failed render the old copy, marked as such, is better than an error page.
          if (!isError) expect(Number(text), key).toBeGreaterThanOrEqual(floor)
        }

        for (const each of steps) {
          switch (each.type) {
            case 'change':
              version += 1
              break
            case 'peek': {
              const text = toText(engine.peek(toTarget(each.path).key))
              if (text !== undefined) check(each.path, promised.get(each.path) ?? 0, text, false)
              break
            }
            case 'read': {
              const floor = promised.get(each.path) ?? 0
              waits.push(
                engine.read(toTarget(each.path), READ).then((outcome) => {
                  if (!('entry' in outcome)) throw new Error('no page')
                  check(each.path, floor, toText(outcome), outcome.detail === 'stale-error')
                }),
              )
              break
            }
            case 'revalidate': {
              const floor = version
              waits.push(
                engine.revalidate(toTarget(each.path), { onlyGenerated: false }).then(
                  () => promised.set(each.path, Math.max(floor, promised.get(each.path) ?? 0)),
                  () => undefined,
                ),
              )
              break
            }
            case 'finish': {
              const open = [...renderer.calls.keys()].filter((index) => !finished.has(index))
              const index = open[each.which % Math.max(1, open.length)]
              if (index === undefined) break
              finished.add(index)
              const text = String(rendered.get(index))
              if (each.works) await renderer.calls[index]?.resolve(toPage(text, { revalidate: 10, expire: 1000 }))
              else await renderer.calls[index]?.reject(new Error('down'))
              break
            }
            case 'advance':
              await clock.advance(each.seconds * 1000)
              break
            case 'jump':
              clock.jump(each.seconds * 1000)
              break
            case 'store':
              store.failure = each.works ? {} : { set: new Error('ENOSPC') }
              break
            case 'lose':
              store.records.delete(toTarget(each.path).key)
              break
          }
          await settle()
          noteStarts()
        }
        renderer.answer = () => toPage(String(version))
        await clock.advance(300_000)
        await Promise.all(waits)
        await engine.close(1000)
        expect(clock.timers()).toBe(0)
      }),
      { numRuns: 400 },
    )
    process.off('unhandledRejection', listen)
    expect(unhandled).toEqual([])
  }, 60_000)
})
