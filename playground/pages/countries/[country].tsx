import type { GetStaticPaths, GetStaticProps, InferGetStaticPropsType } from 'vite-plugin-isr'
import { Link } from 'vite-plugin-isr/client'
import { Breadcrumb } from '../../components/breadcrumb.tsx'
import { CityTable } from '../../components/city-table.tsx'
import { CountryList } from '../../components/country-list.tsx'
import { Facts } from '../../components/facts.tsx'
import { Flag } from '../../components/flag.tsx'
import { formatArea, formatNumber, formatPlace, formatTime } from '../../components/format.ts'
import { OutlineMap } from '../../components/outline-map.tsx'
import { PageMeta } from '../../components/page-meta.tsx'
import { Paragraphs } from '../../components/paragraphs.tsx'
import { listCityDots, listCountryCities } from '../../server/cities.server.ts'
import { findCountrySlug, listCountries, readCountry } from '../../server/countries.server.ts'
import { toStamp } from '../../server/stamp.ts'
import { slugify } from '../../server/text.ts'

// Every country is built. Codes such as `/countries/at` are not, and lead to the country's own page when asked for.
export const getStaticPaths = (async () => ({
  paths: (await listCountries()).map(({ slug }) => ({ params: { country: slug } })),
  fallback: 'blocking',
})) satisfies GetStaticPaths<'/countries/[country]'>

export const getStaticProps = (async ({ params }) => {
  const wanted = params.country
  const slug = await findCountrySlug(wanted)
  if (!slug) return { notFound: true, revalidate: 60 }
  if (slug !== wanted) return { redirect: { destination: `/countries/${slug}`, permanent: true } }
  return {
    props: {
      ...toStamp(60),
      country: (await readCountry(slug))!,
      cities: await listCountryCities(slug, 10),
      dots: await listCityDots(slug, 6),
    },
    revalidate: 60,
  }
}) satisfies GetStaticProps<object, '/countries/[country]'>

export default function CountryPage({ country, cities, dots }: InferGetStaticPropsType<typeof getStaticProps>) {
  const { name, official, slug, facts, region, subregion, neighbours, outline } = country
  const [firstSentence = ''] = country.description.split('\n')
  const trail = [{ name: region, path: `/regions/${slugify(region)}` }]
  if (subregion !== region) trail.push({ name: subregion, path: `/regions/${slugify(region)}/${slugify(subregion)}` })
  return (
    <article className="country">
      <PageMeta title={name} description={firstSentence.slice(0, 200)} />
      <header className="title-row">
        <div>
          <Breadcrumb trail={trail} />
          <h1>{name}</h1>
          <p className="subtitle">{[official, ...facts.nativeNames].filter((other) => other !== name).join(' · ')}</p>
        </div>
        <Flag country={country} large />
      </header>
      <div className="columns">
        <div>
          <section aria-label="Description" className="prose">
            <div data-testid="description">
              <Paragraphs text={country.description} />
            </div>
            <p className="note">
              <Link href={`/edit/${slug}`}>Edit this text</Link>
              {country.editedAt && (
                <>
                  {' '}
                  · last edited <time dateTime={country.editedAt}>{formatTime(country.editedAt)}</time>
                </>
              )}
            </p>
          </section>
          <section>
            <h2>In short</h2>
            <Facts
              facts={[
                ['Capital', country.capital],
                ['Area', formatArea(country.area)],
                ['Location', formatPlace(country.latitude, country.longitude)],
                ['Languages', facts.languages.join(', ')],
                ['Currency', facts.currencies.join(', ')],
                ['Inhabitants are called', facts.demonym],
                ['Calling code', facts.callingCodes.join(', ')],
                ['Internet domain', facts.domains.join(', ')],
                ['United Nations', facts.unMember ? 'member' : 'not a member'],
                ['Codes', `${country.code2.toUpperCase()}, ${country.code.toUpperCase()}`],
              ]}
            />
          </section>
        </div>
        {outline && <OutlineMap name={name} outline={outline} dots={dots} />}
      </div>
      <div className="columns">
        {cities.length > 0 && (
          <section>
            <h2>Largest cities</h2>
            <CityTable cities={cities} caption={`The largest cities of ${name}`} />
            {country.cityCount > cities.length && (
              <p className="note">
                <Link href={`/cities/${slug}`}>
                  All {formatNumber(country.cityCount)} cities of {name}
                </Link>
              </p>
            )}
          </section>
        )}
        {neighbours.length > 0 && (
          <section>
            <h2>Neighbours</h2>
            <CountryList countries={neighbours} />
            <p className="note">
              Side by side:{' '}
              {neighbours.slice(0, 3).map((neighbour, index) => (
                <span key={neighbour.code}>
                  {index > 0 && ', '}
                  <Link href={`/compare/${slug}/${neighbour.slug}`} prefetch={false}>
                    {name} and {neighbour.name}
                  </Link>
                </span>
              ))}
            </p>
          </section>
        )}
      </div>
    </article>
  )
}
