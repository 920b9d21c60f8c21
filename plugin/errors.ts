import { inspect } from 'node:util'

/** The stable codes of errors that the plugin reports; `docs/errors.md` explains each. */
export type PluginErrorCode =
  | 'ISR_OPTION'
  | 'ISR_CONFIG'
  | 'ISR_PAGES_DIR'
  | 'ISR_PAGE_NAME'
  | 'ISR_PAGE_CONFLICT'
  | 'ISR_PAGE_EXPORTS'
  | 'ISR_SERVER_ONLY'
  | 'ISR_NEXT_IMPORT'
  | 'ISR_PATH_CONFLICT'
  | 'ISR_PRERENDER'
  | 'ISR_BUILD'
  | 'ISR_INTERNAL'

/** One thing that the user has to change: what failed, for which file, what was seen, what to do. */
export interface Problem {
  readonly code: PluginErrorCode
  readonly text: string
}

/** A mistake in the user's project. It has no stack: ours would lead the reader away from the file to mend, and
 * Rolldown prints the stack after the message. */
export class UsageError extends Error {
  readonly code: PluginErrorCode
  readonly problems: readonly Problem[]

  constructor(problems: readonly [Problem, ...Problem[]], cause?: unknown) {
    super(toMessage(problems), cause === undefined ? undefined : { cause })
    this.name = 'UsageError'
    this.code = problems[0].code
    this.problems = problems
    this.stack = ''
  }

  /** Vite prints build errors with `inspect`, which would add the name and the fields again. */
  [inspect.custom](): string {
    return this.message
  }
}

/** Reports one mistake of the user. */
export function usageError(code: PluginErrorCode, text: string, cause?: unknown): UsageError {
  return new UsageError([{ code, text }], cause)
}

/** Reports several mistakes of the user at once, so that they can be mended in one go. */
export function usageErrors(problems: readonly [Problem, ...Problem[]]): UsageError {
  return new UsageError(problems)
}

/**
 * What a bundler's error holds: it wraps what plugins throw, with its own frames. An error that is not made of mistakes of
 * the user alone is given back as it is.
 */
export function unwrapUsageErrors(error: unknown): unknown {
  const errors: unknown = error instanceof Error && 'errors' in error ? error.errors : undefined
  if (!Array.isArray(errors) || !errors.every((each) => each instanceof UsageError)) return error
  const [first, ...more] = errors.flatMap(({ problems }) => problems)
  return first ? new UsageError([first, ...more]) : error
}

/** Reports a Vite config that this plugin can't work with. */
export function configError(text: string): UsageError {
  return usageError('ISR_CONFIG', text)
}

/** Reports what can only be a defect of ours. */
export function internalError(what: string, cause?: unknown): Error {
  const error = new Error(
    `[vite-plugin-isr] ${what} (ISR_INTERNAL). This is a defect of vite-plugin-isr: please report it with this message.`,
    cause === undefined ? undefined : { cause },
  )
  return Object.assign(error, { code: 'ISR_INTERNAL' satisfies PluginErrorCode })
}

/** The text of one problem, for places that throw an error of their own, such as a plugin's `this.error`. */
function toProblemMessage({ code, text }: Problem): string {
  return `[vite-plugin-isr] ${text} (${code})`
}

function toMessage(problems: readonly [Problem, ...Problem[]]): string {
  if (problems.length === 1) return toProblemMessage(problems[0])
  const list = problems.map(({ text, code }) => `  - ${text} (${code})`)
  return [`[vite-plugin-isr] ${problems.length} problems:`, ...list].join('\n')
}

// ── Pages folder and file names ────────────────────────────────────────────────────────────────────────────────────

/** @param root Given when the places are the default ones. */
export function pagesDirMissing(looked: readonly string[], root?: string): Problem {
  return {
    code: 'ISR_PAGES_DIR',
    text:
      root === undefined
        ? `No pages folder: option pagesDir names ${looked.join(', ')}, which is not a folder. Create it, or correct the option.`
        : `No pages folder: looked for ${looked.join('/ and ')}/ in ${root}. Create pages/index.tsx, or set the option pagesDir.`,
  }
}

export function segmentInvalid(file: string, segment: string, why: string): Problem {
  return {
    code: 'ISR_PAGE_NAME',
    text: `No route for ${file}: the part "${segment}" ${why}. Dynamic parts are [name], [...name] and [[...name]].`,
  }
}

