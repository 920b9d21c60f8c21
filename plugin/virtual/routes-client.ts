import type { Pages } from '../routes/scan.ts'

/**
 * The browser's route table: each page with a lazy import, so that a visitor loads the pages that he sees.
 *
 * @example export const routes = [{ pattern: '/', kind: 'isr', load: () => import('/site/pages/index.tsx') }]
 */
export function toRoutesClientModule({ routes, files }: Pages): string {
  const lines = routes
    .filter(({ kind }) => kind !== 'api')
    .map(({ pattern, kind }) => {
      const load = `() => import(${JSON.stringify(files.get(pattern))})`
      return `  { pattern: ${JSON.stringify(pattern)}, kind: ${JSON.stringify(kind)}, load: ${load} },`
    })
  return ['export const routes = [', ...lines, ']', ''].join('\n')
}
