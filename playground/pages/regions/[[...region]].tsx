import type { GetStaticPaths, GetStaticProps, InferGetStaticPropsType } from 'vite-plugin-isr'
import { Link } from 'vite-plugin-isr/client'
import { Breadcrumb } from '../../components/breadcrumb.tsx'
import { CountryList } from '../../components/country-list.tsx'
import { formatArea } from '../../components/format.ts'
import { PageMeta } from '../../components/page-meta.tsx'
import { listRegionPaths, readRegion } from '../../server/countries.server.ts'
import { toStamp } from '../../server/stamp.ts'

// The world is divided once and for all: what is not listed does not exist.
export const getStaticPaths = (async () => ({
  paths: (await listRegionPaths()).map((region) => ({ params: { region } })),
  fallback: false,
})) satisfies GetStaticPaths<'/regions/[[...region]]'>

export const getStaticProps = (async ({ params }) => {
  const region = await readRegion(params.region ?? [])
  if (!region) return { notFound: true }
  return { props: { ...toStamp(3600), region }, revalidate: 3600 }
}) satisfies GetStaticProps<object, '/regions/[[...region]]'>

export default function RegionPage({ region }: InferGetStaticPropsType<typeof getStaticProps>) {
  const { name, parent, parts, count, countries, area } = region
  return (
    <>
      <PageMeta
        title={name}
        description={`${name}: ${count} countries and territories on ${formatArea(area)} of land.`}
      />
      {parent && (
        <Breadcrumb trail={parent.path === '/regions' ? [parent] : [{ name: 'The world', path: '/regions' }, parent]} />
      )}
      <h1>{name}</h1>
      <p className="lead">
        {count} countries and territories on {formatArea(area)} of land.
      </p>
      {parts.length > 0 && (
        <ul className="cards">
          {parts.map((part) => (
            <li key={part.path}>
              <Link href={part.path}>{part.name}</Link>
              <small>
                {part.countries === 1 ? 'one country' : `${part.countries} countries`} · {formatArea(part.area)}
              </small>
            </li>
          ))}
        </ul>
      )}
      {countries.length > 0 && <CountryList countries={countries} />}
    </>
  )
}
