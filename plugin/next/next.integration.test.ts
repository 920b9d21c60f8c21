import { afterAll, describe, expect, it } from 'vitest'
import { createFixture, type Fixture } from '../testing/fixture.ts'

const fixtures: Fixture[] = []
afterAll(async () => {
  for (const fixture of fixtures) await fixture.remove()
})

const config = (options = '', vite = '') => `
import react from '@vitejs/plugin-react'
import isr from 'vite-plugin-isr'
export default { ${vite} plugins: [react(), isr({ next: true, ${options} })] }`

async function create(files: Readonly<Record<string, string>>): Promise<Fixture> {
  const fixture = await createFixture({ 'vite.config.mjs': config(), ...files })
  fixtures.push(fixture)
  return fixture
}

const home = (text = 'Home') => `export default function Home() { return <main>${text}</main> }\n`

async function readClient(site: Fixture): Promise<string> {
  const files = await site.list('dist/client')
  return (await Promise.all(files.map((file) => site.read(`dist/client/${file}`)))).join('\n')
}

const start = (site: Fixture, env: Record<string, string> = {}) =>
  site.start(['dist/server/start.mjs'], { PORT: '0', HOST: '127.0.0.1', ...env })

describe('packages that are made for Next.js', () => {
  const files = {
    'package.json': '{ "private": true, "dependencies": { "made-for-next": "1.0.0", "made-for-next-cjs": "1.0.0" } }',
    'node_modules/made-for-next/package.json':
      '{ "name": "made-for-next", "version": "1.0.0", "type": "module", "exports": "./index.js", "peerDependencies": { "next": "*" } }',
    'node_modules/made-for-next/index.js': `
import { createElement, Fragment } from 'react'
import Head from 'next/head.js'
import { useRouter } from 'next/router'
export function Seo({ title }) {
  const { pathname } = useRouter()
  return createElement(Fragment, null, createElement(Head, null, createElement('title', null, title)), createElement('i', null, pathname))
}`,
    'node_modules/made-for-next-cjs/package.json':
      '{ "name": "made-for-next-cjs", "version": "1.0.0", "main": "index.js", "peerDependencies": { "next": "*" } }',
    'node_modules/made-for-next-cjs/index.js': `
"use strict"
Object.defineProperty(exports, '__esModule', { value: true })
var React = require('react')
var link = require('next/link')
var Link = link && link.__esModule ? link.default : link
exports.Home = function () { return React.createElement(Link, { href: '/' }, 'home') }`,
    'pages/index.js': `
import { Seo } from 'made-for-next'
import { Home } from 'made-for-next-cjs'
export default function Page() { return <main><Seo title="By a package" /><Home /></main> }`,
  }

  it('are part of the server', async () => {
    const site = await create(files)
    expect(await site.vite(['build'])).toMatchObject({ code: 0 })
    const server = await start(site)
    try {
      const html = await (await fetch(server.url)).text()
      expect(html).toContain('<title data-next-head="">By a package</title>')
      expect(html).toContain('<i>/</i><a href="/">home</a>')
    } finally {
      await server.close()
    }
  })

  it('work in development', async () => {
    const site = await create(files)
    const server = await site.start(['node_modules/vite/bin/vite.js', '--host', '127.0.0.1', '--port', '0'])
    try {
      const html = await (await fetch(server.url)).text()
      expect(html).toContain('<title data-next-head="">By a package</title>')
      expect(html).toContain('<i>/</i><a href="/">home</a>')
    } finally {
      await server.close()
    }
  })
})

