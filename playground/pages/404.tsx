import { Link } from 'vite-plugin-isr/client'
import compass from '../assets/compass.svg?url&no-inline'
import { PageMeta } from '../components/page-meta.tsx'
import { SearchForm } from '../components/search-form.tsx'
import '../styles/error.css'

export default function NotFound() {
  return (
    <div className="error-page">
      <PageMeta title="Not on the map" description="There is no page at this address." />
      <img src={compass} alt="" width="160" height="160" />
      <h1>Not on the map</h1>
      <p className="lead">There is no page at this address. Perhaps the place has another name?</p>
      <SearchForm />
      <p>
        Or start over from the <Link href="/">front page</Link>.
      </p>
    </div>
  )
}
