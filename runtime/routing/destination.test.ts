import { describe, expect, it } from 'vitest'
import { cutLeadingSlashes, hasScheme, isWebUrl } from './destination.ts'

describe('the beginning of a destination', () => {
  it.each([
    ['/a', '/'],
    ['//a', '//'],
    ['\\a', '\\'],
    ['/\\/a', '/\\/'],
    ['%2fa', '%2f'],
    ['%2F%5Ca', '%2F%5C'],
    ['%252fa', '%252f'],
    ['%2525255ca', '%2525255c'],
    ['/%09a', '/%09'],
    ['/%0A%0da', '/%0A%0d'],
    ['/./a', '/./'],
    ['/../a', '/../'],
    ['/././/../a', '/././/../'],
    ['/%2e/a', '/%2e/'],
    ['/%2E%252e\\a', '/%2E%252e\\'],
    ['/.%2e%2fa', '/.%2e%2f'],
    ['/.%252f%255ca', '/.%252f%255c'],
    ['/..%0aa', '/..%0a'],
  ])('SEC-77 of %j, %j is what parsers read as slashes', (destination, slashes) => {
    expect(cutLeadingSlashes(destination)).toEqual({ slashes, rest: 'a' })
  })

  it.each([
    ['a', ''],
    ['a//b', ''],
    ['./a', ''],
    ['', ''],
    ['%0ba', ''],
    ['%2ea', ''],
    ['%25a', ''],
    ['/...//a', '/'],
    ['/..a', '/'],
    ['/.a/b', '/'],
    ['/%2ea', '/'],
    ['/%0ba', '/'],
    ['/a/%2f', '/'],
    ['/.%0b/', '/'],
  ])('of %j, %j is cut off and the rest is a path', (destination, slashes) => {
    expect(cutLeadingSlashes(destination)).toEqual({ slashes, rest: destination.slice(slashes.length) })
  })

  it.each([
    'a:',
    'javascript:x',
    'JavaScript:x',
    'x-y+z.1:',
    '%6aavascript:x',
    '%4Aavascript:x',
    '%256a:',
    '%2525256a:',
    '%70:',
    '%5a:',
    '%7A:',
    '%41:',
    'java%0ascript:',
    'java%09script:',
    'java%0Dscript:',
    'java%250ascript:',
    'java%25250ascript:',
    'a%2b%2d%2E:',
    'a%30%39:',
    'a%6a%41:',
    'a%70%5a:',
    'a%3a',
    'a%253Ax',
    'a%25253a',
    '%6a%61%76a%3a',
  ])('SEC-79 %j begins with a scheme', (destination) => {
    expect(hasScheme(destination)).toBe(true)
  })

  it.each([
    '',
    'a',
    ':x',
    '1:',
    '-a:',
    '/a:',
    '?a:',
    '#a:',
    'a/b:',
    'a?b:',
    'a b:',
    'a%20b:',
    '%40:',
    '%60:',
    '%5b:',
    '%7b:',
    '%30:',
    '%3a',
    '%0aa:',
    '%2b:',
    'a%0b:',
    'a%2f:',
    'a%2c:',
    'a%40:',
    'a%60:',
    'a%5b:',
    'a%7b:',
    'a%3b',
    'a%3',
    'a%:',
    'a%25:',
  ])('%j begins with no scheme', (destination) => {
    expect(hasScheme(destination)).toBe(false)
  })

  it('SEC-77 only a whole web address is one', () => {
    for (const whole of ['http://a', 'https://a', 'HTTPS://a']) expect(isWebUrl(whole)).toBe(true)
    for (const other of [
      'http:/a',
      'http//a',
      'https:a',
      'httpss://a',
      'xhttp://a',
      ' https://a',
      '/http://a',
      'ftp://a',
    ])
      expect(isWebUrl(other)).toBe(false)
  })
})