describe('what can’t be run is refused, with a way out', () => {
  it.each([
    [
      'next/font/google',
      'pages/index.js',
      /No stand-in for next\/font\/google, which pages\/index\.js imports\. Declare the font/,
    ],
    ['next/navigation', 'pages/index.js', /No stand-in for next\/navigation.*useRouter of next\/router/],
    ['next/document', 'pages/index.js', /next\/document in the browser, by way of pages\/index\.js/],
  ])('an import of %s', async (name, file, message) => {
    const site = await create({ [file]: `import * as all from '${name}'\n${home('{String(all)}')}` })
    const built = await site.vite(['build'])
    expect(built.code).toBe(1)
    expect(built.stdout + built.stderr).toMatch(message)
    expect(built.stdout + built.stderr).toContain('ISR_NEXT_IMPORT')
  })

  it('a jsconfig.json that is no JSON', async () => {
    const site = await create({ 'jsconfig.json': '{ "compilerOptions": ', 'pages/index.js': home() })
    const built = await site.vite(['build'])
    expect([built.code, built.stdout + built.stderr]).toEqual([
      1,
      expect.stringContaining("jsconfig.json can't be read"),
    ])
  })

  it('styled-jsx is warned of', async () => {
    const site = await create({
      'pages/index.js': home('<p>a</p><style jsx>{`p { color: red }`}</style>'),
    })
    const built = await site.vite(['build'])
    expect([built.code, built.stdout + built.stderr]).toEqual([
      0,
      expect.stringMatching(/pages\/index\.js has <style jsx>/),
    ])
  })

  it('getInitialProps of _app', async () => {
    const site = await create({
      'pages/index.js': home(),
      'pages/_app.js': `
import App from 'next/app'
export default class MyApp extends App {
  static async getInitialProps(context) { return {} }
  render() { return null }
}`,
    })
    const built = await site.vite(['build'])
    expect(built.code).toBe(1)
    expect(built.stdout + built.stderr).toMatch(
      /pages\/_app\.js: getInitialProps is used\. .*getStaticProps or getServerSideProps/,
    )
  })
})

