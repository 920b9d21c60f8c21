export interface Failure {
  file: string
  name: string
  messages: readonly string[]
}
export interface Summary {
  passed: number
  failed: number
  skipped: number
  failures: Failure[]
}
export function readVitest(report: object, rows?: string): Summary
export function readPlaywright(report: object): Summary
export function describeFailure(suite: string, failure: Failure): string
