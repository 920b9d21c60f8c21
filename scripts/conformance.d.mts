export function readIds(name: string): string[]
export function collate(
  titles: Record<string, string>,
  tests: ReadonlyArray<{ name: string; passed: boolean }>,
): { states: Map<string, 'pass' | 'fail' | 'missing'>; unknown: string[] }
