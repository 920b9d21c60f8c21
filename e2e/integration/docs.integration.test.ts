/** What the documents tell people to write is compiled, and what they tell them to run is run. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { loadConfigFromFile } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { send } from '../harness/http.ts'
import { createSite, type Site } from '../harness/site.ts'
import { runToEnd, runToExit, startProcess, type ServerProcess } from '../process.ts'
import { documents, extractBlocks, readBlocks, readFileBlock, writeBlocks, type Block } from './documents.ts'

const all = documents.flatMap(readBlocks)
const of = (...languages: string[]) => all.filter(({ language }) => languages.includes(language))
const toName = ({ document, line, file }: Block) => `${document}:${line}${file === undefined ? '' : ` (${file})`}`
const named = (blocks: readonly Block[]) => blocks.map((block) => [toName(block), block] as const)

const callOfCms =
  "curl localhost:3000/api/revalidate -H 'content-type: application/json' -H 'x-secret: salt' -d '{\"slug\":\"apple-pie\"}'"

const repository = join(import.meta.dirname, '../..')
const typescript = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')

let site: Site
beforeAll(async () => {
  // The packages of a site; what is tested lies in folders in it.
  site = await createSite({})
})
afterAll(async () => {
  await site?.dispose()
})

describe('fenced blocks', () => {
  it('are found, with language, file and place', () => {
    const text =
      'a\n```ts\n// lib/a.ts\nlet a = 1\n```\n\n  ```json data/b.json\n  {}\n  ```\n~~~sh\necho\n~~~\n```\nplain\n```\n'
    expect(extractBlocks('x.md', text)).toMatchObject([
      { line: 2, language: 'ts', file: 'lib/a.ts', text: '// lib/a.ts\nlet a = 1\n' },
      { line: 7, language: 'json', file: 'data/b.json', text: '{}\n' },
      { line: 10, language: 'sh', file: undefined, text: 'echo\n' },
      { line: 13, language: '', file: undefined, text: 'plain\n' },
    ])
  })

  it.each(named(all))('%s is in a language that is checked here', (_name, { language }) => {
    expect(['ts', 'tsx', 'jsx', 'js', 'sh', 'json', 'http', 'text', 'nginx', 'vcl', 'dockerfile', 'yaml']).toContain(
      language,
    )
  })
})

describe('code', () => {
  const told = JSON.parse(readFileBlock('docs/types.md', 'tsconfig.json')) as { compilerOptions: object }
  const tsconfig = { compilerOptions: { ...told.compilerOptions, allowJs: true } }

  /** A document is one project; a file that it has twice begins another folder. */
  async function compile(name: string, blocks: readonly Block[]): Promise<{ code: number | null; output: string }> {
    const root = join(site.root, 'compiled', name)
    const seen = new Map<string, number>()
    for (const block of blocks) {
      const file = block.file ?? `snippet-${block.line}.${block.language}`
      const times = seen.get(file) ?? 0
      seen.set(file, times + 1)
      const folder = join(root, String(times))
      // The recipes that all documents talk about.
      const lib = 'lib/recipes.server.ts'
      const recipes = { ...block, file: lib, text: readFileBlock('docs/getting-started.md', lib) }
      await writeBlocks(folder, [recipes, { ...block, file }])
    }
    await writeFile(join(root, 'tsconfig.json'), JSON.stringify(tsconfig))
    return runToExit(process.execPath, [typescript, '-p', root], root)
  }

  const languages = ['ts', 'tsx', 'jsx', 'js']
  const withCode = documents.filter((document) => of(...languages).some((block) => block.document === document))

  it.each(withCode)('of %s compiles', async (document) => {
    const blocks = of(...languages).filter((block) => block.document === document)
    const { code, output } = await compile(document.replaceAll(/\W/g, '-'), blocks)
    expect(output).toBe('')
    expect(code).toBe(0)
  })

  it('that is wrong does not', async () => {
    const text = "import isr from 'vite-plugin-isr'\nisr({ expire: 'soon' })\n"
    const { code, output } = await compile('wrong', [
      { document: 'x.md', line: 1, language: 'ts', file: undefined, text },
    ])
    expect(code).not.toBe(0)
    expect(output).toContain("Type 'string' is not assignable to type 'number'")
  })

  const configs = all.filter(({ file }) => /^vite\.config\.m?ts$/.test(file ?? ''))

  async function loadPlugins(name: string, text: string): Promise<string[]> {
    const folder = join(site.root, 'configs', name)
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'vite.config.ts'), text)
    const loaded = await loadConfigFromFile({ command: 'build', mode: 'production' }, undefined, folder, 'silent')
    return (loaded?.config.plugins ?? []).flat(5).flatMap((plugin) => (plugin && 'name' in plugin ? [plugin.name] : []))
  }

  it.each(named(configs))('%s is a config with options that exist', async (name, { text }) => {
    expect(await loadPlugins(name.replaceAll(/\W/g, '-'), text)).toContain('isr:virtual')
  })

  it('a config with an option that does not exist is refused', async () => {
    const text = readFileBlock('README.md', 'vite.config.ts').replace('isr()', 'isr({ expires: 1 })')
    await expect(loadPlugins('wrong', text)).rejects.toThrow(/unknown option `expires`/)
  })
})

