export function readRowIds(titles: readonly string[], prefix: string): string[]
export function takeResults<Result>(
  report: { startTime: number; testResults: Result[] } | undefined,
  changedAt: number,
): Result[]
