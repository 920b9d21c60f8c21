import { useEffect } from 'react'
import { Link, useRouter } from 'vite-plugin-isr/client'
import '../styles/site.css'

export default function App({ Component, pageProps }) {
  const router = useRouter()
  useEffect(() => {
    // Says that the page has been hydrated, and lets tests use the router.
    window.testRouter = router
    document.documentElement.dataset.hydrated = 'true'
  }, [router])
  return (
    <>
      <header>
        <Link href="/plain" id="first-link" prefetch={false}>
          first of every page
        </Link>{' '}
        <Link href="/tall" prefetch={false}>
          tall
        </Link>{' '}
        <Link href="/short" prefetch={false}>
          short
        </Link>{' '}
        {'self' in router.query ? <Link href="/item/built">itself</Link> : null}
      </header>
      <Component {...pageProps} />
    </>
  )
}