describe('data', () => {
  it.each(named(of('json')))('%s is JSON', (_name, { text }) => {
    JSON.parse(text)
  })

  it.each(named(of('http')))('%s is an answer that this server gives', (_name, { text }) => {
    const [status, ...headers] = text.trimEnd().split('\n')
    expect(status).toMatch(/^HTTP\/1\.1 \d{3} [A-Z]/)
    const forms: Record<string, RegExp> = {
      'x-isr-cache': /^(?:HIT|STALE|MISS|BYPASS)$/,
      'Cache-Status': /^vite-plugin-isr; (?:hit|fwd=\S+)(?:; ttl=-?\d+)?(?:; detail=[a-z-]+)?$/,
      'Cache-Control': /^s-maxage=\d+(?:, stale-while-revalidate=\d+)?$/,
      ETag: /^"[\w-]{27}(?:-\w+)?"$/,
      Vary: /^Accept-Encoding$/,
      'Content-Length': /^\d+$/,
    }
    for (const header of headers) {
      const [name = '', value] = header.split(': ')
      expect(Object.keys(forms)).toContain(name)
      expect(value).toMatch(forms[name]!)
    }
  })

  it.each(named(of('text')))('%s is what is printed', (_name, { text, file }) => {
    for (const line of text.trimEnd().split('\n')) {
      if (file === '.dockerignore') expect(line).toMatch(/^[\w.*-]+$/)
      // What servers really print is compared with these forms in debug.integration.test.ts.
      else if (line.startsWith('[')) {
        expect(line).toMatch(/^\[vite-plugin-isr\] get\w+ of \S+: [A-Z]+ https?:\S+ (?:\d{3}|failed) in \d+ ms$/)
      } else {
        expect(line).toMatch(
          /^\S+Z isr [A-Z-]+ \/\S* [a-z-]+ page=\S+(?: age=\d+\.\ds)?(?: render=\d+ms)?(?: size=\d+B)?(?: error=".*")?$/,
        )
      }
    }
  })
})

