import { Link } from 'vite-plugin-isr/client'
import compass from '../assets/compass.svg?url&no-inline'
import { PageMeta } from '../components/page-meta.tsx'
import '../styles/error.css'

export default function ServerError() {
  return (
    <div className="error-page">
      <PageMeta title="Off course" description="Something went wrong while this page was being made." />
      <img src={compass} alt="" width="160" height="160" />
      <h1>Off course</h1>
      <p className="lead">Something went wrong while this page was being made.</p>
      <p>
        Try again in a moment, or go back to the <Link href="/">front page</Link>.
      </p>
    </div>
  )
}
