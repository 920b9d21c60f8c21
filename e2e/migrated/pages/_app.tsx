import type { AppProps } from 'next/app'
import Head from 'next/head'
import Router from 'next/router'
import { useEffect } from 'react'
import Layout from '@/components/layout'
import { log } from '@/components/progress'
import '../styles/globals.css'

export default function MyApp({ Component, pageProps }: AppProps) {
  useEffect(() => {
    document.documentElement.dataset.router = Router.pathname
    Object.assign(window, { progressLog: log })
  })
  return (
    <>
      <Head>
        <title>Harbour Library</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="description" content="A library by the sea." key="description" />
        <meta property="og:title" content="Harbour Library" key="og:title" />
        <link rel="icon" href="/favicon.svg" />
      </Head>
      <Layout>
        <Component {...pageProps} />
      </Layout>
    </>
  )
}
