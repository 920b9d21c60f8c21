import { useEffect } from 'react'
import '../styles/site.css'

export default function App({ Component, pageProps }) {
  useEffect(() => {
    // Says that the page has been hydrated.
    document.documentElement.dataset.hydrated = 'true'
  }, [])
  return <Component {...pageProps} />
}
