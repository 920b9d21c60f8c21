import { Component, type ReactNode } from 'react'
import Head from './head.tsx'

/** What the error page is told. */
export interface ErrorProps {
  statusCode: number
  hostname?: string
  title?: string
  /** Follow the visitor's dark mode. Default true. */
  withDarkMode?: boolean
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'This page could not be found',
  405: 'Method Not Allowed',
  500: 'Internal Server Error',
}

/**
 * The error page: for a site without one of its own, and for pages to show when they find out themselves.
 *
 * @example if (errorCode) return <Error statusCode={errorCode} />
 * @see https://nextjs.org/docs/pages/building-your-application/routing/custom-error#reusing-the-built-in-error-page
 */
export default class Error<P = object> extends Component<P & ErrorProps> {
  static displayName = 'ErrorPage'

  override render(): ReactNode {
    const { statusCode, withDarkMode = true } = this.props
    const title = this.props.title ?? TITLES[statusCode] ?? 'An unexpected error has occurred'
    return (
      <div
        style={{
          display: 'grid',
          placeContent: 'center',
          minHeight: '100vh',
          padding: '2rem',
          textAlign: 'center',
          font: '1rem/1.5 system-ui, sans-serif',
        }}
      >
        <Head>
          <title>
            {statusCode ? `${statusCode}: ${title}` : 'Application error: a client-side exception has occurred'}
          </title>
          {withDarkMode && <meta name="color-scheme" content="light dark" />}
        </Head>
        <h1 style={{ fontSize: '1.25rem', fontWeight: 500 }}>
          {statusCode ? `${statusCode}: ${title}.` : 'Application error: a client-side exception has occurred'}
        </h1>
      </div>
    )
  }
}
