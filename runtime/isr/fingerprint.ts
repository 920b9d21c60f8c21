import { hash } from 'node:crypto'
import type { Job } from '../types.ts'

/** What a page's data function gave: all of it that shows in the page or its lifetimes. */
interface Data {
  readonly revalidate: number | false | undefined
  readonly expire: number | undefined
  /** The props; undefined for a page without a data function. */
  readonly json: string | undefined
}

/** 128 bits, of which no two pages share any by chance. */
const CHARACTERS = 32

/**
 * Stands for all that a page of a build is made from: two with one fingerprint are the same bytes.
 *
 * @param inputs stands for code, assets, versions and options
 * @param data undefined for a shell
 */
export function toFingerprint(
  inputs: string,
  job: Extract<Job, { type: 'page' | 'shell' }>,
  data: Data | undefined,
): string {
  const { pattern } = job
  const about =
    job.type === 'shell'
      ? [inputs, 'shell', pattern, job.isFallback]
      : [inputs, 'page', pattern, job.path, job.params, data?.revalidate, data?.expire]
  // JSON has no line break outside of strings, and none inside either: the two parts can't run into each other.
  return hash('sha256', `${JSON.stringify(about)}\n${data?.json ?? ''}`).slice(0, CHARACTERS)
}
