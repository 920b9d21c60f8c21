import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Connect, Plugin, ProxyOptions } from 'vite'
import type { IsrContext } from './context.ts'
import { usageError } from './errors.ts'

/** Makes `vite preview` answer as production does, with the same handler. */
export function previewPlugin(context: IsrContext): Plugin {
  const closers: Array<() => Promise<void>> = []

  return {
    name: 'isr:preview',
    async configurePreviewServer(server) {
      const { dist } = context
      if (!existsSync(join(dist, 'isr/route-manifest.json'))) {
        throw usageError('ISR_BUILD', `There is no build in ${dist}. Run \`vite build\` first, then \`vite preview\`.`)
      }
      // Loaded here, so that `vite` and `vite build` start without it.
      const { createIsrHandler } = await import('../runtime/http/isr-handler.ts')
      const handler = createIsrHandler({ dist })
      const { proxy, headers } = server.config.preview
      const isProxied = createProxyFilter(proxy)
      // Installed before Vite's own middleware (by not returning a function): base, headers and 404 are then those of
      // production. CORS and the check of allowed hosts come before all plugins.
      server.middlewares.use(function isrPreview(req, res, next) {
        if (isProxied(req)) {
          next()
          return
        }
        for (const [name, value] of Object.entries(headers)) if (value !== undefined) res.setHeader(name, value)
        handler(req, res, next)
      })
      const close = once(() => handler.close())
      closers.push(close)
      // For Vite 8.0, which has no `closePreviewServer`. Nobody waits for this event.
      server.httpServer.once('close', () => {
        close().catch((error: unknown) => server.config.logger.error(`[vite-plugin-isr] ${String(error)}`))
      })
    },
    // Vite waits for it before it ends the process: pages that are being regenerated come to their end and are stored.
    async closePreviewServer() {
      await Promise.all(closers.splice(0).map((close) => close()))
    },
  }
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => (running ??= run())
}

/** Vite's proxy comes after us, so what it is for must be let through. Its contexts are prefixes, or with `^` patterns. */
function createProxyFilter(
  proxy: Record<string, string | ProxyOptions> | undefined,
): (req: Connect.IncomingMessage) => boolean {
  const tests = Object.keys(proxy ?? {}).map((context) => {
    const pattern = context.startsWith('^') ? new RegExp(context) : undefined
    return (url: string) => (pattern ? pattern.test(url) : url.startsWith(context))
  })
  return ({ url = '' }) => tests.some((test) => test(url))
}
