import { exportProblems, type Problem } from '../errors.ts'
import { isDynamic } from '../../runtime/routing/pattern.ts'
import type { PageFile } from './conflicts.ts'
import { isSpecialPath } from './conflicts.ts'
import { serverExports, type PageExports } from './exports.ts'
import { isApiPath } from './folder.ts'

/** What is wrong with the exports of one file of the pages folder. */
export function findExportProblems(
  { pattern, file }: PageFile,
  exports: PageExports,
  { next = false }: { readonly next?: boolean | undefined } = {},
): Problem[] {
  if (isApiPath(pattern)) return checkApi(file, exports)
  if (isSpecialPath(pattern)) return checkSpecial(pattern, file, exports, next)
  return checkPage(pattern, file, exports)
}

function checkPage(pattern: string, file: string, { names, all, attached, destructured }: PageExports): Problem[] {
  const problems: Problem[] = all.map((source) => exportProblems.exportAll(file, source))
  const has = (name: string) => names.includes(name)

  // With `export *` the missing names may be there.
  const isWhole = all.length === 0
  if (!has('default') && isWhole) problems.push(exportProblems.defaultMissing(file, 'component'))
  for (const name of serverExports) {
    if (attached.includes(name)) problems.push(exportProblems.attached(file, name))
    if (destructured.includes(name)) problems.push(exportProblems.destructured(file, name))
  }
  if (attached.includes('getInitialProps')) problems.push(exportProblems.initialProps(file))

  const isErrorPage = pattern === '/404' || pattern === '/500'
  if (isErrorPage && has('getServerSideProps')) problems.push(exportProblems.errorPageServer(file))
  else if (has('getStaticProps') && has('getServerSideProps')) problems.push(exportProblems.bothProps(file))

  if (has('getStaticPaths')) {
    if (!isDynamic(pattern)) problems.push(exportProblems.pathsNotDynamic(file, pattern))
    else if (!has('getStaticProps') && isWhole) problems.push(exportProblems.pathsWithoutProps(file))
  } else if (has('getStaticProps') && isDynamic(pattern) && isWhole) {
    problems.push(exportProblems.pathsMissing(file, pattern))
  }
  return problems
}

function checkSpecial(pattern: string, file: string, { names, all, attached }: PageExports, next: boolean): Problem[] {
  const problems = checkNoData(file, names)
  if (!names.includes('default') && all.length === 0) problems.push(exportProblems.defaultMissing(file, 'component'))
  // Next's own example of `_error` has it, to read the status code; ours gets that as a prop anyway.
  // That of `_document` runs on the server, around the render of each page.
  const isAllowed = pattern === '/_error' || (pattern === '/_document' && next)
  if (attached.includes('getInitialProps') && !isAllowed) {
    problems.push(pattern === '/_app' ? exportProblems.appInitialProps(file) : exportProblems.initialProps(file))
  }
  return problems
}

function checkApi(file: string, { names }: PageExports): Problem[] {
  const problems = checkNoData(file, names)
  if (!names.includes('default')) problems.push(exportProblems.defaultMissing(file, 'handler'))
  return problems
}

function checkNoData(file: string, names: readonly string[]): Problem[] {
  return serverExports.filter((name) => names.includes(name)).map((name) => exportProblems.dataInSpecial(file, name))
}
