/**
 * The types as users have them: a site that compiles against the built package, with both compilers and both ways to
 * resolve modules, before and after its first build.
 */
import { cp, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runToEnd, runToExit, startProcess } from '../process.ts'

const repository = join(dirname(fileURLToPath(import.meta.url)), '../..')
const fixture = join(repository, 'e2e/fixtures/types')

/** The compiler as it is installed for a folder. */
const findCompiler = (folder: string) =>
  join(dirname(createRequire(join(folder, 'package.json')).resolve('typescript/package.json')), 'bin/tsc')
const compilers = [
  ['TypeScript 7', findCompiler(repository)],
  ['TypeScript 6', findCompiler(fixture)],
] as const

let site: string

beforeAll(async () => {
  site = await mkdtemp(join(tmpdir(), 'isr-typed-'))
  await cp(fixture, site, { recursive: true, filter: (source) => !/[\\/](?:node_modules|dist)$/.test(source) })
  await symlink(join(repository, 'node_modules'), join(site, 'node_modules'), 'dir')
})

afterAll(() => rm(site, { recursive: true, force: true }))

const vite = join(repository, 'node_modules/vite/bin/vite.js')
const build = () => runToEnd(process.execPath, [vite, 'build'], site)

/** What a compiler has to say about a site; nothing when all is well. */
async function compile(compiler: string, config: string, folder = site): Promise<string[]> {
  const { output } = await runToExit(process.execPath, [compiler, '-p', config, '--pretty', 'false'], folder)
  return output.split('\n').filter((line) => line !== '')
}

describe.each(compilers)('%s', (name, compiler) => {
  it('is the version that its name says', async () => {
    expect(await runToEnd(process.execPath, [compiler, '--version'], site)).toContain(
      `Version ${name.replace('TypeScript ', '')}.`,
    )
  })

  describe('in a fresh clone', () => {
    beforeAll(() => rm(join(site, 'isr-env.d.ts'), { force: true }))

    it('compiles everything that is right', async () => {
      expect(await compile(compiler, 'tsconfig.fresh.json')).toEqual([])
    })

    it('refuses no route', async () => {
      const refused = await readFile(join(site, 'checks/refused.tsx'), 'utf8')
      const errors = (await compile(compiler, 'tsconfig.json')).filter((line) => line.startsWith('checks/refused.tsx'))
      const unused = errors.filter((line) => line.includes("error TS2578: Unused '@ts-expect-error' directive."))
      expect(errors).toEqual(unused)
      expect(unused).toHaveLength(refused.split('// @ts-expect-error').length - 1)
    })
  })

  describe('after a build', () => {
    beforeAll(build)

    it.each([
      ['bundler', 'tsconfig.json'],
      ['nodenext', 'tsconfig.nodenext.json'],
      ['bundler, with fewer of the strict options', 'tsconfig.loose.json'],
      ['one module alone', 'tsconfig.alone.json'],
    ])('compiles what is right and refuses what is wrong: %s', async (_, config) => {
      expect(await compile(compiler, config)).toEqual([])
    })
  })
})

describe('an editor', () => {
  /** What the language service offers at `|` in a module of the site. */
  async function complete(code: string): Promise<string[]> {
    // Its API is that of TypeScript 6; that of version 7 is another.
    const ts: any = createRequire(join(fixture, 'package.json'))('typescript')
    const file = join(site, 'checks/typing.tsx')
    const parsed = ts.getParsedCommandLineOfConfigFile(join(site, 'tsconfig.json'), {}, { ...ts.sys })
    const text = code.replace('|', '')
    const service = ts.createLanguageService({
      ...ts.sys,
      useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
      getScriptFileNames: () => [file, join(site, 'isr-env.d.ts')],
      getScriptVersion: () => '1',
      getScriptSnapshot: (name: string) =>
        name === file || ts.sys.fileExists(name)
          ? ts.ScriptSnapshot.fromString(name === file ? text : ts.sys.readFile(name))
          : undefined,
      getCurrentDirectory: () => site,
      getCompilationSettings: () => parsed.options,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
    })
    const found = service.getCompletionsAtPosition(file, code.indexOf('|'), {})
    return (found?.entries ?? []).map(({ name }: { name: string }) => name)
  }

  const STATIC = ['/', '/about', '/api/refresh', '/blog', "/it's"]

  beforeAll(build)

  it.each([
    ['href', `import { Link } from 'vite-plugin-isr/client'; export const a = <Link href="|" />`, STATIC],
    ['push', `import { useRouter } from 'vite-plugin-isr/client'; void useRouter().push("|")`, STATIC],
    [
      'revalidate',
      `import type { ApiResponse } from 'vite-plugin-isr'; declare const res: ApiResponse; void res.revalidate("|")`,
      ['/'],
    ],
  ])('completes the paths of %s', async (_, code, paths) => {
    expect(await complete(code)).toEqual(paths)
  })

  it('completes the patterns of URL objects and data functions', async () => {
    const link = (href: string) =>
      `import { Link } from 'vite-plugin-isr/client'; export const a = <Link href={${href}} />`
    expect(await complete(link(`{ pathname: '|' }`))).toContain('/cities/[country]/[city]')
    expect(await complete(link(`{ pathname: '/posts/[id]', query: { | } }`))).toContain('id')
    const props = `import type { GetStaticProps } from 'vite-plugin-isr'; declare const a: GetStaticProps<object, '|'>`
    expect(await complete(props)).toContain('/posts/[id]')
  })
})

