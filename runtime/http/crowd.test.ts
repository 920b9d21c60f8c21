import { afterEach, describe, expect, it } from 'vitest'
import { createCrowd } from './crowd.ts'
import { ask } from './testing/client.ts'
import { startSite, type TestSite } from './testing/site.ts'

describe('createCrowd', () => {
  it('P10 only a busy server is held up, and only by one who waits alone while others wait for other pages', () => {
    let isBusy = true
    const crowd = createCrowd(() => isBusy)
    for (const key of ['/a', '/b', '/c']) crowd.enter(key)
    expect(crowd.isHeldUpBy('/a')).toBe(false)
    crowd.enter('/d')
    expect(crowd.isHeldUpBy('/a')).toBe(true)
    isBusy = false
    expect(crowd.isHeldUpBy('/a')).toBe(false)
    isBusy = true
    crowd.enter('/a')
    expect([crowd.isHeldUpBy('/a'), crowd.isHeldUpBy('/b')]).toEqual([false, true])
    crowd.leave('/a')
    expect([crowd.isHeldUpBy('/a'), crowd.isHeldUpBy('/b')]).toEqual([true, true])
  })

  it('P10 the last of a storm are not alone: others come as soon as these have their pages', () => {
    const crowd = createCrowd(() => true)
    const storm = ['/a', '/b', '/c', '/d']
    for (const key of storm) crowd.enter(key)
    for (const key of storm.slice(1)) crowd.leave(key)
    expect(crowd.isHeldUpBy('/a')).toBe(true)
    crowd.leave('/a')
    crowd.enter('/a')
    expect(crowd.isHeldUpBy('/a')).toBe(false)
  })
})

describe('a storm of misses', () => {
  let site: TestSite | undefined
  afterEach(async () => {
    await site?.close()
    site = undefined
  })

  /** All ask before any page is there. */
  async function storm(paths: readonly string[], accept: string, isBusy: boolean) {
    let open = () => {}
    const gate = new Promise<void>((resolve) => (open = resolve))
    let waiting = 0
    const began: Array<() => void> = []
    const all = new Promise<void>((resolve) => began.push(resolve))
    site = await startSite(
      {
        '/p/[id]': {
          module: {
            getStaticPaths: () => ({ paths: [], fallback: 'blocking' }),
            async getStaticProps() {
              waiting += 1
              if (waiting === new Set(paths).size) for (const begin of began) begin()
              await gate
              return { props: { text: 'text '.repeat(200) }, revalidate: 60 }
            },
          },
          fallback: 'blocking',
        },
      },
      { options: { isBusy: () => isBusy } },
    )
    const { port } = site
    const answers = paths.map((path) => ask(port, path, { headers: { 'accept-encoding': accept } }))
    await all
    // The others of a page that is waited for already.
    await ask(port, '/nothing')
    open()
    return Promise.all(answers)
  }
  const encodingsOf = (answers: ReadonlyArray<{ headers: Record<string, unknown> }>) =>
    new Set(answers.map(({ headers }) => headers['content-encoding']))
  const MANY = ['/p/1', '/p/2', '/p/3', '/p/4', '/p/5']

  it.each([
    ['pages', MANY],
    ['data', MANY.map((path) => `/_isr/data/build1${path}.json`)],
  ])(
    'W17 P10 on a busy server lone visitors get plain %s at once, and the next ones compressed ones',
    async (_what, paths) => {
      const answers = await storm(paths, 'gzip', true)
      // The last ones are no storm any more, and which ones are the first is not for a test to say.
      const first = answers.findIndex(({ headers }) => headers['content-encoding'] === undefined)
      const plain = answers[first]!
      expect(plain.headers).toMatchObject({ vary: 'Accept-Encoding', 'x-isr-cache': 'MISS' })
      const next = await ask(site!.port, paths[first]!, { headers: { 'accept-encoding': 'gzip' } })
      expect(next.headers).toMatchObject({ 'content-encoding': 'gzip', 'x-isr-cache': 'HIT' })
      expect(next.headers.etag).toBe(plain.headers.etag?.replace(/"$/, '-gz"'))
      expect(next.text).toBe(plain.text)
    },
  )

  it('W17 not where there is time, nor where the client says what it likes less', async () => {
    expect(encodingsOf(await storm(MANY, 'gzip', false))).toEqual(new Set(['gzip']))
    await site!.close()
    expect(encodingsOf(await storm(MANY, 'gzip, identity;q=0', true))).toEqual(new Set(['gzip']))
  })

  it('W17 a herd on one page shares one compression', async () => {
    const answers = await storm(['/p/1', '/p/1', '/p/1', '/p/1', '/p/2', '/p/3', '/p/4'], 'gzip', true)
    expect(encodingsOf(answers.slice(0, 4))).toEqual(new Set(['gzip']))
  })
})
