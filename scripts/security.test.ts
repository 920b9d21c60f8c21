// SECURITY.md says of each known threat what holds, and names tests that are there.
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { findTests, readIds, renderTable, replaceTable, type Row } from './security.mjs'

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
const rows = Object.entries(JSON.parse(read('e2e/threats/ids.json')) as Record<string, Row>)
const tests = findTests()

/** The table's lines: id, what holds, how, and the files. */
const lines = new Map(
  [...read('SECURITY.md').matchAll(/^\| (SEC-\d+) +\| (.+?) +\| (.+?) +\| (.*?) +\|$/gm)].map(
    ([, id = '', title = '', met = '', files = '']) => [
      id,
      { title, met, files: [...files.matchAll(/\]\(([^)]+)\)/g)].map(([, file = '']) => file) },
    ],
  ),
)

describe('the table of threats in SECURITY.md', () => {
  it('has a line for each row that applies, and the reason for each that does not', () => {
    expect([...lines.keys()]).toEqual(rows.filter(([, { reason }]) => reason === undefined).map(([id]) => id))
    for (const [id, { reason }] of rows) {
      if (reason !== undefined) expect(read('SECURITY.md')).toMatch(new RegExp(`\\b${id}\\b.*${reason}`))
    }
  })

  it.each(rows.filter(([, { reason }]) => reason === undefined))(
    'of %s says what holds and how, and names tests that are there (`npm run security` writes it)',
    (id, { title, met }) => {
      expect(lines.get(id)).toMatchObject({ title, met })
      const { files } = lines.get(id)!
      expect(files).not.toEqual([])
      for (const file of files) {
        expect(existsSync(new URL(`../${file}`, import.meta.url)), file).toBe(true)
        expect(readIds(read(file)), file).toContain(id)
      }
    },
  )

  it('each row that a test names is in the list', () => {
    const known = new Set(rows.map(([id]) => id))
    expect([...tests.keys()].filter((id) => !known.has(id))).toEqual([])
  })
})

describe('scripts/security.mjs', () => {
  it('takes ids from the beginning of titles only', () => {
    const source = `it('SEC-01 P2 SEC-02 a', …)\nit.each([])(\`B01 SEC-03: b %s\`)\n// SEC-04\nit('as in SEC-05')\n"SEC-06 c"`
    expect([...readIds(source)]).toEqual(['SEC-01', 'SEC-02', 'SEC-03', 'SEC-06'])
  })

  it('writes a line for each row that applies, threats first', () => {
    const table = renderTable(
      { 'SEC-01': { title: 'a', met: 'b' }, 'SEC-02': { title: 'c', reason: 'd' } },
      new Map([['SEC-01', ['plugin/x.test.ts', 'e2e/threats/y.threats.test.ts']]]),
    )
    expect(table.split('\n').slice(2)).toEqual([
      '| SEC-01 | a | b | [y.threats](e2e/threats/y.threats.test.ts), [x](plugin/x.test.ts) |',
    ])
  })

  it('replaces what is between its marks', () => {
    const text = 'before\n<!-- threats -->\nold\n<!-- /threats -->\nafter\n'
    expect(replaceTable(text, 'new')).toBe('before\n<!-- threats -->\n\nnew\n\n<!-- /threats -->\nafter\n')
    expect(() => replaceTable('', 'new')).toThrow('<!-- threats -->')
  })
})
