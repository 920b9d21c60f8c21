import type { GetStaticPaths, GetStaticProps } from 'vite-plugin-isr'
import { Link, useRouter } from 'vite-plugin-isr/client'
import { Breadcrumb } from '../../../components/breadcrumb.tsx'
import { Flag } from '../../../components/flag.tsx'
import { formatArea, formatNumber } from '../../../components/format.ts'
import { PageMeta } from '../../../components/page-meta.tsx'
import { PairMap } from '../../../components/pair-map.tsx'
import { findCountrySlug, readCountry, type Country } from '../../../server/countries.server.ts'
import { toStamp, type Stamp } from '../../../server/stamp.ts'
import '../../../styles/compare.css'

interface Props extends Stamp {
  pair: [Country, Country]
}

// 62 250 pairs: none is built, each begins as a frame.
export const getStaticPaths = (() => ({
  paths: [],
  fallback: true,
})) satisfies GetStaticPaths<'/compare/[first]/[second]'>

export const getStaticProps: GetStaticProps<Props, '/compare/[first]/[second]'> = async ({ params }) => {
  const { first, second } = params
  const slugs = [await findCountrySlug(first), await findCountrySlug(second)] as const
  if (!slugs[0] || !slugs[1]) return { notFound: true, revalidate: 60 }
  if (slugs[0] === slugs[1]) return { redirect: { destination: `/countries/${slugs[0]}`, permanent: false } }
  if (slugs[0] !== first || slugs[1] !== second)
    return { redirect: { destination: `/compare/${slugs[0]}/${slugs[1]}`, permanent: true } }
  return {
    props: { ...toStamp(600), pair: [(await readCountry(first))!, (await readCountry(second))!] },
    revalidate: 600,
  }
}

export default function ComparePage({ pair }: Props) {
  const { isFallback } = useRouter()
  return isFallback ? <Frame /> : <Pair pair={pair} />
}

/** The page without its contents: the same boxes, so that nothing moves when they are filled. */
function Frame() {
  return (
    <article className="compare" aria-busy="true">
      <PageMeta title="Two countries compared" description="Two countries on top of each other, in true size." />
      <Breadcrumb trail={[{ name: 'Compare', path: '/compare' }]} />
      <h1>
        <span className="bone" style={{ inlineSize: '11ch' }} />
        <span className="visually-hidden">Two countries are being drawn</span>
      </h1>
      <div className="pair">
        <figure className="outline pair-map bone">
          <svg viewBox="0 0 1 1" aria-hidden="true" />
          <figcaption>
            <span className="scale" />
            &nbsp;
          </figcaption>
        </figure>
        <div>
          <span className="bone bone-line" />
          {[10, 6, 8, 12, 9, 7].map((length) => (
            <span key={length} className="bone bone-row" style={{ inlineSize: `${length * 2}ch` }} />
          ))}
        </div>
      </div>
    </article>
  )
}

function Pair({ pair: [first, second] }: Pick<Props, 'pair'>) {
  const rows = [
    ['Capital', (country: Country) => country.capital || '–'],
    ['Area', (country: Country) => formatArea(country.area)],
    ['Languages', (country: Country) => country.facts.languages.join(', ') || '–'],
    ['Currency', (country: Country) => country.facts.currencies.join(', ') || '–'],
    ['Neighbours', (country: Country) => String(country.neighbours.length)],
    ['Cities in this atlas', (country: Country) => formatNumber(country.cityCount)],
  ] as const
  return (
    <article className="compare">
      <PageMeta
        title={`${first.name} and ${second.name}`}
        description={`${first.name} and ${second.name} on top of each other, in true size. ${toRatio(first, second)}`}
      />
      <Breadcrumb trail={[{ name: 'Compare', path: '/compare' }]} />
      <h1>
        {first.name} and {second.name}
      </h1>
      <div className="pair">
        <PairMap countries={[first, second]} />
        <div>
          <p className="lead">{toRatio(first, second)}</p>
          <table className="pair-table">
            <caption className="visually-hidden">
              {first.name} and {second.name} in figures
            </caption>
            <thead>
              <tr>
                <td />
                {[first, second].map((country, index) => (
                  <th key={country.code} scope="col" className={index === 0 ? 'first' : 'second'}>
                    <span className="with-flag">
                      <Flag country={country} />
                      <Link href={`/countries/${country.slug}`}>{country.name}</Link>
                    </span>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(([name, toText]) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>{toText(first)}</td>
                  <td>{toText(second)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <p className="note">
            <Link href={`/compare/${second.slug}/${first.slug}`} prefetch={false}>
              The other way round
            </Link>
          </p>
        </div>
      </div>
    </article>
  )
}

function toRatio(first: Country, second: Country): string {
  if (first.area === null || second.area === null) return ''
  const [larger, smaller] = first.area >= second.area ? [first, second] : [second, first]
  const ratio = larger.area! / smaller.area!
  if (ratio < 1.02) return `${larger.name} and ${smaller.name} are equally large.`
  const times = ratio < 10 ? ratio.toFixed(1) : formatNumber(ratio)
  return `${larger.name} is ${times} times as large as ${smaller.name}.`
}
