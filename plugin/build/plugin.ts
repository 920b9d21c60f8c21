import type { Plugin } from 'vite'
import type { IsrContext } from '../context.ts'
import { configError } from '../errors.ts'

/** Builds the client, the server and the pages in one `vite build`. */
export function buildPlugin(context: IsrContext): Plugin {
  return {
    name: 'isr:build',
    apply: 'build',
    // Before other plugins that build environments of their own: these two belong together.
    buildApp: {
      order: 'pre',
      async handler(builder) {
        // Loaded here, so that `vite` starts without it.
        const { buildApp } = await import('./app.ts')
        await buildApp(context, builder)
      },
    },
    buildStart() {
      // The old programmatic call builds the client alone and never gets to buildApp.
      if (context.build) return
      throw configError(
        "vite's build() makes only the client's half of a site. Build all of it: " +
          "import { createBuilder } from 'vite', then (await createBuilder(config)).buildApp().",
      )
    },
  }
}
