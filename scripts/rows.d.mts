export type Verdict = 'pass' | 'fail' | 'left out' | 'missing' | 'n/a'
export function judge(
  rows: Record<string, { title: string; reason?: string }>,
  tests: ReadonlyArray<{ ids: readonly string[]; state: 'passed' | 'failed' | 'left out' }>,
): { verdicts: Map<string, Verdict>; unknown: string[] }
