import { useEffect, useState } from 'react'
import { useRouter } from 'vite-plugin-isr/client'

/** A thin line at the top while another page is on its way. */
export function Progress() {
  const { events } = useRouter()
  const [busy, setBusy] = useState(false)

  useEffect(() => {
    const start = () => setBusy(true)
    const stop = () => setBusy(false)
    events.on('routeChangeStart', start)
    events.on('routeChangeComplete', stop)
    events.on('routeChangeError', stop)
    return () => {
      events.off('routeChangeStart', start)
      events.off('routeChangeComplete', stop)
      events.off('routeChangeError', stop)
    }
  }, [events])

  return <div className={busy ? 'progress progress-busy' : 'progress'} aria-hidden="true" />
}
