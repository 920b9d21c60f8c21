import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { IsrError, toErrorMessage } from '../../runtime/errors.ts'
import { toOverlayError } from './overlay.ts'

let root: string

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'isr-overlay-')))
})

afterEach(() => rmSync(root, { recursive: true }))

const isOwn = (file: string) => file.startsWith(root)

function createError(message: string, frames: string[]): Error {
  const error = new TypeError(message)
  error.stack = [`TypeError: ${message}`, ...frames.map((frame) => `    at ${frame}`)].join('\n')
  return error
}

describe('toOverlayError', () => {
  it('names page and path, keeps the stack once and points to the source', () => {
    const file = join(root, 'page.tsx')
    writeFileSync(file, 'one\ntwo\nthree\n  boom()\nfive\nsix\nseven\n')
    const cause = createError('no <b>database</b>', [
      `read (${root}/node_modules/react/index.js:1:1)`.replace(root, '/elsewhere'),
      `getStaticProps (${file}:4:3)`,
      'process.processTicksAndRejections (node:internal/process/task_queues:95:5)',
    ])
    const error = toOverlayError(
      new IsrError('ISR_GENERATE', `pages/page.tsx: getStaticProps for / failed: ${toErrorMessage(cause)}`, { cause }),
      isOwn,
    )
    expect(error.message).toBe('pages/page.tsx: getStaticProps for / failed: TypeError: no <b>database</b>')
    expect(error.stack!.match(/getStaticProps \(/g)).toHaveLength(1)
    expect(error).toMatchObject({ id: file, loc: { file, line: 4, column: 3 } })
    expect(error.frame).toBe(
      ['2 |  two', '3 |  three', '4 |    boom()', '  |    ^', '5 |  five', '6 |  six'].join('\n'),
    )
  })

  it('leaves errors of the compiler as they are', () => {
    const cause = Object.assign(new Error('Unexpected token'), { id: '/page.tsx', frame: '1 | x', plugin: 'vite:oxc' })
    expect(toOverlayError(new IsrError('ISR_GENERATE', 'x', { cause }), isOwn)).toBe(cause)
  })

  it('shows errors without a cause, without a place and without a file that can be read', () => {
    expect(toOverlayError(new IsrError('ISR_RESULT', 'pages/a.tsx: wrong'), isOwn)).toMatchObject({
      message: 'pages/a.tsx: wrong',
    })
    const lost = toOverlayError(createError('gone', [`f (${root}/gone.tsx:1:1)`]), isOwn)
    expect(lost).toMatchObject({ message: 'gone', id: `${root}/gone.tsx` })
    expect(lost.frame).toBeUndefined()
  })

  it('shows what is thrown without being an error', () => {
    for (const thrown of ['text', null, undefined, { message: 'plain' }, 7]) {
      const error = toOverlayError(
        new IsrError('ISR_GENERATE', `pages/a.tsx: failed: ${toErrorMessage(thrown)}`, { cause: thrown }),
        isOwn,
      )
      expect(error.message).toContain('pages/a.tsx: failed: ')
      expect(toOverlayError(thrown, isOwn)).toBeInstanceOf(Error)
    }
  })
})
