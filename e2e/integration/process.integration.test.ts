import { createServer, type Server } from 'node:http'
import { expect, it } from 'vitest'
import { startProcess } from '../process.ts'

it('a server of a test is the one that was started, not one that took its port meanwhile', async () => {
  const others: Server[] = []
  const server = await startProcess({
    cwd: process.cwd(),
    toCommand: (port) => {
      if (others.length === 0) others.push(createServer((_req, res) => res.end('other')).listen(port, '127.0.0.1'))
      const text = `require('http').createServer((req, res) => res.end('mine')).listen(${port}, '127.0.0.1')`
      return { args: ['-e', `setTimeout(() => ${text}, 300)`], env: {} }
    },
  })
  try {
    expect(await (await fetch(server.url)).text()).toBe('mine')
  } finally {
    await server.stop()
    for (const other of others) other.close()
  }
})
