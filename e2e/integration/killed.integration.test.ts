import { afterAll, beforeAll, expect, it } from 'vitest'
import { createConsumer, forgetRegenerated, type Consumer } from './consumer.ts'
import { openNewsroom, type Newsroom } from './newsroom.ts'

let newsroom: Newsroom
let consumer: Consumer

beforeAll(async () => {
  newsroom = await openNewsroom()
  for (let id = 1; id <= 5; id++) newsroom.publish(String(id))
  consumer = await createConsumer('magazine', { NEWSROOM_URL: newsroom.url, REFRESH_KEY: 'k3y' })
  await consumer.run('vite', 'build')
}, 300_000)

afterAll(async () => {
  await consumer?.dispose()
  await newsroom?.close()
})

it('a refreshed page outlives kill -9 of the server that confirmed it', async () => {
  await forgetRegenerated(consumer)
  const first = await consumer.start('start.mjs')
  newsroom.publish('6')
  expect((await fetch(`${first.url}/api/refresh?path=/&key=k3y`)).status).toBe(200)
  await first.kill()

  const second = await consumer.start('start.mjs')
  const home = await fetch(`${second.url}/`)
  expect([home.status, home.headers.get('x-isr-cache')]).toEqual([200, 'HIT'])
  expect(await home.text()).toContain('Story 6')
  expect(await second.stop()).toBe(0)
})

it('kill -9 at any time: the next start finds whole pages and reports no error', async () => {
  await forgetRegenerated(consumer)
  for (let round = 0; round < 8; round++) {
    const server = await consumer.start('start.mjs')
    const ids = Array.from({ length: 12 }, (_, index) => `late-${round}-${index}`)
    for (const id of ids) newsroom.publish(id)

    // Writes are under way when the server dies: generations of new pages, and refreshes of old ones.
    const requests = ids.map(async (id) => {
      const page = await fetch(`${server.url}/stories/${id}`)
      if (!(await page.text()).includes(`Text of ${id},`)) throw new Error(`${id} is not whole`)
    })
    const answered = Promise.allSettled(requests)
    newsroom.publish('1')
    const refresh = fetch(`${server.url}/api/refresh?path=/stories/1&key=k3y`).then(
      ({ status }) => status,
      () => 'died' as const,
    )
    await new Promise((resolve) => setTimeout(resolve, 20 + round * 25))
    await server.kill()
    const answers = await answered
    const status = await refresh
    expect(['died', 200]).toContain(status)
    // Whoever got an answer got the page: a broken connection rejects, and only that.
    for (const answer of answers) {
      if (answer.status === 'rejected') expect(String(answer.reason)).toMatch(/fetch failed|terminated/)
    }

    const next = await consumer.start('start.mjs')
    for (const id of [...ids, '1', '2', '3']) {
      const page = await fetch(`${next.url}/stories/${id}`)
      const text = await page.text()
      expect(page.status, id).toBe(200)
      expect(text, id).toMatch(new RegExp(`Text of ${id}, revision \\d+\\.`))
      expect(text.endsWith('</html>'), id).toBe(true)
    }
    expect(next.output()).not.toMatch(/error|exception|corrupt|ISR_/i)
    expect(await next.stop()).toBe(0)
  }
})
