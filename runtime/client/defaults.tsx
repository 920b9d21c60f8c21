import type { ReactNode } from 'react'
import type { AppProps, DocumentProps } from './types.ts'

/** The document of a site without `_document`. */
export function DefaultDocument({ children }: DocumentProps): ReactNode {
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
      </head>
      <body>{children}</body>
    </html>
  )
}

/** The app of a site without `_app`. */
export function DefaultApp({ Component, pageProps }: AppProps): ReactNode {
  return <Component {...pageProps} />
}

const MESSAGES: Readonly<Record<number, string>> = {
  404: 'This page could not be found.',
  500: 'Internal Server Error.',
}

/** The error page of a site that has neither a page for this status nor `_error`. */
export function DefaultError({ statusCode = 500 }: { statusCode?: number }): ReactNode {
  const text = `${statusCode}: ${MESSAGES[statusCode] ?? 'An unexpected error has occurred.'}`
  return <Notice title={text} heading={text} />
}

/** What is shown when the page failed in the browser. */
export function ApplicationError(): ReactNode {
  return (
    <Notice title="Application error" heading="Application error: a client-side exception has occurred">
      The browser console has more information. Loading the page again may help.
    </Notice>
  )
}

function Notice({ title, heading, children }: { title: string; heading: string; children?: string }): ReactNode {
  return (
    <main
      style={{
        display: 'grid',
        placeContent: 'center',
        minHeight: '80vh',
        padding: '2rem',
        textAlign: 'center',
        font: '1rem/1.5 system-ui, sans-serif',
      }}
    >
      <title>{title}</title>
      {/* Without it a browser in dark mode shows the only page that has no style of its own in white. */}
      <meta name="color-scheme" content="light dark" />
      <h1 style={{ fontSize: '1.25rem', fontWeight: 500 }}>{heading}</h1>
      {children}
    </main>
  )
}
