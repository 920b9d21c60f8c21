/** What `res.revalidate` makes of any value: `{ path }`, or `{ code }` for one that JSON cannot carry. */
const made = {
  undefined: () => undefined,
  function: () => () => '/p/built',
  symbol: () => Symbol('/p/built'),
  bigint: () => 1n,
  string: () => new String('/p/built'),
  url: () => new URL('http://localhost/p/built'),
  regexp: () => /p/,
  thrower: () => ({
    toString() {
      throw new Error('asked for its text')
    },
  }),
  loop: () => {
    const loop = []
    loop.push(loop)
    return loop
  },
  long: () => `/p/${'x'.repeat(1024 * 1024)}`,
  wide: () => `/p/${'\u{1f389}'.repeat(256 * 1024)}`,
}

export default async function handler(req, res) {
  const { path, make, options, times = 1 } = req.body
  const value = make === undefined ? path : made[make]()
  const begin = performance.now()
  const outcomes = await Promise.allSettled(
    Array.from({ length: times }, (_, index) =>
      res.revalidate(typeof value === 'string' ? value.replace('{n}', String(index)) : value, options),
    ),
  )
  const counts = {}
  for (const { status, value: result, reason } of outcomes) {
    const outcome = status === 'fulfilled' ? result.status : `${reason?.name} ${reason?.code}`
    counts[outcome] = (counts[outcome] ?? 0) + 1
  }
  res.json({
    outcome: Object.keys(counts)[0],
    counts,
    message: outcomes.find(({ reason }) => reason !== undefined)?.reason?.message,
    ms: performance.now() - begin,
  })
}

export const config = { api: { bodyParser: { sizeLimit: '4mb' } } }
