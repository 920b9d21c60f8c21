export function readIds(name: string): string[]
export function toTest(name: string, passed: boolean): { ids: string[]; state: 'passed' | 'failed' }
