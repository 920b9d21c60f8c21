/**
 * The types of a large site must not slow the compiler down. Time says little on a busy machine; the number of types that
 * the compiler makes is the same every time.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { renderRouteTypes } from './types.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')

const ENDINGS = ['', '/[id]', '/[id]/comments/[comment]', '/docs/[...slug]', '/shop/[[...path]]']

/** Half of them in sections, half of them side by side. */
function makePatterns(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const folder = index % 2 === 0 ? `/section-${index % 20}/topic-${index}` : `/topic-${index}`
    return folder + ENDINGS[index % ENDINGS.length]!
  })
}

const toTemplate = (pattern: string) => pattern.replaceAll(/\[.*?\]+/g, '${text}')
const toPath = (pattern: string) => pattern.replaceAll(/\[.*?\]+/g, 'x')

/** A page for each pattern, and as many links of both kinds. */
function writePages(patterns: readonly string[]): string {
  const lines = patterns.flatMap((pattern, index) => [
    `export const props${index}: GetStaticProps<{ a: 1 }, '${pattern}'> = () => ({ props: { a: 1 } })`,
    `export const link${index} = <Link href="${toPath(pattern)}" />`,
    `void router.push(\`${toTemplate(pattern)}\`)`,
    `void res.revalidate(\`${toTemplate(pattern)}\`)`,
  ])
  return [
    `import { Link, type Router } from 'vite-plugin-isr/client'`,
    `import type { ApiResponse, GetStaticProps } from 'vite-plugin-isr'`,
    'declare const text: string, router: Router, res: ApiResponse',
    ...lines,
  ].join('\n')
}

const CONFIG = {
  compilerOptions: {
    target: 'es2023',
    lib: ['es2023', 'dom'],
    module: 'esnext',
    moduleResolution: 'bundler',
    jsx: 'react-jsx',
    strict: true,
    noEmit: true,
    types: ['node'],
  },
  include: ['*.tsx', '*.d.ts'],
}

let root: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'isr-many-routes-'))
  await symlink(join(repository, 'node_modules'), join(root, 'node_modules'), 'dir')
})

afterAll(() => rm(root, { recursive: true, force: true }))

/** Compiles a site of so many routes, and returns how many types were made from generic ones. */
async function countInstantiations(routes: number, { typed }: { typed: boolean }): Promise<number> {
  const folder = join(root, `${routes}-${typed}`)
  const patterns = makePatterns(routes)
  const text = renderRouteTypes(patterns.map((pattern) => ({ pattern, kind: 'isr' })))
  await mkdir(folder)
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(CONFIG))
  await writeFile(join(folder, 'pages.tsx'), writePages(patterns))
  if (typed) await writeFile(join(folder, 'isr-env.d.ts'), text)
  // One thread: each has its own memory of types, and how the files are shared out is not ours to know.
  const args = [compiler, '-p', folder, '--extendedDiagnostics', '--singleThreaded', '--pretty', 'false']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (output += part))
  await once(child, 'close')
  expect(output).not.toContain('error TS')
  return Number(/^Instantiations:\s+(\d+)$/m.exec(output)?.[1])
}

describe('the types of a site with 500 routes', () => {
  it('cost so much for each route and link, and not more with their number', async () => {
    const costs = new Map<number, number>()
    for (const routes of [250, 500]) {
      const plain = await countInstantiations(routes, { typed: false })
      const typed = await countInstantiations(routes, { typed: true })
      expect(plain).toBeGreaterThan(0)
      costs.set(routes, (typed - plain) / routes)
    }
    // Three checked URLs for each route. A comparison of each with every route would need tens of thousands.
    expect(costs.get(500)).toBeLessThan(600)
    expect(costs.get(500)! / costs.get(250)!).toBeLessThan(1.2)
  })
})
