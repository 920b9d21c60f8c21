import type { GetStaticProps, InferGetStaticPropsType } from 'vite-plugin-isr'
import { Link } from 'vite-plugin-isr/client'
import { CityTable } from '../components/city-table.tsx'
import { formatDay, formatNumber, formatTime } from '../components/format.ts'
import { PageMeta } from '../components/page-meta.tsx'
import { SearchForm } from '../components/search-form.tsx'
import { WorldMap } from '../components/world-map.tsx'
import { countPlaces, listLargestCities } from '../server/cities.server.ts'
import { listRecentEdits, readWorldMap } from '../server/countries.server.ts'
import { listPosts } from '../server/posts.server.ts'
import { toStamp } from '../server/stamp.ts'
import '../styles/home.css'

export const getStaticProps = (async () => ({
  props: {
    ...toStamp(60),
    count: await countPlaces(),
    map: await readWorldMap(),
    cities: await listLargestCities(10),
    edits: await listRecentEdits(5),
    posts: (await listPosts()).slice(0, 3),
  },
  revalidate: 60,
})) satisfies GetStaticProps

export default function Home({ count, map, cities, edits, posts }: InferGetStaticPropsType<typeof getStaticProps>) {
  return (
    <>
      <PageMeta
        title="The world in pages"
        description={`An atlas of ${count.countries} countries and ${formatNumber(count.cities)} cities whose pages are made once and renewed behind the scenes.`}
      />
      <section className="hero">
        <h1>The world in pages</h1>
        <p className="lead">
          {count.countries} countries and {formatNumber(count.cities)} cities. Every page is made once, served to
          everybody, and made anew when its time has come.
        </p>
        <SearchForm />
        <WorldMap countries={map} />
      </section>
      <div className="columns">
        <section>
          <h2>
            <Link href="/cities">Largest cities</Link>
          </h2>
          <CityTable cities={cities} caption="The ten largest cities of the world" withCountry />
        </section>
        <div>
          <section>
            <h2>
              <Link href="/blog">From the blog</Link>
            </h2>
            <ul className="entries">
              {posts.map(({ id, title, summary, published }) => (
                <li key={id}>
                  <h3>
                    <Link href={`/blog/${id}`}>{title}</Link>
                  </h3>
                  <p>{summary}</p>
                  <time dateTime={published}>{formatDay(published)}</time>
                </li>
              ))}
            </ul>
          </section>
          <section>
            <h2>Edited lately</h2>
            {edits.length === 0 ? (
              <p>
                Nothing yet. Each country has an edit link below its text:{' '}
                <Link href="/countries/austria">try one</Link>.
              </p>
            ) : (
              <ul className="entries" data-testid="edits">
                {edits.map(({ code, slug, name, editedAt }) => (
                  <li key={code}>
                    <Link href={`/countries/${slug}`}>{name}</Link>{' '}
                    <time dateTime={editedAt}>{formatTime(editedAt)}</time>
                  </li>
                ))}
              </ul>
            )}
          </section>
        </div>
      </div>
    </>
  )
}
