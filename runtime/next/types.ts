/** The types that pages import from `next`. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ParsedUrlQuery } from 'node:querystring'
import type { ComponentType, ReactNode } from 'react'
import type { AnyComponent } from '../client/types.ts'
import type { AnyProps, ApiConfig, RevalidateResult } from '../types.ts'

/** What preview mode hands on; draft mode has none. */
export type PreviewData = string | false | object | undefined

/** Where a `redirect` result leads. */
export type Redirect =
  | { statusCode: 301 | 302 | 303 | 307 | 308; destination: string; basePath?: false }
  | { permanent: boolean; destination: string; basePath?: false }

/** What every data function is told. */
interface DataContext<Params extends ParsedUrlQuery, Preview extends PreviewData> {
  params?: Params
  preview?: boolean
  previewData?: Preview
  draftMode?: boolean
  locale?: string
  locales?: string[]
  defaultLocale?: string
}

export interface GetStaticPropsContext<
  Params extends ParsedUrlQuery = ParsedUrlQuery,
  Preview extends PreviewData = PreviewData,
> extends DataContext<Params, Preview> {
  revalidateReason?: 'on-demand' | 'build' | 'stale'
}

export type GetStaticPropsResult<Props> =
  | { props: Props; revalidate?: number | boolean; expire?: number }
  | { redirect: Redirect; revalidate?: number | boolean; expire?: number }
  | { notFound: true; revalidate?: number | boolean; expire?: number }

/** @see https://nextjs.org/docs/pages/api-reference/functions/get-static-props */
export type GetStaticProps<
  Props extends AnyProps = AnyProps,
  Params extends ParsedUrlQuery = ParsedUrlQuery,
  Preview extends PreviewData = PreviewData,
> = (
  context: GetStaticPropsContext<Params, Preview>,
) => Promise<GetStaticPropsResult<Props>> | GetStaticPropsResult<Props>

export interface GetStaticPathsContext {
  locales?: string[]
  defaultLocale?: string
}

export interface GetStaticPathsResult<Params extends ParsedUrlQuery = ParsedUrlQuery> {
  paths: Array<string | { params: Params; locale?: string }>
  fallback: boolean | 'blocking'
}

/** @see https://nextjs.org/docs/pages/api-reference/functions/get-static-paths */
export type GetStaticPaths<Params extends ParsedUrlQuery = ParsedUrlQuery> = (
  context: GetStaticPathsContext,
) => Promise<GetStaticPathsResult<Params>> | GetStaticPathsResult<Params>

export interface GetServerSidePropsContext<
  Params extends ParsedUrlQuery = ParsedUrlQuery,
  Preview extends PreviewData = PreviewData,
> extends DataContext<Params, Preview> {
  req: IncomingMessage & { cookies: Partial<Record<string, string>> }
  res: ServerResponse
  query: ParsedUrlQuery
  resolvedUrl: string
}

export type GetServerSidePropsResult<Props> =
  | { props: Props | Promise<Props> }
  | { redirect: Redirect }
  | { notFound: true }

/** @see https://nextjs.org/docs/pages/api-reference/functions/get-server-side-props */
export type GetServerSideProps<
  Props extends AnyProps = AnyProps,
  Params extends ParsedUrlQuery = ParsedUrlQuery,
  Preview extends PreviewData = PreviewData,
> = (context: GetServerSidePropsContext<Params, Preview>) => Promise<GetServerSidePropsResult<Props>>

// oxlint-disable-next-line typescript/no-explicit-any -- Any data function fits.
type AnyFunction = (...args: any) => any

type PropsOf<F extends AnyFunction> = Awaited<Extract<Awaited<ReturnType<F>>, { props: unknown }>['props']>

export type InferGetStaticPropsType<F extends AnyFunction> = PropsOf<F>
export type InferGetServerSidePropsType<F extends AnyFunction> = PropsOf<F>

/** What `getInitialProps` would be called with. It is called for `_error` and for no page. */
export interface NextPageContext {
  err?: (Error & { statusCode?: number }) | null
  req?: IncomingMessage
  res?: ServerResponse
  pathname: string
  query: ParsedUrlQuery
  asPath?: string
  AppTree: AnyComponent
}

/** A component that may have `getInitialProps`. */
export type NextComponentType<
  Context = NextPageContext,
  InitialProps = object,
  Props = object,
> = ComponentType<Props> & {
  getInitialProps?(context: Context): InitialProps | Promise<InitialProps>
}

/** A page's component. */
export type NextPage<Props = object, InitialProps = Props> = NextComponentType<NextPageContext, InitialProps, Props>

/** The request of an API route. */
export interface NextApiRequest extends IncomingMessage {
  query: Partial<Record<string, string | string[]>>
  cookies: Partial<Record<string, string>>
  // oxlint-disable-next-line typescript/no-explicit-any -- Handlers read its fields without a cast.
  body: any
  draftMode?: boolean
  preview?: boolean
  previewData?: PreviewData
}

/** The response of an API route. */
// oxlint-disable-next-line typescript/no-explicit-any -- As Next.js has it.
export interface NextApiResponse<Data = any> extends ServerResponse {
  send(body: Data): void
  json(body: Data): void
  status(statusCode: number): NextApiResponse<Data>
  redirect(url: string): NextApiResponse<Data>
  redirect(status: number, url: string): NextApiResponse<Data>
  setDraftMode(options: { enable: boolean }): NextApiResponse<Data>
  revalidate(urlPath: string, options?: { unstable_onlyGenerated?: boolean }): Promise<RevalidateResult>
}

/** An API route. */
// oxlint-disable-next-line typescript/no-explicit-any -- As Next.js has it.
export type NextApiHandler<Data = any> = (req: NextApiRequest, res: NextApiResponse<Data>) => unknown

/** The `config` export of an API route. */
export interface PageConfig extends ApiConfig {
  runtime?: 'nodejs' | 'edge'
  maxDuration?: number
}

/** `next.config` is not read: its fields are taken as they are. */
// oxlint-disable-next-line typescript/no-explicit-any -- As above.
export type NextConfig = Record<string, any>

/** A page that `_app` puts into a layout of the page's own. */
export type NextPageWithLayout<Props = object> = NextPage<Props> & { getLayout?: (page: ReactNode) => ReactNode }
