import type { GetStaticProps, InferGetStaticPropsType } from 'vite-plugin-isr'
import { CityTable } from '../../components/city-table.tsx'
import { formatNumber } from '../../components/format.ts'
import { PageMeta } from '../../components/page-meta.tsx'
import { countPlaces, listLargestCities } from '../../server/cities.server.ts'
import { toStamp } from '../../server/stamp.ts'

export const getStaticProps = (async () => ({
  props: { ...toStamp(3600), count: (await countPlaces()).cities, cities: await listLargestCities(100) },
  revalidate: 3600,
})) satisfies GetStaticProps

export default function Cities({ count, cities }: InferGetStaticPropsType<typeof getStaticProps>) {
  return (
    <>
      <PageMeta title="Cities" description="The hundred largest cities of the world." />
      <h1>Cities</h1>
      <p className="lead">
        The hundred largest of {formatNumber(count)}. Most of the others get their page when somebody asks for it first.
      </p>
      <CityTable cities={cities} caption="The hundred largest cities of the world" withCountry />
    </>
  )
}