describe('isr-env.d.ts', () => {
  const file = () => join(site, 'isr-env.d.ts')

  it('is left alone by a build that changes no route', async () => {
    await build()
    const before = await stat(file())
    await build()
    expect((await stat(file())).mtimeMs).toBe(before.mtimeMs)
  })

  it('follows the files of the pages', async () => {
    await build()
    const before = await readFile(file(), 'utf8')
    await rename(join(site, 'pages/about.tsx'), join(site, 'pages/imprint.tsx'))
    await build()
    expect(await readFile(file(), 'utf8')).toBe(
      before
        .replace("    '/about': {}\n", '')
        .replace("    '/it\\'s': {}\n", "    '/imprint': {}\n    '/it\\'s': {}\n"),
    )
    await rename(join(site, 'pages/imprint.tsx'), join(site, 'pages/about.tsx'))
    await build()
    expect(await readFile(file(), 'utf8')).toBe(before)
  })

  it('is not written with `types: false`', async () => {
    await rm(file(), { force: true })
    const config = join(site, 'vite.config.ts')
    const text = await readFile(config, 'utf8')
    await writeFile(config, text.replace('isr()', 'isr({ types: false })'))
    await build()
    await expect(stat(file())).rejects.toThrow('ENOENT')
    await writeFile(config, text)
  })
})

describe('the playground', () => {
  const [[, compiler]] = compilers
  let parent: string
  let playground: string

  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), 'isr-playground-types-'))
    playground = join(parent, 'playground')
    const made = /[\\/](?:node_modules|dist|data|\.isr-cache|isr-env\.d\.ts)$/
    await cp(join(repository, 'playground'), playground, { recursive: true, filter: (source) => !made.test(source) })
    await cp(join(repository, 'tsconfig.json'), join(parent, 'tsconfig.json'))
    await symlink(join(repository, 'node_modules'), join(parent, 'node_modules'), 'dir')
  })

  afterAll(() => rm(parent, { recursive: true, force: true }))

  it('compiles in a fresh clone, and once `vite` has seen its pages; then a wrong link is found', async () => {
    expect(await compile(compiler, 'tsconfig.json', playground)).toEqual([])

    const server = await startProcess({
      toCommand: (port) => ({ args: [vite, '--host', '127.0.0.1', '--port', `${port}`, '--strictPort'], env: {} }),
      cwd: playground,
    })
    await server.stop()
    expect(await readFile(join(playground, 'isr-env.d.ts'), 'utf8')).toContain(
      `'/countries/[country]': { country: string }`,
    )
    expect(await compile(compiler, 'tsconfig.json', playground)).toEqual([])

    const page = join(playground, 'pages/about.tsx')
    await writeFile(
      page,
      (await readFile(page, 'utf8')).replace('href="/countries/austria"', 'href="/contries/austria"'),
    )
    expect(await compile(compiler, 'tsconfig.json', playground)).toEqual([
      expect.stringMatching(
        /^pages\/about\.tsx\(\d+,\d+\): error TS2322: Type '"\/contries\/austria"' is not assignable/,
      ),
    ])
  })
})
