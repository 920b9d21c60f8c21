import type { GetStaticPaths, GetStaticProps, InferGetStaticPropsType } from 'vite-plugin-isr'
import { Link } from 'vite-plugin-isr/client'
import { Breadcrumb } from '../../../components/breadcrumb.tsx'
import { CityTable } from '../../../components/city-table.tsx'
import { Facts } from '../../../components/facts.tsx'
import { formatNumber, formatPlace } from '../../../components/format.ts'
import { OutlineMap } from '../../../components/outline-map.tsx'
import { PageMeta } from '../../../components/page-meta.tsx'
import { listLargestCities, readCity } from '../../../server/cities.server.ts'
import { readCountry } from '../../../server/countries.server.ts'
import { toStamp } from '../../../server/stamp.ts'

// A few are built, so that there is something to look at; the other 135 000 are made for their first visitor.
export const getStaticPaths = (async () => ({
  paths: (await listLargestCities(20)).map(({ country, slug }) => ({ params: { country: country.slug, city: slug } })),
  fallback: 'blocking',
})) satisfies GetStaticPaths<'/cities/[country]/[city]'>

export const getStaticProps = (async ({ params }) => {
  const city = await readCity(params.country, params.city)
  if (!city) return { notFound: true, revalidate: 60 }
  return {
    props: { ...toStamp(300), city, outline: (await readCountry(city.country.slug))?.outline ?? null },
    revalidate: 300,
  }
}) satisfies GetStaticProps<object, '/cities/[country]/[city]'>

export default function CityPage({ city, outline }: InferGetStaticPropsType<typeof getStaticProps>) {
  const { name, country, population, rank, dot, nearby } = city
  const isCapital = city.kind === 'PPLC'
  const inhabitants = population === 0 ? '' : ` with ${formatNumber(population)} inhabitants`
  return (
    <article className="city">
      <PageMeta
        title={`${name}, ${country.name}`}
        description={`${name} is ${isCapital ? 'the capital' : 'a city'} of ${country.name}${inhabitants}. Its place on the map and the cities around it.`}
      />
      <Breadcrumb
        trail={[
          { name: country.name, path: `/countries/${country.slug}` },
          { name: 'Cities', path: `/cities/${country.slug}` },
        ]}
      />
      <h1>{name}</h1>
      <p className="subtitle">
        {isCapital ? 'Capital of ' : city.kind === 'PPLX' ? 'District of a city in ' : 'In '}
        <Link href={`/countries/${country.slug}`}>{country.name}</Link>
      </p>
      <div className="columns">
        <div>
          <Facts
            facts={[
              ['Inhabitants', population === 0 ? 'not known' : formatNumber(population)],
              ['By size in its country', rank === null ? '' : `number ${formatNumber(rank)}`],
              ['Location', formatPlace(city.latitude, city.longitude)],
              [
                'On a map',
                <a
                  key="osm"
                  href={`https://www.openstreetmap.org/?mlat=${city.latitude}&mlon=${city.longitude}#map=11/${city.latitude}/${city.longitude}`}
                >
                  OpenStreetMap
                </a>,
              ],
            ]}
          />
          {nearby.length > 0 && (
            <section>
              <h2>Nearby</h2>
              <CityTable cities={nearby} caption={`Cities near ${name}`} />
            </section>
          )}
        </div>
        {outline && dot && (
          <OutlineMap
            name={country.name}
            outline={outline}
            dots={[{ slug: city.slug, name, capital: true, x: dot[0], y: dot[1] }]}
          />
        )}
      </div>
    </article>
  )
}
