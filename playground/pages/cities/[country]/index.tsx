import type { GetStaticPaths, GetStaticProps, InferGetStaticPropsType } from 'vite-plugin-isr'
import { Breadcrumb } from '../../../components/breadcrumb.tsx'
import { CityTable } from '../../../components/city-table.tsx'
import { formatNumber } from '../../../components/format.ts'
import { PageMeta } from '../../../components/page-meta.tsx'
import { listCountryCities } from '../../../server/cities.server.ts'
import { readCountry } from '../../../server/countries.server.ts'
import { toStamp } from '../../../server/stamp.ts'

/** More would make a page that nobody scrolls through. */
const limit = 250

export const getStaticPaths = (() => ({
  paths: [],
  fallback: 'blocking',
})) satisfies GetStaticPaths<'/cities/[country]'>

export const getStaticProps = (async ({ params }) => {
  const country = await readCountry(params.country)
  if (!country) return { notFound: true, revalidate: 60 }
  const { code, slug, name, cityCount } = country
  return {
    props: { ...toStamp(3600), country: { code, slug, name, cityCount }, cities: await listCountryCities(slug, limit) },
    revalidate: 3600,
  }
}) satisfies GetStaticProps<object, '/cities/[country]'>

export default function CountryCities({ country, cities }: InferGetStaticPropsType<typeof getStaticProps>) {
  const { name, slug, cityCount } = country
  return (
    <>
      <PageMeta title={`Cities of ${name}`} description={`The largest cities of ${name} with their population.`} />
      <Breadcrumb
        trail={[
          { name: 'Cities', path: '/cities' },
          { name, path: `/countries/${slug}` },
        ]}
      />
      <h1>Cities of {name}</h1>
      {cities.length === 0 ? (
        <p className="lead">No place in {name} has a thousand inhabitants.</p>
      ) : (
        <>
          <p className="lead">
            {cityCount > cities.length
              ? `The ${cities.length} largest of ${formatNumber(cityCount)}.`
              : `All ${cities.length} with a thousand inhabitants or more.`}
          </p>
          <CityTable cities={cities} caption={`Cities of ${name}`} />
        </>
      )}
    </>
  )
}
