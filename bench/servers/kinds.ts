import type { Command } from '../harness/process.ts'

/** What the pages of a run are like, the same for every server. */
export interface SiteOptions {
  /** Posts that are built. */
  readonly pages: number
  /** Seconds until a page is stale. Default a day. */
  readonly revalidate?: number
  /** Units of work on top of each render, see site/work.ts. Default 0. */
  readonly work?: number
  /** Threads that render, where the server has such a setting. Default its own. */
  readonly workers?: number
}

/** A way to serve the site. */
export interface ServerKind {
  /** For `--only` and the results. */
  readonly name: string
  /** For tables. */
  readonly label: string
  /** Why it can't run here, for the reader of the table; undefined when it can. */
  findObstacle?(): string | undefined
  /** Builds what it serves; the command starts it, with its port in the variable `PORT`. */
  prepare(site: SiteOptions): Promise<Command>
}

/** The settings as the sites read them. */
export function toSiteEnv({ pages, revalidate = 86_400, work = 0, workers }: SiteOptions): Record<string, string> {
  return {
    BENCH_PAGES: String(pages),
    BENCH_REVALIDATE: String(revalidate),
    BENCH_WORK: String(work),
    ...(workers !== undefined && { BENCH_WORKERS: String(workers) }),
  }
}
