import { formatMs } from './format.ts'

/** Shows how far the build is. */
export interface Progress {
  /** More work became known. */
  expect(pages: number): void
  /** A page is done, well or badly. */
  advance(): void
  /** Takes the bar off the terminal, so that what is printed next stands alone. */
  stop(): void
}

/** Where progress goes, and what time it is. */
export interface ProgressOptions {
  readonly stream: {
    readonly isTTY?: boolean | undefined
    readonly columns?: number | undefined
    write(text: string): unknown
  }
  /** True where lines are kept: no TTY, or a CI that pretends to be one. */
  readonly plain: boolean
  /** Prints a line of the log. */
  readonly log: (line: string) => void
  readonly now: () => number
  /** Calls back every so many milliseconds until the function it returned is called. */
  readonly every: (ms: number, callback: () => void) => () => void
}

const BAR_DELAY_MS = 1000
const BAR_INTERVAL_MS = 100
const LINE_INTERVAL_MS = 10_000
const BAR_WIDTH = 24

/** A bar on a terminal once the work takes longer than a second; in a log a plain line now and then. */
export function createProgress({ stream, plain, log, now, every }: ProgressOptions): Progress {
  const startedAt = now()
  let total = 0
  let done = 0
  let drawn = false

  const cancel = every(plain ? LINE_INTERVAL_MS : BAR_INTERVAL_MS, () => {
    const elapsed = now() - startedAt
    if (plain) log(toLine(done, total, elapsed))
    else if (elapsed >= BAR_DELAY_MS) {
      stream.write(`\r\u001b[K${toBar(done, total, elapsed).slice(0, (stream.columns ?? 80) - 1)}`)
      drawn = true
    }
  })

  return {
    expect: (pages) => (total += pages),
    advance: () => (done += 1),
    stop() {
      cancel()
      if (drawn) stream.write('\r\u001b[K')
      drawn = false
    },
  }
}

/** `  ████████░░░░ 523/1000 pages · 212 pages/s · 2.2 s left` */
function toBar(done: number, total: number, elapsedMs: number): string {
  const filled = total === 0 ? 0 : Math.floor((done / total) * BAR_WIDTH)
  return `  ${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${toText(done, total, elapsedMs)}`
}

function toLine(done: number, total: number, elapsedMs: number): string {
  return `generating pages: ${toText(done, total, elapsedMs)}`
}

function toText(done: number, total: number, elapsedMs: number): string {
  if (total === 0) return 'finding the paths of pages'
  const rate = done / (elapsedMs / 1000)
  const counted = `${done}/${total} pages`
  if (done === 0) return counted
  // Whole seconds: a guess, and one that would flicker otherwise.
  const left = formatMs(Math.ceil((total - done) / rate) * 1000).replace('.0 s', ' s')
  return `${counted} · ${rate < 10 ? rate.toFixed(1) : Math.round(rate)} pages/s · ${left} left`
}
