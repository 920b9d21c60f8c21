export type Verdict = 'pass' | 'fail' | 'left out' | 'missing' | 'n/a'
export function readRowIds(titles: readonly string[], prefix: string): string[]
export function judge(
  rows: Record<string, { title: string; reason?: string }>,
  tests: ReadonlyArray<{ ids: readonly string[]; state: 'passed' | 'failed' | 'left out' }>,
): { verdicts: Map<string, Verdict>; unknown: string[] }
export function takeResults<Result>(
  report: { startTime: number; testResults: Result[] } | undefined,
  changedAt: number,
): Result[]
