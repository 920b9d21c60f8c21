import { describe, expect, it } from 'vitest'
import { isIsrError } from '../errors.ts'
import { createIsrHandler, type IsrHandlerOptions } from './isr-handler.ts'

const log = { info() {}, warn() {}, error() {} }

function refusal(options: unknown): string {
  try {
    createIsrHandler(options as IsrHandlerOptions)
  } catch (error) {
    if (isIsrError(error, 'ISR_OPTION')) return error.message
    throw error
  }
  throw new Error('nothing was refused')
}

describe('options of createIsrHandler', () => {
  it.each([
    [
      { cachedir: 'x' },
      /^Unknown option `cachedir` of createIsrHandler\. Known are `dist`, `cacheDir`, .*`closeTimeout`/,
    ],
    [{ constructor: 1 }, /^Unknown option `constructor`/],
    [{ isBot: true }, /^Wrong option `isBot` of createIsrHandler: saw true\. It must be a function/],
    [{ onEvent: 'log' }, /`onEvent`.*saw "log"\. It must be a function/],
    [{ closeTimeout: -5 }, /`closeTimeout`.*saw -5\. It must be a number of milliseconds, 0 or more/],
    [{ closeTimeout: Number.NaN }, /`closeTimeout`.*saw NaN/],
    [{ closeTimeout: '5' }, /`closeTimeout`.*saw "5"/],
    [{ cacheDir: 5 }, /`cacheDir`.*saw 5\. It must be the path of a folder/],
    [{ cacheDir: ' ' }, /`cacheDir`.*saw " "/],
    [{ cacheDir: new URL('file:///x') }, /`cacheDir`.*fileURLToPath/],
    [{ fallthrough: 'yes' }, /`fallthrough`.*saw "yes"\. It must be `true` or `false`/],
    [{ log: console.log }, /`log`.*saw a function\. It must be an object with the functions info, warn and error/],
    [{ log: { info() {} } }, /`log`.*saw an object/],
    [{ dist: null }, /`dist`.*saw null/],
    [{ dist: undefined }, /`dist`.*saw undefined/],
  ])('ISR_OPTION %j', (options, text) => {
    expect(refusal({ dist: 'nowhere', ...options })).toMatch(text)
  })

  it.each([undefined, null, 'dist', ['dist']])('ISR_OPTION the argument %j', (options) => {
    expect(refusal(options)).toMatch(/^The argument of createIsrHandler is .*createIsrHandler\(\{ dist: 'dist' \}\)\.$/)
  })

  it('lets all that is allowed pass, undefined included', () => {
    const options = { cacheDir: undefined, fallthrough: false, isBot: () => true, onEvent() {}, log, closeTimeout: 0 }
    for (const each of [options, { ...options, closeTimeout: Infinity, isBot: undefined, log: console }]) {
      expect(() => createIsrHandler({ dist: 'nowhere', ...each })).toThrow(/There is no build/)
    }
  })
})
