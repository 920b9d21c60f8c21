// The reference is complete: what the code can say or be told has its line.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
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
  const references = readdirSync(new URL('../docs', import.meta.url)).filter((name) => name.endsWith('.md'))
  const documents = [
    'README.md',
    'SECURITY.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    ...references.map((name) => `docs/${name}`),
  ]

  /** The anchors that a document's headings get on the usual Git hosts. */
  function listAnchors(document: string): string[] {
    const headings = read(document)
      .replaceAll(/^```[^]*?^```/gm, '')
      .matchAll(/^#+ (.+)$/gm)
    return [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    )
  }

  it.each(documents)('%s leads to files and headings that exist', (document) => {
    const text = read(document).replaceAll(/^```[^]*?^```/gm, '')
    for (const [, file = '', anchor] of text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g)) {
      const target = file === '' ? document : join(dirname(document), file)
      expect(() => read(target), `${document} → ${target}`).not.toThrow()
      if (anchor !== undefined) expect(listAnchors(target), `${document} → ${target}`).toContain(anchor)
    }
  })

  it.each(references.filter((name) => name !== 'README.md'))('the index leads to %s', (name) => {
    expect(read('docs/README.md')).toContain(`](${name})`)
  })

  it('continuous integration runs the README’s test command', () => {
    const command = /^npm ci && .*npm test$/m.exec(read('README.md'))?.[0]
    expect(command).toBeDefined()
    expect(read('.ci/run')).toContain(`\n${command}\n`)
  })
})