describe('the browser’s half', () => {
  it('B35 has nothing of the server, in .js files with JSX either', async () => {
    const site = await create({
      'lib/secret.js': "import fs from 'fs'\nexport const secret = () => 'CANARY' + fs.existsSync('.')\n",
      'pages/index.js': `
import { Html } from 'next/document'
import { secret } from '../lib/secret'
export async function getStaticProps() { return { props: { text: secret().slice(6) + typeof Html } } }
export default function Page({ text }) { return <main>{text}</main> }`,
      'pages/_document.js': `
import { Html, Head, Main, NextScript } from 'next/document'
import { secret } from '../lib/secret'
export default function Document() {
  return <Html data-secret={secret().length}><Head /><body><Main /><NextScript /></body></Html>
}`,
    })
    expect(await site.vite(['build'])).toMatchObject({ code: 0 })
    const client = await readClient(site)
    expect(client).not.toMatch(/CANARY|data-secret|getStaticProps/)
    const server = await start(site)
    try {
      const html = await (await fetch(server.url)).text()
      expect(html).toContain('<html data-secret="10">')
      expect(html).toContain('<div id="__next"><main>truefunction</main></div>')
    } finally {
      await server.close()
    }
  })

  it('has public variables as they were in the build, others not at all', async () => {
    const site = await create({
      '.env': 'NEXT_PUBLIC_NAME=file\nPRIVATE_KEY=CANARY\n',
      '.env.production': 'NEXT_PUBLIC_MODE=prod$NEXT_PUBLIC_NAME\n',
      'pages/index.js': `
export default function Page() {
  const { NEXT_PUBLIC_NAME } = {}
  return <main>{[process.env.NEXT_PUBLIC_NAME, process.env.NEXT_PUBLIC_MODE, process.env.NEXT_PUBLIC_SHELL, String(process.env.NEXT_PUBLIC_NONE), String(process.env.PRIVATE_KEY?.length)].join(' ')}</main>
}`,
      'pages/api/key.js':
        'export default (req, res) => res.send(process.env.PRIVATE_KEY.length + process.env.NEXT_PUBLIC_SHELL)',
    })
    expect(await site.vite(['build'], { env: { NEXT_PUBLIC_SHELL: 'shell' } })).toMatchObject({ code: 0 })
    const client = await readClient(site)
    expect(client).not.toContain('CANARY')
    expect(client).toMatch(/["'`]prodfile["'`]/)
    const server = await start(site, { NEXT_PUBLIC_SHELL: 'another' })
    try {
      expect(await (await fetch(server.url)).text()).toContain('<main>file prodfile shell undefined 6</main>')
      expect(await (await fetch(new URL('/api/key', server.url))).text()).toBe('6shell')
    } finally {
      await server.close()
    }
  })
})

describe('the build', () => {
  it('names the files of what next/dynamic shows, of nothing else', async () => {
    const part = (name: string) => ({
      [`components/${name}.js`]: `import './${name}.css'\nexport default function Part() { return <b className="${name}">${name}</b> }`,
      [`components/${name}.css`]: `.${name} { color: rgb(1, 2, ${name.length}) }`,
    })
    const site = await create({
      ...part('shown'),
      ...part('hidden'),
      ...part('inner'),
      'components/outer.js':
        "import dynamic from 'next/dynamic'\nconst Inner = dynamic(() => import('./inner'))\nexport default function Outer() { return <Inner /> }",
      'pages/index.js': `
import dynamic from 'next/dynamic'
const Shown = dynamic(() => import('../components/shown'))
const Hidden = dynamic(() => import('../components/hidden'), { loading: () => <p>…</p> })
const Outer = dynamic(() => import('../components/outer'))
export default function Page({ all }) { return <main><Shown />{all && <Hidden />}<Outer /></main> }`,
    })
    expect(await site.vite(['build'])).toMatchObject({ code: 0 })
    const server = await start(site)
    try {
      const html = await (await fetch(server.url)).text()
      expect(html).toContain('<main><b class="shown">shown</b><b class="inner">inner</b></main>')
      const links = [...html.matchAll(/<link rel="(\w+)" href="\/assets\/(\w+)-[\w-]+\.(?:js|css)"/g)]
      const named = links.map(([, rel, name]) => `${rel} ${name}`)
      expect(named).toEqual(
        expect.arrayContaining([
          'modulepreload shown',
          'modulepreload outer',
          'modulepreload inner',
          'stylesheet shown',
          'stylesheet inner',
        ]),
      )
      expect(named).not.toContain('modulepreload hidden')
      for (const [, href] of html.matchAll(/<link [^>]*href="(\/assets\/[^"]+)"/g)) {
        expect((await fetch(new URL(href!, server.url))).status, href).toBe(200)
      }
    } finally {
      await server.close()
    }
  })

  it('runs standalone, below a base, with a trailing slash', async () => {
    const site = await create({
      'vite.config.mjs': config('standalone: true, trailingSlash: true', "base: '/app/',"),
      'pages/index.js': `import Link from 'next/link'\n${home('<Link href="/about">About</Link>')}`,
      'pages/about.js': `
import Head from 'next/head'
export const getStaticProps = () => ({ props: { a: 1 }, revalidate: 60 })
export default function About() { return <main><Head><title>About</title></Head>About</main> }`,
    })
    expect(await site.vite(['build'])).toMatchObject({ code: 0 })
    const server = await start(site)
    try {
      const url = new URL(server.url).origin
      expect(await (await fetch(`${url}/app/`)).text()).toContain('<a href="/app/about/">About</a>')
      const about = await fetch(`${url}/app/about/`)
      expect([about.status, about.headers.get('x-nextjs-cache')]).toEqual([200, 'HIT'])
      const html = await about.text()
      const { buildId } = JSON.parse(/__ISR_DATA__" type="application\/json">(.*?)<\/script>/.exec(html)![1]!)
      expect(await (await fetch(`${url}/app/_next/data/${buildId}/about.json`)).json()).toEqual({ pageProps: { a: 1 } })
    } finally {
      await server.close()
    }
  })

  it('a site without the option answers under its own names alone', async () => {
    const site = await create({
      'vite.config.mjs': config().replace('next: true, ', ''),
      'pages/index.jsx': `export const getStaticProps = () => ({ props: {}, revalidate: 60 })\n${home()}`,
    })
    expect(await site.vite(['build'])).toMatchObject({ code: 0 })
    const server = await start(site, { NEXT_PRIVATE_DEBUG_CACHE: '1' })
    try {
      const response = await fetch(server.url)
      expect([response.headers.get('x-isr-cache'), response.headers.get('x-nextjs-cache')]).toEqual(['HIT', null])
      const { buildId } = JSON.parse(
        /__ISR_DATA__" type="application\/json">(.*?)<\/script>/.exec(await response.text())![1]!,
      )
      expect((await fetch(new URL(`/_isr/data/${buildId}/index.json`, server.url))).status).toBe(200)
      expect((await fetch(new URL(`/_next/data/${buildId}/index.json`, server.url))).status).toBe(404)
      expect(server.output()).not.toContain('isr HIT')
    } finally {
      await server.close()
    }
  })

  it('NEXT_PRIVATE_DEBUG_CACHE=1 prints the decisions of the cache', async () => {
    const site = await create({
      'pages/index.js': `export const getStaticProps = () => ({ props: {}, revalidate: 60 })\n${home()}`,
    })
    expect(await site.vite(['build'])).toMatchObject({ code: 0 })
    const server = await start(site, { NEXT_PRIVATE_DEBUG_CACHE: '1' })
    try {
      await (await fetch(server.url)).text()
      await expect.poll(() => server.output()).toMatch(/isr HIT \/ fresh/)
    } finally {
      await server.close()
    }
  })
})

describe('pages of older forms', () => {
  it('layouts of their own, require in data functions, in a build and in development', async () => {
    const site = await create({
      'pages/_app.js': `
export default function App({ Component, pageProps }) {
  const getLayout = Component.getLayout ?? ((page) => page)
  return getLayout(<Component {...pageProps} />)
}
export function reportWebVitals() {}`,
      'pages/index.js': `
export default function Page({ files }) { return <b>{files}</b> }
Page.getLayout = (page) => <main>{page}</main>
export const config = { unstable_runtimeJS: true }
export async function getStaticProps() {
  const fs = require('fs')
  return { props: { files: String(fs.readdirSync('pages')) } }
}`,
    })
    expect(await site.vite(['build'])).toMatchObject({ code: 0 })
    const built = await start(site)
    const development = await site.start(['node_modules/vite/bin/vite.js', '--host', '127.0.0.1', '--port', '0'])
    try {
      for (const { url } of [built, development]) {
        expect(await (await fetch(url)).text()).toContain('<main><b>_app.js,index.js</b></main>')
      }
    } finally {
      await built.close()
      await development.close()
    }
  })
})

describe('short names of imports', () => {
  const page = "import { a } from 'lib/a'\nimport { b } from '@/lib/b'\nimport { c } from '#c'\n"
  const lib = {
    'lib/a.js': "export const a = 'by baseUrl '",
    'lib/b.js': "export { default as b } from '@scope/pkg'",
    'lib/c.js': "export const c = 'by name'",
    'node_modules/@scope/pkg/package.json': '{ "name": "@scope/pkg", "type": "module", "exports": "./index.js" }',
    'node_modules/@scope/pkg/index.js': "export default 'by a package '",
  }
  const paths = '"baseUrl": ".", "paths": { "#c": ["lib/c"], "@/*": ["./nowhere/*", "./*"] }'

  it.each([
    ['jsconfig.json', `{ // "as editors write it"\n"compilerOptions": { ${paths}, /* , } */ }, }`, 'js'],
    ['tsconfig.json', `{ "compilerOptions": { ${paths}, "allowJs": true, "jsx": "preserve" } }`, 'tsx'],
  ])('are read from %s, in a build and in development', async (file, text, extension) => {
    const site = await create({
      ...lib,
      [file]: text,
      [`pages/index.${extension}`]: `${page}export default function Page() { return <main>{a + b + c}</main> }`,
    })
    expect(await site.vite(['build'])).toMatchObject({ code: 0 })
    const built = await start(site)
    const development = await site.start(['node_modules/vite/bin/vite.js', '--host', '127.0.0.1', '--port', '0'])
    try {
      for (const { url } of [built, development]) {
        expect(await (await fetch(url)).text()).toContain('<main>by baseUrl by a package by name</main>')
      }
    } finally {
      await built.close()
      await development.close()
    }
  })
})
