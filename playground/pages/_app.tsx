import type { AppProps } from 'vite-plugin-isr/client'
import { Layout } from '../components/layout.tsx'
import type { Stamp } from '../server/stamp.ts'
import '../styles/base.css'
import '../styles/layout.css'
import '../styles/parts.css'

export default function App({ Component, pageProps }: AppProps<Partial<Stamp>>) {
  const { generatedAt, revalidate } = pageProps
  return (
    <Layout stamp={generatedAt === undefined ? {} : { generatedAt, revalidate: revalidate ?? null }}>
      <Component {...pageProps} />
    </Layout>
  )
}
