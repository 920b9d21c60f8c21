/** The types of an app that was written for Next.js, without Next: with both compilers, before and after its first build. */
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runToEnd, runToExit } from '../process.ts'

const repository = join(dirname(fileURLToPath(import.meta.url)), '../..')
const migrated = join(repository, 'e2e/migrated')
const vite = join(repository, 'node_modules/vite/bin/vite.js')

/** The compiler as it is installed for a folder. */
const findCompiler = (folder: string) =>
  join(dirname(createRequire(join(folder, 'package.json')).resolve('typescript/package.json')), 'bin/tsc')
const compilers = [
  ['TypeScript 7', findCompiler(repository)],
  ['TypeScript 6', findCompiler(join(repository, 'e2e/fixtures/types'))],
] as const

/** What is right, and what is wrong, in the types of Next.js. */
const checks = `
import type { GetServerSideProps, GetStaticPaths, GetStaticProps, InferGetStaticPropsType, NextApiHandler, NextPage, PageConfig } from 'next'
import type { NextApiRequest } from 'next/types'
import type { AppProps, AppType } from 'next/app'
import Document, { Html, type DocumentProps } from 'next/document'
import dynamic from 'next/dynamic'
import Link, { type LinkProps } from 'next/link'
import Router, { useRouter, withRouter, type NextRouter } from 'next/router'
import { useRouter as useRouterOrNull } from 'next/compat/router'
import type { ReactElement, ReactNode } from 'react'

export const getStaticProps = (async ({ params, draftMode, revalidateReason, locale }) => {
  const slug: string[] | undefined = params?.slug
  // @ts-expect-error There is no such parameter.
  const id = params?.id
  if (!slug) return { notFound: true, revalidate: 1 }
  if (slug.length > 3) return { redirect: { destination: '/', permanent: false }, revalidate: true }
  return { props: { slug, at: Date.now(), why: revalidateReason ?? locale ?? draftMode ?? id }, revalidate: 60, expire: 90 }
}) satisfies GetStaticProps<{ slug: string[] }, { slug: string[] }>
export const getStaticPaths: GetStaticPaths<{ slug: string[] }> = () => ({
  paths: ['/a', { params: { slug: ['b'] }, locale: 'de' }],
  fallback: 'blocking',
})
// @ts-expect-error fallback is missing.
export const noFallback: GetStaticPaths = () => ({ paths: [] })
// @ts-expect-error A number is no string.
export const wrongProps: GetStaticProps<{ a: string }> = async () => ({ props: { a: 1 } })

export type Props = InferGetStaticPropsType<typeof getStaticProps>
export const at: (props: Props) => number = (props) => props.at
// @ts-expect-error There is no such prop.
export const nothing = (props: Props) => props.nothing

export const getServerSideProps: GetServerSideProps<{ name?: string }> = async ({ req, res, query, resolvedUrl }) => {
  res.setHeader('x-url', resolvedUrl)
  const name: string | string[] | undefined = query.name
  return { props: { name: req.cookies.name ?? String(name) } }
}

type NextPageWithLayout<P = {}> = NextPage<P> & { getLayout?: (page: ReactElement) => ReactNode }
type AppPropsWithLayout = AppProps & { Component: NextPageWithLayout }
export function App({ Component, pageProps, router }: AppPropsWithLayout) {
  const getLayout = Component.getLayout ?? ((page) => page)
  return getLayout(<Component key={router.asPath} {...pageProps} />)
}
export const TypedApp: AppType<{ session: string }> = ({ Component, pageProps }) => (
  <Component {...pageProps} title={pageProps.session} />
)

export class MyDocument extends Document {
  override render() {
    const { __NEXT_DATA__ }: DocumentProps = this.props
    return <Html lang={String(__NEXT_DATA__.query.lang)} />
  }
}

const Chart = dynamic<{ data: number[] }>(() => import('./chart').then((mod) => mod.Chart), { ssr: false })
const Inferred = dynamic(() => import('./chart'))
export const charts = (
  <>
    <Chart data={[1]} />
    {/* @ts-expect-error data is missing. */}
    <Chart />
    <Inferred data={[2]} />
    {/* @ts-expect-error data are numbers. */}
    <Inferred data="3" />
  </>
)

export const handler: NextApiHandler<{ name: string }> = async (req: NextApiRequest, res) => {
  await res.revalidate('/any/path')
  res.setDraftMode({ enable: true }).status(200).json({ name: req.body.name })
  // @ts-expect-error The answer has a name.
  res.json({})
}
export const config: PageConfig = { api: { bodyParser: { sizeLimit: '1mb' } } }

export function ButtonLink({ label, ...props }: LinkProps & { label: string }) {
  return <Link {...props}>{label}</Link>
}
export function Navigation() {
  const router: NextRouter = useRouter()
  const id = router.query.id as string
  const go = () => router.push({ pathname: '/posts/[id]', query: { id } }, undefined, { shallow: true, locale: 'de' })
  Router.events.on('routeChangeError', (error, url, { shallow }) => error.cancelled || url || shallow)
  // @ts-expect-error There is no such event.
  Router.events.on('routeChanged', go)
  return (
    <>
      {/* Any path is taken, as in Next.js. */}
      <Link href="/nowhere" as={'/x'} legacyBehavior passHref locale={false} onClick={() => go()} ref={(a) => a?.focus()}>
        a
      </Link>
      <Link href={{ query: { page: 2, tags: ['a', 'b'] } }} className="b" aria-label="b" />
      {/* @ts-expect-error href is missing. */}
      <Link>c</Link>
      <ButtonLink href="/d" label="d" prefetch={false} />
      {useRouterOrNull()?.pathname}
    </>
  )
}
export const WithRouter = withRouter(({ router, text }: { router: NextRouter; text: string }) => (
  <p>{router.asPath + text}</p>
))
export const used = <WithRouter text="t" />
`

let site: string

beforeAll(async () => {
  site = await mkdtemp(join(tmpdir(), 'isr-migrated-'))
  await cp(migrated, site, { recursive: true })
  await symlink(join(repository, 'node_modules'), join(site, 'node_modules'), 'dir')
  await writeFile(join(site, 'checks.tsx'), checks)
  await writeFile(
    join(site, 'chart.tsx'),
    'export const Chart = ({ data }: { data: number[] }) => <p>{data.length}</p>\nexport default Chart\n',
  )
})

afterAll(() => rm(site, { recursive: true, force: true }))

/** What a compiler has to say about the app; nothing when all is well. */
async function compile(compiler: string): Promise<string[]> {
  const { output } = await runToExit(process.execPath, [compiler, '-p', site, '--pretty', 'false'], site)
  return output.split('\n').filter((line) => line !== '')
}

describe.each(compilers)('%s', (_name, compiler) => {
  it('compiles pages that know only Next.js', async () => {
    expect(await compile(compiler)).toEqual([])
  })

  it('refuses what is wrong', async () => {
    const wrong = join(site, 'wrong.tsx')
    await writeFile(wrong, "import Link from 'next/link'\nimport 'next/nothing'\nexport const a = <Link href={1} />\n")
    try {
      expect((await compile(compiler)).join()).toMatch(/wrong\.tsx\(3,\d+\): error TS2322/)
    } finally {
      await rm(wrong)
    }
  })

  it('and goes on when the routes are known', async () => {
    await runToEnd(process.execPath, [vite, 'build'], site)
    expect(await compile(compiler)).toEqual([])
    await rm(join(site, 'isr-env.d.ts'))
  })
})
