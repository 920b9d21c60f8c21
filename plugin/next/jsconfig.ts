import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { normalizePath, type Plugin } from 'vite'
import { configError } from '../errors.ts'

/** The part of `jsconfig.json` that says where imports lead. */
interface JsConfig {
  readonly compilerOptions?: { readonly baseUrl?: string; readonly paths?: Readonly<Record<string, readonly string[]>> }
}

/** The files, without endings, that an import may mean; the first that exists is meant. */
type FindFiles = (source: string) => string[]

const EXTENSIONS = ['', '.js', '.jsx', '.ts', '.tsx', '.mjs', '.json']

/**
 * `paths` and `baseUrl` of `jsconfig.json`, which Next.js reads where there is no `tsconfig.json`. Vite reads only that one.
 */
export function nextJsConfigPlugin(): Plugin {
  let findFiles: FindFiles | undefined
  return {
    name: 'isr:next-jsconfig',
    enforce: 'pre',
    config(user) {
      const root = resolve(user.root ?? process.cwd())
      findFiles = existsSync(join(root, 'tsconfig.json')) ? undefined : readJsConfig(root)
    },
    resolveId: {
      filter: { id: /^[\w@~#$][^:]*$/ },
      async handler(source, importer, options) {
        if (!findFiles || importer === undefined || importer.includes('/node_modules/')) return undefined
        for (const file of findFiles(source)) {
          const resolved = await this.resolve(file, importer, { ...options, skipSelf: true })
          if (resolved) return resolved
        }
        return undefined
      },
    },
  }
}

/** @param root The folder of `jsconfig.json` */
function readJsConfig(root: string): FindFiles | undefined {
  let text: string
  try {
    text = readFileSync(join(root, 'jsconfig.json'), 'utf8')
  } catch {
    // Most sites have none.
    return undefined
  }
  const { baseUrl, paths = {} } = parse(text).compilerOptions ?? {}
  const base = resolve(root, baseUrl ?? '.')
  const patterns = Object.entries(paths).map(([pattern, targets]) => ({ ...splitPattern(pattern), targets }))
  // The longest beginning says most.
  patterns.sort((a, b) => b.start.length - a.start.length)

  return (source) => {
    const found: string[] = []
    for (const { start, end, isExact, targets } of patterns) {
      const matches = isExact ? source === start : source.startsWith(start) && source.endsWith(end)
      if (!matches) continue
      const rest = source.slice(start.length, source.length - end.length)
      for (const target of targets)
        found.push(
          join(
            base,
            target.replace('*', () => rest),
          ),
        )
      break
    }
    if (baseUrl !== undefined && exists(join(base, source.split('/', 1)[0]!))) found.push(join(base, source))
    return found.map(normalizePath)
  }
}

function splitPattern(pattern: string): { start: string; end: string; isExact: boolean } {
  const [start = '', end] = pattern.split('*', 2)
  return { start, end: end ?? '', isExact: end === undefined }
}

/** Whether a name stands for anything: a package of that name is looked for otherwise. */
function exists(path: string): boolean {
  return EXTENSIONS.some((extension) => existsSync(path + extension))
}

function parse(text: string): JsConfig {
  try {
    return JSON.parse(toPlainJson(text)) as JsConfig
  } catch (error) {
    throw configError(`jsconfig.json can't be read: ${String(error)}. Correct it, or delete it.`)
  }
}

/** Comments and commas before a closing bracket are allowed in this file. Strings may look like either, and stay. */
function toPlainJson(text: string): string {
  const uncommented = text.replaceAll(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[^]*?\*\//g, '$1')
  return uncommented.replaceAll(/("(?:\\.|[^"\\])*")|,(\s*[}\]])/g, '$1$2')
}