export function parameterRepeated(file: string, name: string): Problem {
  return {
    code: 'ISR_PAGE_NAME',
    text: `No route for ${file}: the parameter "${name}" occurs twice in its path. Give each parameter a name of its own.`,
  }
}

export function catchAllNotLast(file: string, segment: string): Problem {
  return {
    code: 'ISR_PAGE_NAME',
    text: `No route for ${file}: "${segment}" is not the last part of the path. A catch-all takes the rest of the URL, so nothing can follow it.`,
  }
}

export function pageOutside(file: string, target: string, pagesDir: string): Problem {
  return {
    code: 'ISR_PAGE_NAME',
    text: `No route for ${file}: it is a symbolic link to ${target}, which is not in ${pagesDir}/, so its server code could not be told apart. Make it a file that re-exports the names it needs.`,
  }
}

export function nameReserved(file: string, pattern: string): Problem {
  return {
    code: 'ISR_PAGE_NAME',
    text: `No route for ${file}: ${pattern} lies below /_isr, where navigation data is served. Rename the file or its folder.`,
  }
}

export function specialNested(file: string, name: string, pagesDir: string): Problem {
  return {
    code: 'ISR_PAGE_NAME',
    text: `No route for ${file}: ${name} has its meaning only directly in ${pagesDir}/. Move it there, or rename it.`,
  }
}

// ── Conflicts between pages ────────────────────────────────────────────────────────────────────────────────────────

export function filesShareRoute(pattern: string, files: readonly string[]): Problem {
  return {
    code: 'ISR_PAGE_CONFLICT',
    text: `Conflicting pages for ${pattern}: ${files.join(' and ')} have the same URL. Keep one of them.`,
  }
}

export function parameterNamesDiffer(at: string, pages: readonly { segment: string; file: string }[]): Problem {
  const seen = pages.map(({ segment, file }) => `${segment} (${file})`).join(' and ')
  return {
    code: 'ISR_PAGE_CONFLICT',
    text: `Conflicting pages below ${at}: different parameter names at one place of the path, ${seen}. Use the same name in all of them.`,
  }
}

export function catchAllsConflict(at: string, files: readonly string[]): Problem {
  return {
    code: 'ISR_PAGE_CONFLICT',
    text: `Conflicting pages below ${at}: [...name] and [[...name]] at one place of the path (${files.join(' and ')}). Keep one of them.`,
  }
}

export function optionalCatchAllShadows(pattern: string, file: string, parent: string): Problem {
  return {
    code: 'ISR_PAGE_CONFLICT',
    text: `Conflicting pages for ${pattern}: ${parent} and the optional catch-all ${file} both match it. Remove ${parent}, or make the catch-all required ([...name]).`,
  }
}

/** @param path A pattern, or a path that `getStaticPaths` lists. */
export function pageBelowAssets(path: string, file: string, assetsDir: string): Problem {
  return {
    code: 'ISR_PATH_CONFLICT',
    text: `${path} of ${file} lies below /${assetsDir}/, where production looks for hashed assets and for nothing else. Rename the page or its folder, or give the assets another folder: \`build.assetsDir\` in the Vite config, which is '${assetsDir}'.`,
  }
}

/** @param path A pattern, or a path that `getStaticPaths` lists. */
export function pageBehindFile(path: string, file: string, publicFile: string): Problem {
  return {
    code: 'ISR_PATH_CONFLICT',
    text: `Both ${publicFile} and ${file} are at ${path}, where the public file would be served in place of the page. Rename one of them.`,
  }
}

// ── Exports of a page ──────────────────────────────────────────────────────────────────────────────────────────────

const exportsProblem = (file: string, saw: string, todo: string): Problem => ({
  code: 'ISR_PAGE_EXPORTS',
  text: `Wrong exports of ${file}: ${saw}. ${todo}.`,
})

