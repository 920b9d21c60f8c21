import type { GetStaticProps, InferGetStaticPropsType } from 'vite-plugin-isr'
import { CountryList } from '../../components/country-list.tsx'
import { PageMeta } from '../../components/page-meta.tsx'
import { listCountries, type CountryItem } from '../../server/countries.server.ts'
import { toStamp } from '../../server/stamp.ts'

export const getStaticProps = (async () => {
  const regions = new Map<string, CountryItem[]>()
  for (const country of await listCountries())
    regions.set(country.region, [...(regions.get(country.region) ?? []), country])
  return {
    props: {
      ...toStamp(3600),
      regions: [...regions]
        .map(([name, countries]) => ({ name, countries }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    },
    revalidate: 3600,
  }
}) satisfies GetStaticProps

export default function Countries({ regions }: InferGetStaticPropsType<typeof getStaticProps>) {
  return (
    <>
      <PageMeta title="Countries" description="All countries and territories of the world, by region." />
      <h1>Countries</h1>
      <nav aria-label="Regions" className="jumps">
        <ul>
          {regions.map(({ name, countries }) => (
            <li key={name}>
              <a href={`#${name.toLowerCase()}`}>
                {name} <small>{countries.length}</small>
              </a>
            </li>
          ))}
        </ul>
      </nav>
      {regions.map(({ name, countries }) => (
        <section key={name} aria-labelledby={name.toLowerCase()}>
          <h2 id={name.toLowerCase()}>{name}</h2>
          <CountryList countries={countries} />
        </section>
      ))}
    </>
  )
}
