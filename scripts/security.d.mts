export interface Row {
  title: string
  met?: string
  reason?: string
}
export function findTests(): Map<string, string[]>
export function readIds(source: string): Set<string>
export function renderTable(rows: Record<string, Row>, tests: ReadonlyMap<string, string[]>): string
export function replaceTable(text: string, table: string): string