describe('configuration of other programs', () => {
  const findProgram = (name: string) =>
    [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
      .map((folder) => join(folder, name))
      .find((file) => existsSync(file))

  /** What can be said of a block without its program: brackets pair, statements end. */
  function checkForm(text: string): void {
    const code = text.replaceAll(/#.*$/gm, '').replaceAll(/"[^"\n]*"/g, '""')
    let depth = 0
    for (const line of code.split('\n').map((each) => each.trim())) {
      if (line !== '') expect(line).toMatch(/[;{}]$/)
      depth += (line.match(/\{/g)?.length ?? 0) - (line.match(/\}/g)?.length ?? 0)
      expect(depth).toBeGreaterThanOrEqual(0)
    }
    expect(depth).toBe(0)
  }

  it.each(named(of('nginx')))('%s is read by nginx where that is installed', async (name, { text }) => {
    checkForm(text)
    const nginx = findProgram('nginx')
    if (!nginx) return console.warn(`${name}: nginx is not installed, so that only the form is checked`)
    const folder = join(site.root, 'nginx', name.replaceAll(/\W/g, '-'))
    await mkdir(folder, { recursive: true })
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    const paths = temporary.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ')
    const config = text.replaceAll('/var/cache/nginx', folder).replaceAll('listen 80;', `listen unix:${folder}/socket;`)
    const file = join(folder, 'nginx.conf')
    await writeFile(file, `pid ${folder}/pid;\nevents {}\nhttp {\naccess_log off;\n${paths}\n${config}\n}\n`)
    const { status, stderr } = spawnSync(nginx, ['-t', '-p', folder, '-c', file, '-e', 'stderr'], { encoding: 'utf8' })
    expect(stderr).toContain('syntax is ok')
    expect(status).toBe(0)
  })

  it.each(named(of('vcl')))('%s is compiled by Varnish where that is installed', async (name, { text }) => {
    checkForm(text.replace(/^vcl 4\.1;$/m, ''))
    const varnish = findProgram('varnishd')
    if (!varnish) return console.warn(`${name}: Varnish is not installed, so that only the form is checked`)
    const folder = await mkdtemp(join(tmpdir(), 'isr-varnish-'))
    try {
      // Varnish compiles as a user of its own.
      await chmod(folder, 0o755)
      const file = join(folder, `${name.replaceAll(/\W/g, '-')}.vcl`)
      await writeFile(file, text)
      const flags = ['-C', '-f', file, '-n', join(folder, 'work')]
      const { status, stderr } = spawnSync(varnish, flags, { encoding: 'utf8' })
      expect(status, stderr).toBe(0)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  // A Docker daemon is seldom there in tests: what the image holds is put together and started below.
  it.each(named(of('dockerfile')))('%s has instructions that exist, in their form', (_name, { text }) => {
    const instructions = text.trimEnd().split(/\n+(?! )/)
    for (const line of instructions) {
      expect(line).toMatch(/^(?:FROM|WORKDIR|COPY|RUN|ENV|USER|EXPOSE|STOPSIGNAL|HEALTHCHECK|CMD) \S/)
    }
    expect(instructions[0]).toMatch(/^FROM node:\d+\S* AS build$/)
    const command = instructions.at(-1)!
    expect(command).toMatch(/^CMD \[/)
    expect(JSON.parse(command.slice('CMD '.length))).toEqual(['node', 'dist/server/start.mjs'])
  })
})

describe('Kubernetes', () => {
  it.each(named(of('yaml')))(
    '%s is indented as YAML, and leaves the server the time that it takes to end',
    (_name, { text }) => {
      let depth = 0
      for (const line of text.trimEnd().split('\n')) {
        const {
          indent = '',
          item = '',
          end,
        } = /^(?<indent>(?: {2})*)(?<item>- )?[\w.-]+:(?<end>$| \S+.*$)/.exec(line)?.groups ?? {}
        expect([line, end === undefined]).toEqual([line, false])
        expect(indent.length).toBeLessThanOrEqual(depth)
        depth = indent.length + item.length + (end === '' ? 2 : 0)
      }
      const read = (pattern: RegExp) => Number(pattern.exec(text)?.[1])
      // 20 seconds for answers and 8 for what is generated, see runtime/node/start.ts.
      const grace = read(/terminationGracePeriodSeconds: (\d+)/)
      expect(grace).toBeGreaterThan(read(/"sleep", "(\d+)"/) + 28)
    },
  )
})

describe('commands', () => {
  const isRun = 'run below'
  /** Every command that readers are told to run, and where it is. */
  const known: Record<string, string> = {
    'npm init -y': isRun,
    'npm pkg set type=module': isRun,
    'npm install react react-dom': 'consumer.integration.test.ts installs the packed package beside these',
    'npm install --save-dev vite @vitejs/plugin-react vite-plugin-isr': 'the same',
    'npm install --save-dev typescript @types/react @types/react-dom @types/node':
      'all code is compiled with these, by the tsconfig.json beside the command',
    'npx vite build': isRun,
    'npx vite preview': 'consumer.integration.test.ts',
    'node dist/server/start.mjs': isRun,
    'PORT=8080 node dist/server/start.mjs': 'start.integration.test.ts',
    'REFRESH_SECRET=salt node dist/server/start.mjs': isRun,
    'ISR_DEBUG_CACHE=1 node dist/server/start.mjs': 'debug.integration.test.ts',
    'curl -i localhost:3000/recipes/apple-pie': isRun,
    'curl -sD - -o /dev/null localhost:3000/recipes/apple-pie': isRun,
    'curl "localhost:3000/api/refresh?secret=salt&slug=apple-pie"': isRun,
    [callOfCms]: isRun,
    'npm ci && npm run playground': 'the browser tests build and serve the playground',
    'npm ci && npm run setup && npm test': 'continuous integration',
    'npm ci && npm run build': 'continuous integration',
    'cd bench && npm ci': 'continuous integration',
  }

  const toCommands = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/\s+#.*$/, ''))
  /** A script of this repository with names of tests, such as the figures of docs/reliability.md come from. */
  const isSuite = (command: string) => /^npm run (?:faults|threats|flood|simulate|mutation)\b/.test(command)
  /** A question of bench/, which continuous integration runs for seconds. */
  const isBench = (command: string) => /^npm run (?:hits|all)\b/.test(command)

  it.each(named(of('sh')))('%s holds known commands', (_name, { text }) => {
    for (const command of toCommands(text)) {
      if (isSuite(command)) expectSuite(command)
      else if (isBench(command)) expectBench(command)
      else expect(Object.keys(known)).toContain(command)
    }
    expect(spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
  })

  it('knows none that are gone', () => {
    const told = new Set(of('sh').flatMap(({ text }) => toCommands(text)))
    expect(Object.keys(known).filter((command) => !told.has(command))).toEqual([])
  })

  function expectBench(command: string): void {
    const { scripts } = JSON.parse(readFileSync(join(repository, 'bench/package.json'), 'utf8')) as {
      scripts: Record<string, string>
    }
    expect(Object.keys(scripts)).toContain(command.split(' ')[2])
  }

  /** Each word chooses tests that exist. What they say is seen where they run. */
  function expectSuite(command: string): void {
    const [, , script = '', , ...words] = command.split(' ')
    const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>
    }
    expect(Object.keys(scripts)).toContain(script)
    if (script !== 'faults' && script !== 'threats') return
    const tests = ['plugin', 'runtime', 'e2e'].flatMap((folder) =>
      readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => /\.test\.tsx?$/.test(file))
        .map((file) => `${folder}/${file}`),
    )
    for (const word of words.filter((each) => !each.startsWith('--'))) {
      expect(
        tests.some((file) => file.includes(word)),
        `${command}: ${word}`,
      ).toBe(true)
    }
  }
})

describe('Getting started, followed to the letter', () => {
  let root: string
  let server: ServerProcess
  const vite = () => join(site.root, 'node_modules/vite/bin/vite.js')

  async function serve(env: Record<string, string> = {}): Promise<void> {
    await server?.stop()
    server = await startProcess({
      cwd: root,
      toCommand: (port) => ({
        args: ['dist/server/start.mjs'],
        env: { HOST: '127.0.0.1', PORT: String(port), ...env },
      }),
    })
  }

  async function editRecipes(change: (text: string) => string): Promise<void> {
    const file = join(root, 'data/recipes.json')
    await writeFile(file, change(await readFile(file, 'utf8')))
  }

  beforeAll(async () => {
    root = join(site.root, 'started')
    await mkdir(root)
    await runToEnd('npm', ['init', '-y'], root)
    await runToEnd('npm', ['pkg', 'set', 'type=module'], root)
    await writeBlocks(root, [...readBlocks('docs/getting-started.md'), ...readBlocks('docs/on-demand-revalidation.md')])
    const report = await runToEnd(process.execPath, [vite(), 'build'], root)
    expect(report).toMatch(/● .*\/recipes\/\[slug\]|\/recipes\/apple-pie/)
    await serve()
  })

  afterAll(async () => {
    await server?.stop()
  })

  it('the first answer is the one that is shown', async () => {
    const answer = await send(server, '/recipes/apple-pie')
    const shown = of('http')
      .find(({ document }) => document === 'docs/getting-started.md')!
      .text.trimEnd()
    const [status, ...headers] = shown.split('\n')
    expect(`HTTP/1.1 ${answer.status} ${answer.reason}`).toBe(status)
    const mask = (text: string) => text.replaceAll(/ttl=\d+|s-maxage=\d+/g, (found) => `${found.split('=')[0]}=n`)
    for (const header of headers) {
      const [name = '', value = ''] = header.split(': ')
      expect(mask(answer.headers[name.toLowerCase()] ?? '')).toBe(mask(value))
    }
    expect(answer.text).toContain('Ready in ')
  })

  it('curl shows it too, where it is installed', () => {
    const address = `127.0.0.1:${server.port}/recipes/apple-pie`
    for (const flags of [['-i'], ['-sD', '-', '-o', '/dev/null']]) {
      const { stdout, error } = spawnSync('curl', [...flags, address], { encoding: 'utf8' })
      if (error === undefined) expect(stdout).toContain('x-isr-cache: HIT')
    }
  })

  it('a page that is not built is made for its first visitor', async () => {
    expect((await send(server, '/recipes/flatbread')).cache).toBe('MISS')
    expect((await send(server, '/recipes/flatbread')).cache).toBe('HIT')
    expect((await send(server, '/recipes/none')).status).toBe(404)
    expect((await send(server, '/')).text).toContain('href="/recipes/flatbread"')
  })

  it('a change shows after ten seconds, and a broken file changes nothing', async () => {
    await editRecipes((text) => text.replace('"minutes": 75', '"minutes": 80'))
    const states: Array<string | undefined> = []
    await eventually(async () => {
      const answer = await send(server, '/recipes/apple-pie')
      states.push(answer.cache)
      expect(answer.text).toMatch(/Ready in (?:<!-- -->)?80/)
    }, 30_000)
    expect(states).toContain('STALE')
    await editRecipes((text) => `broken${text}`)
    await eventually(async () => {
      const answer = await send(server, '/recipes/apple-pie')
      expect(answer.text).toMatch(/Ready in (?:<!-- -->)?80/)
      expect(answer.headers['cache-status']).toContain('stale-error')
    }, 30_000)
    await editRecipes((text) => text.replace('broken', ''))
  })

  it('the route refreshes the page at once, for those who know the secret', async () => {
    await serve({ REFRESH_SECRET: 'salt' })
    await editRecipes((text) => text.replace('"minutes": 80', '"minutes": 85'))
    expect((await send(server, '/api/refresh?slug=apple-pie')).status).toBe(401)
    const refreshed = await send(server, '/api/refresh?secret=salt&slug=apple-pie')
    expect(refreshed.json()).toEqual({ refreshed: true })
    expect((await send(server, '/recipes/apple-pie')).text).toMatch(/Ready in (?:<!-- -->)?85/)
    await serve()
    // Without a secret in the environment, nobody knows it: not even who sends none.
    expect((await send(server, '/api/refresh?slug=apple-pie')).status).toBe(401)
  })

  it('a CMS that calls the other document’s route refreshes the page, where curl is installed', async () => {
    if (spawnSync('curl', ['--version']).error) return
    await serve({ REVALIDATE_SECRET: 'salt' })
    const command = callOfCms.replace('localhost:3000', `127.0.0.1:${server.port}`)
    const { stdout } = spawnSync('bash', ['-c', `${command} --silent`], { encoding: 'utf8' })
    expect(stdout).toBe('{"status":"regenerated"}')
    expect((await send(server, '/recipes/apple-pie')).cache).toBe('HIT')
  })

  it('what the Dockerfile copies is enough', async () => {
    const image = join(site.root, 'image/app')
    await mkdir(join(image, 'node_modules'), { recursive: true })
    const [{ text } = { text: '' }] = of('dockerfile')
    const copied = [...text.matchAll(/^COPY --from=build \/app\/(\S+) \.\/(\S*)$/gm)]
    expect(copied.map(([, from]) => from)).toEqual(['package.json', 'node_modules', 'dist'])
    for (const [, from = '', to = ''] of copied) {
      if (from !== 'node_modules') await cp(join(root, from), join(image, to === '' ? from : to), { recursive: true })
    }
    // What `npm prune --omit=dev` leaves.
    for (const name of ['react', 'react-dom', 'scheduler']) {
      await symlink(join(site.root, 'node_modules', name), join(image, 'node_modules', name), 'dir')
    }
    const container = await startProcess({
      cwd: image,
      toCommand: (port) => ({
        args: ['--preserve-symlinks', 'dist/server/start.mjs'],
        env: { HOST: '127.0.0.1', PORT: String(port), NODE_ENV: 'production', ISR_CACHE_DIR: join(image, '../cache') },
      }),
    })
    expect((await send(container, '/recipes/apple-pie')).cache).toMatch(/HIT|STALE/)
    const [, command = '[]'] = /^HEALTHCHECK .* CMD (\[.*\])$/m.exec(text) ?? []
    const [program, ...args] = JSON.parse(command.replace('3000', String(container.port))) as string[]
    expect(program).toBe('node')
    expect(await runToExit(process.execPath, args, image)).toEqual({ code: 0, output: '' })
    const [{ text: pod } = { text: '' }] = of('yaml')
    const probes = [...pod.matchAll(/path: (\S+)/g)].map(([, path = '']) => path)
    expect(probes).toEqual(['/_isr/ready', '/_isr/health'])
    for (const path of probes) expect((await send(container, path)).status).toBe(200)
    expect(await container.stop()).toBe(0)
    expect((await runToExit(process.execPath, args, image)).code).toBe(1)
  })
})
