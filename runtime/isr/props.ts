import { toErrorMessage } from '../errors.ts'

/** Why a value cannot be a page's props, and where in them: `{ path: '.posts[3].date', reason: 'a Date' }`. */
export interface PropsProblem {
  readonly path: string
  readonly reason: string
}

/** Deeper than this `JSON.stringify` and React's own traversals come near the end of the stack. */
const MAX_DEPTH = 1000

/**
 * Finds the first part of `props` that JSON would lose or change: `undefined`, functions, symbols, bigints, Dates, Maps,
 * class instances, circular references. `NaN` and infinities pass and become `null`, as in Next.js.
 *
 * It walks with a stack of its own, so that no nesting overflows, and reads each property once.
 *
 * @example findPropsProblem({ posts: [{ date: new Date() }] }) // { path: '.posts[0].date', reason: '`object` ("[object Date]") …' }
 */
export function findPropsProblem(props: unknown): PropsProblem | undefined {
  if (!isPlainObject(props)) {
    return { path: '', reason: `props must be a plain object, received ${describe(props)}` }
  }
  const stack: Step[] = [{ value: props, parent: undefined, key: '', depth: 0 }]
  for (let step = stack.pop(); step; step = stack.pop()) {
    const { value, depth } = step
    try {
      if (typeof value !== 'object' || value === null) {
        return { path: toPath(step), reason: step.failure ?? explain(value) }
      }
      // Only ancestors make a cycle, a value that is seen twice does not.
      const first = findSame(value, step.parent)
      if (first) return { path: toPath(step), reason: `circular reference to ${toName(first)}` }
      if (depth > MAX_DEPTH) {
        return { path: `${toPath(step).slice(0, 80)}…`, reason: `nested deeper than ${MAX_DEPTH} levels` }
      }
      if (!Array.isArray(value) && !isPlainObject(value)) return { path: toPath(step), reason: explain(value) }
      pushChildren(stack, value, step)
    } catch (error) {
      // The traps of a proxy are code of the user's.
      return { path: toPath(step), reason: unreadable(error) }
    }
  }
  return undefined
}

/** A value to look into, and how it was come to: its path is written only when something is wrong with it. */
interface Step {
  readonly value: unknown
  readonly parent: Step | undefined
  readonly key: string | number
  readonly depth: number
  /** Why it could not be read. */
  readonly failure?: string
}

function findSame(value: object, from: Step | undefined): Step | undefined {
  let step = from
  while (step && step.value !== value) step = step.parent
  return step
}

function toName(step: Step): string {
  return step.parent ? `\`${toPath(step)}\`` : 'the props themselves'
}

function toPath(last: Step): string {
  const pieces: string[] = []
  for (let step = last; step.parent; step = step.parent) {
    pieces.push(typeof step.key === 'string' ? toAccess(step.key) : `[${step.key}]`)
  }
  return pieces.reverse().join('')
}

/**
 * Pushes the values to look into, the first one last, up to the first that is a problem by itself. What stands after that one
 * need not be read: a hole at the start of an array of four thousand million is the end of the walk.
 */
function pushChildren(stack: Step[], value: object, parent: Step): void {
  const fields = value as Record<string | number, unknown>
  const keys = Array.isArray(value) ? undefined : Object.keys(value)
  const count = Array.isArray(value) ? value.length : keys!.length
  const depth = parent.depth + 1
  const first = stack.length
  // Not `forEach`: it skips holes, and a hole is an `undefined` that JSON would turn into null.
  for (let index = 0; index < count; index++) {
    const key = keys ? keys[index]! : index
    let child: unknown
    try {
      child = fields[key]
    } catch (error) {
      stack.push({ value: undefined, parent, key, depth, failure: unreadable(error) })
      break
    }
    if (isPrimitive(child)) continue
    stack.push({ value: child, parent, key, depth })
    if (typeof child !== 'object') break
  }
  reverseFrom(stack, first)
}

/** The stack ends with what comes next. */
function reverseFrom(stack: Step[], first: number): void {
  for (let low = first, high = stack.length - 1; low < high; low++, high--) {
    const step = stack[low]!
    stack[low] = stack[high]!
    stack[high] = step
  }
}

function unreadable(error: unknown): string {
  return `reading it threw ${toErrorMessage(error)}`
}

function isPrimitive(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Object.prototype.toString.call(value) !== '[object Object]')
    return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // A prototype whose own prototype is null is Object.prototype, also that of another realm.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function toAccess(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

function describe(value: unknown): string {
  if (value === null) return '`null`'
  if (Array.isArray(value)) return 'an array'
  const type = typeof value
  if (type !== 'object') return `\`${type}\``
  return `\`object\` ("${Object.prototype.toString.call(value)}")`
}

function explain(value: unknown): string {
  if (value === undefined) {
    return '`undefined` cannot be serialized as JSON. Please use `null` or omit this value'
  }
  const todo = Object.prototype.toString.call(value) === '[object Date]' ? ', for a Date its `.toISOString()`' : ''
  return `${describe(value)} cannot be serialized as JSON. Please only return JSON serializable data types${todo}`
}

const UNSAFE = /[<>&\u2028\u2029]/g

/** Each is as long as any other. */
export const ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
}

/**
 * JSON that is safe inside an inline `<script>`: `<`, `>`, `&`, U+2028 and U+2029 become `\uXXXX`, which JSON reads back
 * as the same characters.
 *
 * @example toInlineJson('</script>') // '"\\u003c/script\\u003e"'
 */
export function toInlineJson(value: unknown): string {
  return escapeJson(JSON.stringify(value))
}

/** The same for what is JSON already. */
export function escapeJson(json: string): string {
  return json.replace(UNSAFE, (character) => ESCAPES[character]!)
}
