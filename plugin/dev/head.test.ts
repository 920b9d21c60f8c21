import { tmpdir } from 'node:os'
import { createServer } from 'vite'
import { describe, expect, it } from 'vitest'
import { insertIntoHead, readHeadTags } from './head.ts'

describe('readHeadTags', () => {
  it("gives the tags of Vite's client and of plugins, with base", async () => {
    const server = await createServer({
      root: tmpdir(),
      base: '/app/',
      configFile: false,
      appType: 'custom',
      logLevel: 'silent',
      server: { middlewareMode: true, ws: false, watch: null },
      plugins: [
        {
          name: 'preamble',
          transformIndexHtml: () => [
            {
              tag: 'script',
              attrs: { type: 'module' },
              children: 'globalThis.hooked = "</body>"',
              injectTo: 'head-prepend',
            },
          ],
        },
      ],
    })
    try {
      const tags = await readHeadTags(server, '/posts/1')
      expect(tags).toContain('<script type="module" src="/app/@vite/client"></script>')
      expect(tags).toContain('type="module"')
      expect(tags).not.toContain('<head')
      expect(tags).not.toContain('<body')
    } finally {
      await server.close()
    }
  })
})

describe('insertIntoHead', () => {
  it('puts tags first, whatever the head carries and they contain', () => {
    expect(insertIntoHead('<html><head class="a"><title>x</title></head></html>', '<i>$&</i>')).toBe(
      '<html><head class="a"><i>$&</i><title>x</title></head></html>',
    )
    expect(insertIntoHead('<html><head></head><header></header></html>', '<i>')).toBe(
      '<html><head><i></head><header></header></html>',
    )
    expect(insertIntoHead('<header></header>', '<i>')).toBe('<header></header>')
  })
})
