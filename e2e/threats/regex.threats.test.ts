import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { parseAndWalk } from 'oxc-walker'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')

/** It takes seconds; on a busy machine it must not give up half way. */
const LIMIT_MS = 240_000

/**
 * Patterns that take more time than their text is long, on some texts. They read nothing but the developer's own sources and
 * module names, in a build or in development; there, such a text only keeps its own author waiting.
 */
const OF_OWN_SOURCES = [
  String.raw`plugin/build/failures.ts /^\s+at .*(?:\(|\s|file:\/\/)(?:node:|.*\/node_modules\/(?:react|react-dom|scheduler|vite-plugin-isr)\/|.*\.mjs:)/`,
  String.raw`plugin/build/manifest.ts /^(?:\.?\/)+|\/+$/g`,
  String.raw`plugin/guard.ts /\.server\.[^/?]+(?:\?|\/stub$|$)/`,
  String.raw`plugin/guard.ts /\.server\.(?![cm]?[jt]sx?$)[^/]+$/`,
  String.raw`plugin/next/commonjs.ts /\b(?:const|let|var|function|import)\s+(?:\{[^}]*\b)?require\b/`,
  String.raw`plugin/next/jsconfig.ts /("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[^]*?\*\//g`,
  String.raw`plugin/next/jsconfig.ts /("(?:\\.|[^"\\])*")|,(\s*[}\]])/g`,
  String.raw`plugin/next/styled-jsx.ts /<style\s+(?:global\s+)?jsx\b/`,
  String.raw`plugin/routes/served-files.ts /^(?:\.?\/)+|\/+$/g`,
  String.raw`plugin/strip/edit.ts /^[^\S\n]*\n?[^\S\n]*$/`,
]

/** Patterns that are made at run time: of a fixed list, and of the user's own config. */
const MADE = ['plugin/guard.ts', 'plugin/preview.ts']

interface Pattern {
  readonly source: string
  readonly flags: string
  /** File and text. */
  readonly name: string
}

function listSources(): string[] {
  return ['runtime', 'plugin'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /(?<!\.test|\.d)\.tsx?$/.test(entry.name))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .filter((file) => !file.includes('/testing/')),
  )
}

/** The patterns of a file, and how often it makes one of text. */
function collect(file: string): { patterns: Pattern[]; made: string[] } {
  const code = readFileSync(join(root, file), 'utf8')
  const patterns: Pattern[] = []
  const made: string[] = []
  parseAndWalk(code, file, (node) => {
    if (node.type === 'Literal' && 'regex' in node && node.regex) {
      const { pattern: source, flags } = node.regex
      patterns.push({ source, flags, name: `${file} /${source}/${flags}` })
    }
    const isCall = node.type === 'NewExpression' || node.type === 'CallExpression'
    if (isCall && node.callee.type === 'Identifier' && node.callee.name === 'RegExp') made.push(file)
  })
  return { patterns, made }
}

it('SEC-105 no regular expression takes more than linear time', { timeout: LIMIT_MS }, async () => {
  // The same on every machine: its other checkers are programs of their own.
  process.env['RECHECK_BACKEND'] = 'pure'
  const { checkSync } = await import('recheck')
  // It finds what it is there to find.
  expect(checkSync('^(?:a|a)+$', '').status).toBe('vulnerable')
  expect(checkSync(String.raw`\s+$`, '').status).toBe('vulnerable')

  const found = listSources().map(collect)
  const patterns = found.flatMap((file) => file.patterns)
  expect(patterns.length).toBeGreaterThan(80)
  expect(found.flatMap((file) => file.made)).toEqual(MADE)
  const names = patterns.map(({ name }) => name)
  expect(OF_OWN_SOURCES.filter((name) => !names.includes(name))).toEqual([])

  const checked = new Map(
    patterns.filter(({ name }) => !OF_OWN_SOURCES.includes(name)).map((each) => [each.name, each]),
  )
  const bad = [...checked.values()].flatMap(({ source, flags, name }) => {
    const { status } = checkSync(source, flags, { timeout: LIMIT_MS, randomSeed: 0 })
    return status === 'safe' ? [] : [`${name} is ${status}`]
  })
  expect(bad).toEqual([])
})
