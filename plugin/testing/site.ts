import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createBuilder, type InlineConfig, type Plugin, type Rolldown } from 'vite'
import { onTestFinished } from 'vitest'

/** A folder with the given files, by path, that goes away with the test. Its path is real, with forward slashes. */
export function createSite(files: Record<string, string>): string {
  const root = realpathSync.native(mkdtempSync(join(tmpdir(), 'isr-site-')))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  writeFiles(root, files)
  return root.replaceAll('\\', '/')
}

export function writeFiles(root: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
}

/** Builds one environment of a site, in memory, as the app builder does. */
export async function buildSite(
  root: string,
  plugins: Plugin[],
  { input = 'pages/index.tsx', environment = 'client', build = {} }: BuildSiteOptions = {},
): Promise<Rolldown.RolldownOutput['output']> {
  const config: InlineConfig = {
    root,
    plugins,
    configFile: false,
    logLevel: 'silent',
    builder: {},
    // A site without React: what is tested is which modules are in the bundle.
    oxc: { jsx: { runtime: 'classic' } },
    build: {
      write: false,
      minify: false,
      modulePreload: false,
      ...build,
      rolldownOptions: { input: input.startsWith('virtual:') ? input : join(root, input) },
    },
    environments: { client: {}, ssr: { build: { ssr: true } } },
  }
  const builder = await createBuilder(config)
  const result = await builder.build(builder.environments[environment]!)
  return (result as Rolldown.RolldownOutput).output
}

interface BuildSiteOptions {
  input?: string
  environment?: string
  build?: NonNullable<InlineConfig['build']>
}

/** Everything that a build would write, as one text to search. */
export function toText(output: Rolldown.RolldownOutput['output']): string {
  return output.map((file) => (file.type === 'chunk' ? file.code : String(file.source))).join('\n')
}
