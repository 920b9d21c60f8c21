// The reference is complete: what the code can say or be told has its line.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')

function readUnion(file: string, name: string): string[] {
  const union = new RegExp(`type ${name} =\\s*((?:\\|\\s*'[A-Z_]+'\\s*)+)`).exec(read(file))?.[1] ?? ''
  return [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code ?? '')
}

describe('docs/errors.md', () => {
  const documented = new Set([...read('docs/errors.md').matchAll(/^\| *`(ISR_[A-Z_]+)`/gm)].map(([, code]) => code))
  const codes = [...readUnion('runtime/errors.ts', 'IsrErrorCode'), ...readUnion('plugin/errors.ts', 'PluginErrorCode')]

  it('knows the codes of both halves', () => {
    expect(codes).toEqual(expect.arrayContaining(['ISR_GENERATE', 'ISR_OPTION', 'ISR_PAGE_EXPORTS']))
  })

  it.each([...new Set(codes)])('explains %s', (code) => {
    expect(documented).toContain(code)
  })

  it('explains nothing that is gone', () => {
    expect([...documented].filter((code) => !codes.includes(code ?? ''))).toEqual([])
  })
})

describe('docs/options.md', () => {
  const source = /export interface IsrOptions \{([\s\S]*?)\n\}/.exec(read('plugin/options.ts'))?.[1] ?? ''

  /** `cache.dir` and the like, from the indentation of the interface's members. */
  function listOptions(): string[] {
    const path: string[] = []
    const options: string[] = []
    for (const [, indent = '', name = '', rest = ''] of source.matchAll(/^( +)(\w+)\?: (.*)$/gm)) {
      path.splice(indent.length / 2 - 1)
      path.push(name)
      if (rest !== '{') options.push(path.join('.'))
    }
    return options
  }

  it('finds the options', () => {
    expect(listOptions()).toEqual(expect.arrayContaining(['expire', 'cache.store', 'render.workers']))
  })

  it.each(listOptions())('explains %s', (option) => {
    expect(read('docs/options.md')).toMatch(new RegExp(`^\\| \`${option.replaceAll('.', '\\.')}\` \\|`, 'm'))
  })
})

describe('links between documents', () => {
  const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md']
  const references = ['options', 'headers', 'files', 'errors', 'pages', 'types', 'dev', 'deploying'].map(
    (name) => `docs/${name}.md`,
  )

  it.each([...documents, ...references])('%s leads to files that exist', (document) => {
    const links = [...read(document).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(
      ([, target]) => target ?? '',
    )
    const base = new URL(`../${document}`, import.meta.url)
    for (const target of links) expect(() => readFileSync(new URL(target, base)), target).not.toThrow()
  })

  it('continuous integration runs the README’s test command', () => {
    const command = /^npm ci && .*npm test$/m.exec(read('README.md'))?.[0]
    expect(command).toBeDefined()
    expect(read('.ci/run')).toContain(`\n${command}\n`)
  })
})
