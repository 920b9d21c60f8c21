/** The data host of the magazine in fixtures/: stories that a test changes, and a count of who asked for what. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Story {
  id: string
  title: string
  text: string
  revision: number
}

export interface Newsroom {
  url: string
  publish(id: string): Story
  withdraw(id: string): void
  /** While true every answer is a 500. */
  failing: boolean
  /** How often a story was asked for. */
  reads(id: string): number
  close(): Promise<void>
}

export async function openNewsroom(): Promise<Newsroom> {
  const stories = new Map<string, Story>()
  const reads = new Map<string, number>()

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const id = decodeURIComponent(/^\/stories\/(.+)$/.exec(request.url ?? '')?.[1] ?? '')
    if (id !== '') reads.set(id, (reads.get(id) ?? 0) + 1)
    const found = id === '' ? [...stories.values()].filter((story) => !story.id.startsWith('late')) : stories.get(id)
    response.statusCode = newsroom.failing ? 500 : found === undefined ? 404 : 200
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(found ?? null))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const newsroom: Newsroom = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failing: false,
    publish(id) {
      const revision = (stories.get(id)?.revision ?? 0) + 1
      const story = { id, title: `Story ${id}`, text: `Text of ${id}, revision ${revision}.`, revision }
      stories.set(id, story)
      return story
    },
    withdraw: (id) => void stories.delete(id),
    reads: (id) => reads.get(id) ?? 0,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return newsroom
}