export const exportProblems = {
  defaultMissing: (file: string, what: 'component' | 'handler') =>
    exportsProblem(
      file,
      'there is no default export',
      what === 'component'
        ? 'Export the React component as default, or move the file out of the pages folder if it is no page'
        : 'Export the handler function as default, or move the file out of the pages folder if it is no API route',
    ),
  pathsMissing: (file: string, pattern: string) =>
    exportsProblem(
      file,
      `getStaticPaths is missing, and ${pattern} is a dynamic page that uses getStaticProps`,
      'Export getStaticPaths to say which paths exist',
    ),
  pathsWithoutProps: (file: string) =>
    exportsProblem(
      file,
      'getStaticPaths was added without getStaticProps',
      'Without getStaticProps nothing is generated: export getStaticProps too, or remove getStaticPaths',
    ),
  pathsNotDynamic: (file: string, pattern: string) =>
    exportsProblem(
      file,
      `getStaticPaths is only allowed on dynamic pages, and ${pattern} has no parameter`,
      'Remove getStaticPaths, or rename the file to have one, such as [id]',
    ),
  bothProps: (file: string) =>
    exportsProblem(
      file,
      'getStaticProps and getServerSideProps are both there',
      'A page is either generated or rendered on each request: remove one of them',
    ),
  attached: (file: string, name: string) =>
    exportsProblem(
      file,
      `${name} is attached to the page's component as a property`,
      `It must be an export of the page instead: export async function ${name}() {}`,
    ),
  initialProps: (file: string) =>
    exportsProblem(
      file,
      'getInitialProps is used',
      'It is not supported: use getStaticProps or getServerSideProps instead',
    ),
  appInitialProps: (file: string) =>
    exportsProblem(
      file,
      'getInitialProps is used',
      'It is not supported, since with it no page could be static: fetch the data in getStaticProps or getServerSideProps of the pages that need it',
    ),
  errorPageServer: (file: string) =>
    exportsProblem(
      file,
      'getServerSideProps cannot be used on an error page',
      'Error pages are prerendered: use getStaticProps, or no data function',
    ),
  exportAll: (file: string, source: string) =>
    exportsProblem(
      file,
      `"export * from '${source}'" is not allowed in a page`,
      `It hides which of the page's exports are server code: name the exports, export { default, getStaticProps } from '${source}'`,
    ),
  destructured: (file: string, name: string) =>
    exportsProblem(
      file,
      `${name} is exported from a destructuring`,
      `It cannot be told apart from the browser's half of the page: write it as export const ${name} = …`,
    ),
  dataInSpecial: (file: string, name: string) =>
    exportsProblem(
      file,
      `${name} is exported, but it is never called there`,
      `Remove it; only pages have data functions`,
    ),
}

// ── Build ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export function pathsConflict(path: string, files: readonly string[]): Problem {
  return {
    code: 'ISR_PATH_CONFLICT',
    text: `Conflicting paths returned from getStaticPaths, paths must be unique per page: ${path} belongs to ${files.join(' and to ')}. Take it out of one of them.`,
  }
}

export function pathShadowed(path: string, file: string, answering: string): Problem {
  return {
    code: 'ISR_PATH_CONFLICT',
    text: `Conflicting paths returned from getStaticPaths: ${file} lists ${path}, but requests for it go to the more specific ${answering}. Take it out of the list of ${file}.`,
  }
}

// ── Next's modules ─────────────────────────────────────────────────────────────────────────────────────────────────

/** @param importer The importing file; undefined when it is not known. */
export function nextModuleUnknown(source: string, importer: string | undefined, hint: string): Problem {
  return {
    code: 'ISR_NEXT_IMPORT',
    text: `No stand-in for ${source}${importer === undefined ? '' : `, which ${importer} imports`}. ${hint}.`,
  }
}

export function nextDocumentInBrowser(importer: string | undefined): Problem {
  return {
    code: 'ISR_NEXT_IMPORT',
    text: `next/document in the browser, by way of ${importer ?? 'a module without a name'}. The document is rendered on the server only: import next/document in pages/_document and nowhere else.`,
  }
}

// ── Server-only modules ────────────────────────────────────────────────────────────────────────────────────────────

/** @param chain From the page down to the module that browsers must not get. */
export function serverOnly(chain: readonly string[], reason: string): Problem {
  return {
    code: 'ISR_SERVER_ONLY',
    text:
      `Server-only code in the browser, by way of ${chain[0]}: ${chain.join(' → ')}. ${reason}. ` +
      'Use it in getStaticProps, getStaticPaths and getServerSideProps only, and keep what the component needs too in a ' +
      'file that does not import it.',
  }
}
