import type { GetServerSideProps, InferGetServerSidePropsType } from 'vite-plugin-isr'
import { CityTable } from '../components/city-table.tsx'
import { CountryList } from '../components/country-list.tsx'
import { formatNumber } from '../components/format.ts'
import { PageMeta } from '../components/page-meta.tsx'
import { SearchForm } from '../components/search-form.tsx'
import { searchCities, toSearchQuery } from '../server/cities.server.ts'
import { searchCountries } from '../server/countries.server.ts'
import { toStamp } from '../server/stamp.ts'

export const getServerSideProps = (async ({ query: { q } }) => {
  const text = (typeof q === 'string' ? q : '').slice(0, 100)
  const query = toSearchQuery(text)
  return {
    props: {
      ...toStamp(null),
      text,
      countries: query ? await searchCountries(query, 12) : [],
      ...(query ? await searchCities(query, 50) : { cities: [], total: 0 }),
    },
  }
}) satisfies GetServerSideProps

export default function Search({
  text,
  countries,
  cities,
  total,
}: InferGetServerSidePropsType<typeof getServerSideProps>) {
  const isEmpty = countries.length === 0 && cities.length === 0
  return (
    <>
      <PageMeta
        title={text ? `Search for ${text}` : 'Search'}
        description="Search the countries and cities of the world by the beginnings of their names."
      />
      <h1>Search</h1>
      <SearchForm query={text} />
      <div role="status" className="visually-hidden">
        {text && (isEmpty ? 'Nothing found' : `${countries.length} countries and ${total} cities found`)}
      </div>
      {text && isEmpty && <p className="lead">Nothing begins with “{text}”.</p>}
      {countries.length > 0 && (
        <section>
          <h2>Countries</h2>
          <CountryList countries={countries} />
        </section>
      )}
      {cities.length > 0 && (
        <section>
          <h2>
            Cities <small>{total > cities.length ? `${cities.length} of ${formatNumber(total)}` : total}</small>
          </h2>
          <CityTable cities={cities} caption={`Cities found for ${text}`} withCountry />
        </section>
      )}
    </>
  )
}
