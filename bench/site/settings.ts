/** What a bench tells the sites, by environment variables: all servers read the same ones, at build and at run time. */

/** Posts that the build makes. `BENCH_PAGES`, 10. */
export function countPrerendered(): number {
  return Number(process.env['BENCH_PAGES'] ?? 10)
}

/** Seconds until a page is stale. `BENCH_REVALIDATE`, a day: nothing is regenerated during a run that is not about it. */
export function readRevalidate(): number {
  return Number(process.env['BENCH_REVALIDATE'] ?? 86_400)
}

/** Units of `work` that each render does on top. `BENCH_WORK`, 0. */
export function readWork(): number {
  return Number(process.env['BENCH_WORK'] ?? 0)
}

/** Which edit of the posts is current. `BENCH_VERSION`, 1. */
export function readVersion(): number {
  return Number(process.env['BENCH_VERSION'] ?? 1)
}

/** The file that gets a byte for each render. `BENCH_RENDERS`, none. */
export function readRendersFile(): string | undefined {
  return process.env['BENCH_RENDERS']
}
