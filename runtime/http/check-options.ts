import { IsrError } from '../errors.ts'

/** What an option may be. */
export interface OptionRule {
  readonly test: (value: unknown) => boolean
  /** In words, after "It must be". */
  readonly allowed: string
  /** Default false. An option that is undefined counts as left out. */
  readonly required?: boolean
}

export const PATH_RULE = {
  test: (value: unknown) => typeof value === 'string' && value.trim() !== '',
  allowed: 'the path of a folder, as a string that is not empty',
} as const satisfies OptionRule

export const FUNCTION_RULE = {
  test: (value: unknown) => typeof value === 'function',
  allowed: 'a function',
} as const satisfies OptionRule

export const FLAG_RULE = {
  test: (value: unknown) => typeof value === 'boolean',
  allowed: '`true` or `false`',
} as const satisfies OptionRule

/**
 * Refuses options that are unknown or of a wrong type, which JavaScript lets pass and which would otherwise do nothing, or
 * fail at the first visitor.
 *
 * @param caller the function as users know it
 * @throws `IsrError` `ISR_OPTION`
 */
export function checkOptions(caller: string, options: unknown, rules: Readonly<Record<string, OptionRule>>): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw refuse(
      `the argument of ${caller} is ${describe(options)}. It must be an object, as in ${caller}({ dist: 'dist' }).`,
    )
  }
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(rules, name)) continue
    const known = Object.keys(rules).map((each) => `\`${each}\``)
    throw refuse(`unknown option \`${name}\` of ${caller}. Known are ${known.join(', ')}.`)
  }
  for (const [name, { test, allowed, required = false }] of Object.entries(rules)) {
    const value = (options as Record<string, unknown>)[name]
    if (value === undefined ? !required : test(value)) continue
    throw refuse(`wrong option \`${name}\` of ${caller}: saw ${describe(value)}. It must be ${allowed}.`)
  }
}

function refuse(text: string): IsrError {
  return new IsrError('ISR_OPTION', text[0]!.toUpperCase() + text.slice(1))
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  if (typeof value === 'bigint') return `${value}n (a BigInt)`
  if (Array.isArray(value)) return 'an array'
  if (value instanceof URL) return `the URL ${value.href} (fileURLToPath of node:url makes it a path)`
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}
