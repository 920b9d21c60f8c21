import { IsrError } from '../../errors.ts'
import type { Entry, Generated, Job, JobResult, Renderer } from '../../types.ts'
import type { VirtualClock } from '../testing/virtual-clock.ts'
import type { Checker } from './checker.ts'
import type { Instance } from './instance.ts'
import type { Operations, Roll } from './operations.ts'
import type { Made, Site } from './site.ts'

export interface RendererParts {
  readonly clock: VirtualClock
  readonly operations: Operations
  readonly checker: Checker
  readonly site: Site
  /** Milliseconds. */
  readonly limitMs: number
  readonly getInstance: () => Instance
  /** Whether the next render throws before it begins. */
  readonly throwsAtOnce: () => boolean
}

const FAULTS = ['throw', 'throw odd', 'crash', 'hang', 'empty', 'revalidate itself', 'revalidate another'] as const

/** Anything can be thrown. */
const ODD = [
  null,
  undefined,
  42,
  'text',
  Symbol('odd'),
  Object.freeze({
    get message(): string {
      throw new Error('This cannot be read')
    },
  }),
]

/** Renders that read their data at some moment between their start and their end, and end when the scheduler lets them. */
export function createSimulatedRenderer(parts: RendererParts): Renderer {
  const { clock, operations, checker, site, limitMs, getInstance, throwsAtOnce } = parts

  function run(job: Job): Promise<Generated> {
    if (job.type !== 'page') throw new Error(`Nobody asks for ${job.type} here`)
    const { path, reason } = job
    const instance = getInstance()
    const startedAt = clock.elapsed()
    const made = site.begin({
      instance: instance.id,
      path,
      reason: reason === 'on-demand' ? reason : 'stale',
      startedAt,
    })
    checker.noteRender(instance, made)
    // At the very limit both are right.
    const isLate = () => clock.elapsed() > startedAt + limitMs
    if (throwsAtOnce()) {
      checker.noteRendered(instance, made, 'failed')
      throw new Error('The renderer throws instead of rejecting')
    }
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        checker.noteRendered(instance, made, isLate() ? 'late' : 'failed')
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- Users reject with anything.
        reject(error)
      }
      const finish = () => {
        checker.noteRendered(instance, made, isLate() ? 'late' : 'ok')
        resolve(site.toGenerated(made))
      }
      const go = (roll: Roll): ReturnType<Parameters<Operations['add']>[0]['go']> => {
        const page = site.find(path)
        const fault = roll.fault('render', FAULTS)
        if (fault === 'hang') return { said: 'hangs', state: 'hangs' }
        if (fault === 'throw' || page.isFailing) {
          fail(new Error('down'))
          return { said: 'throws', state: 'ended' }
        }
        if (fault === 'throw odd') {
          fail(ODD[roll.how % ODD.length])
          return { said: 'throws something odd', state: 'ended' }
        }
        if (fault === 'crash') {
          fail(new IsrError('ISR_RENDERER_LOST', 'The worker died'))
          return { said: 'dies with its worker', state: 'ended' }
        }
        if (made.version === -1) {
          site.readData(made)
          if (roll.how % 2 === 0) return { said: `reads v${made.version}`, state: 'again' }
        }
        if (fault === 'empty' && made.kind === 'page') {
          checker.noteRendered(instance, made, isLate() ? 'late' : 'failed')
          const empty = { identity: new Uint8Array(0), digest: '' }
          resolve({ ...site.toGenerated(made), html: empty } as Generated)
          return { said: 'gives an empty document', state: 'ended' }
        }
        if (fault === 'revalidate itself' || fault === 'revalidate another') {
          const other = site.pages[roll.how % site.pages.length]
          const target = site.find(fault === 'revalidate itself' || !other ? path : other.setup.path).target
          // As a page's data function does that calls an own API route and waits for it.
          checker.callRevalidate(instance, target, { onlyGenerated: false }).then(finish, fail)
          return { said: `waits for a revalidation of ${target.path}`, state: 'ended' }
        }
        finish()
        return { said: isLate() ? 'ends too late' : `ends with v${made.version}`, state: 'ended' }
      }
      operations.add({ kind: 'render', instance, path, begunAt: startedAt, limitMs, go })
    })
  }

  return {
    run: <J extends Job>(job: J) => run(job) as Promise<JobResult[J['type']]>,
    async close() {},
  }
}

/** The entry that the build made of a page. */
export function toBuiltEntry(site: Site, path: string, wall: number): Entry {
  const made: Made = site.begin({ instance: -1, path, reason: 'build', startedAt: 0 })
  site.readData(made)
  made.end = 'ok'
  made.endedAt = 0
  const { target } = site.find(path)
  const { expire, revalidate } = made
  const generated = site.toGenerated(made)
  if (generated.kind !== 'page') throw new Error('The build makes pages only')
  const { kind, status, html, data } = generated
  return { key: target.key, startedAt: wall, generatedAt: wall, revalidate, expire, kind, status, html, data }
}
