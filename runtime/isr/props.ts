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
  // A marker with `leave` is met after the last child of a container: only ancestors make a cycle, a value seen twice does not.
  const ancestors = new Map<object, string>()
  const stack: Step[] = [{ value: props, path: '', depth: 0 }]
  for (let step = stack.pop(); step; step = stack.pop()) {
    if ('leave' in step) {
      ancestors.delete(step.leave)
      continue
    }
    if ('reason' in step) return step
    const { value, path, depth } = step
    try {
      if (typeof value !== 'object' || value === null) return { path, reason: explain(value) }
      const first = ancestors.get(value)
      if (first !== undefined) {
        return { path, reason: `circular reference to ${first === '' ? 'the props themselves' : `\`${first}\``}` }
      }
      if (depth > MAX_DEPTH) return { path: `${path.slice(0, 80)}…`, reason: `nested deeper than ${MAX_DEPTH} levels` }
      if (!Array.isArray(value) && !isPlainObject(value)) return { path, reason: explain(value) }
      ancestors.set(value, path)
      stack.push({ leave: value })
      const children = listChildren(value, path, depth + 1)
      for (let child = children.pop(); child; child = children.pop()) stack.push(child)
    } catch (error) {
      // The traps of a proxy are code of the user's.
      return { path, reason: unreadable(error) }
    }
  }
  return undefined
}

type Step =
  | { readonly value: unknown; readonly path: string; readonly depth: number }
  | { readonly leave: object }
  | PropsProblem

/**
 * The values to look into, in order, up to the first that is a problem by itself. What stands after that one need not be
 * read: a hole at the start of an array of four thousand million is the end of the walk.
 */
function listChildren(value: object, path: string, depth: number): Step[] {
  const children: Step[] = []
  const fields = value as Record<string | number, unknown>
  const keys = Array.isArray(value) ? undefined : Object.keys(value)
  const count = Array.isArray(value) ? value.length : keys!.length
  const toChildPath = (key: string | number) => path + (typeof key === 'string' ? toAccess(key) : `[${key}]`)
  // Not `forEach`: it skips holes, and a hole is an `undefined` that JSON would turn into null.
  for (let index = 0; index < count; index++) {
    const key = keys ? keys[index]! : index
    let child: unknown
    try {
      child = fields[key]
    } catch (error) {
      children.push({ path: toChildPath(key), reason: unreadable(error) })
      break
    }
    if (isPrimitive(child)) continue
    children.push({ value: child, path: toChildPath(key), depth })
    if (typeof child !== 'object') break
  }
  return children
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

const ESCAPES: Readonly<Record<string, string>> = {
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
