/** Pages that misbehave while `vite build` makes them. */
import { afterEach, describe, expect, it } from 'vitest'
import { createSite, type Site } from '../harness/site.ts'

let site: Site | undefined
afterEach(async () => {
  await site?.dispose()
  site = undefined
})

const page = (body: string) => `export function getStaticProps() { ${body} }
export default function Page() { return <main>page</main> }
`

const PAGES: Record<string, { body: string; told: RegExp }> = {
  hangs: { body: 'return new Promise(() => {})', told: /not ready within 4 s .*\(ISR_TIMEOUT\)/ },
  loops: { body: 'for (;;);', told: /endless loop.*\(ISR_(RENDERER_LOST|TIMEOUT)\)/ },
  exits: { body: 'process.exit(0)', told: /process\.exit\(0\) was called.*\(ISR_RENDERER_LOST\)/ },
  rejects: {
    body: "void Promise.reject(new Error('nobody waits for this')); return new Promise(() => {})",
    told: /nobody waits for this.*\(ISR_RENDERER_LOST\)/,
  },
  eats: {
    body: 'const kept = []; for (;;) kept.push(Array.from({ length: 100_000 }).fill(kept.length))',
    told: /(memory|endless loop).*\(ISR_RENDERER_LOST\)/,
  },
  nothing: { body: 'return undefined', told: /returned undefined.*\(ISR_RESULT\)/ },
}

describe('vite build', () => {
  it('REL-07 REL-10 P5 names each page that hangs, loops, exits, rejects or needs too much memory, and ends in bounded time', async () => {
    site = await createSite({
      options: '{ generateTimeout: 4 }',
      files: {
        'pages/fine.jsx': page('return { props: {} }'),
        ...Object.fromEntries(Object.entries(PAGES).map(([name, { body }]) => [`pages/${name}.jsx`, page(body)])),
      },
    })
    const { code, output } = await site.tryBuild({ NODE_OPTIONS: '--max-old-space-size=400' })
    expect(code).toBe(1)
    expect(output).toContain(`${Object.keys(PAGES).length} pages could not be prerendered`)
    for (const [name, { told }] of Object.entries(PAGES)) {
      const [, text = ''] = output.split(`  /${name} (pages/${name}.jsx)\n`)
      expect([name, text.split('\n')[0]]).toEqual([name, expect.stringMatching(told)])
    }
    expect(output).not.toContain('/fine (')
    // No server takes half a build for a whole one.
    expect(await site.list('dist/isr')).not.toContain('route-manifest.json')
  })
})
