/** What must never be seen by a visitor. */
const SECRET = 'hunter2-of-the-data-base'

/** Throws as user code may: what stands after the dash. */
export function raise(how) {
  // oxlint-disable-next-line typescript/only-throw-error -- user code does.
  throw create(how)
}

function create(how) {
  switch (how.split('-')[1]) {
    case 'error':
      return new Error(SECRET, { cause: new Error(SECRET) })
    case 'string':
      return SECRET
    case 'object':
      return { message: SECRET, [SECRET]: SECRET, toString: () => SECRET }
    case 'thrower':
      return {
        get message() {
          throw new Error(SECRET)
        },
        toString() {
          throw new Error(SECRET)
        },
      }
    case 'response':
      return Object.assign(new Error(SECRET), {
        status: 302,
        statusCode: 302,
        headers: { location: `/${SECRET}` },
        expose: true,
      })
    default:
      return null
  }
}
