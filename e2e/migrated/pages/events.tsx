import dynamic from 'next/dynamic'
import Script from 'next/script'
import { useState } from 'react'

const HarbourMap = dynamic(() => import('../components/harbour-map'), {
  ssr: false,
  loading: () => <p>Drawing the map…</p>,
})
const LateNotice = dynamic(() => import('../components/late-notice'))

export default function Events() {
  const [isOpen, setOpen] = useState(false)
  const [ready, setReady] = useState('')
  return (
    <>
      <h1>Events</h1>
      <HarbourMap place="the harbour" />
      <button onClick={() => setOpen(true)}>Notices</button>
      {isOpen && <LateNotice />}
      <Script src="/bell.js" onLoad={() => setReady(`Bell: ${(window as { bell?: string }).bell}`)} />
      <p>{ready}</p>
    </>
  )
}
