import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { ask } from '../http/testing/client.ts'
import { createProbes } from './probes.ts'

it('REL-53 are below the base, and ready until they retire', async () => {
  const probes = createProbes('/shop/')
  const server = createServer((req, res) => void (probes.answer(req, res) || res.end('page')))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const tell = async (path: string, method = 'GET') => {
    const { status, text } = await ask(port, path, { method })
    return [status, text]
  }
  try {
    expect(await tell('/shop/_isr/health')).toEqual([200, 'ok'])
    expect(await tell('/shop/_isr/ready?x')).toEqual([200, 'ready'])
    expect(await tell('/shop/_isr/ready', 'HEAD')).toEqual([200, ''])
    expect(await tell('/shop/_isr/ready', 'POST')).toEqual([405, 'Method Not Allowed'])
    for (const path of [
      '/_isr/health',
      '/shop/_isr/',
      '/shop/_isr/constructor',
      '/shop/_isr/healthy',
      '/shop/_isr/health/',
    ]) {
      expect([path, ...(await tell(path))]).toEqual([path, 200, 'page'])
    }
    probes.retire()
    expect(await tell('/shop/_isr/ready')).toEqual([503, 'stopping'])
    expect(await tell('/shop/_isr/health')).toEqual([200, 'ok'])
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
