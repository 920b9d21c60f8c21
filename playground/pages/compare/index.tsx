import type { GetServerSideProps, InferGetServerSidePropsType } from 'vite-plugin-isr'
import { Link } from 'vite-plugin-isr/client'
import { CompareForm } from '../../components/compare-form.tsx'
import { PageMeta } from '../../components/page-meta.tsx'
import { findCountrySlug, listCountries } from '../../server/countries.server.ts'
import { toStamp } from '../../server/stamp.ts'
import '../../styles/compare.css'

const suggestions = [
  ['germany', 'Germany', 'japan', 'Japan'],
  ['greenland', 'Greenland', 'australia', 'Australia'],
  ['chile', 'Chile', 'norway', 'Norway'],
  ['singapore', 'Singapore', 'malta', 'Malta'],
] as const

export const getServerSideProps = (async ({ query }) => {
  const toSlug = async (text: unknown) => (typeof text === 'string' ? await findCountrySlug(text) : undefined)
  const first = await toSlug(query['first'])
  const second = await toSlug(query['second'])
  if (first && second) return { redirect: { destination: `/compare/${first}/${second}`, permanent: false } }
  return {
    props: {
      ...toStamp(null),
      countries: (await listCountries()).map(({ code, slug, name }) => ({ code, slug, name })),
    },
  }
}) satisfies GetServerSideProps

export default function Compare({ countries }: InferGetServerSidePropsType<typeof getServerSideProps>) {
  return (
    <>
      <PageMeta title="Compare" description="Lay two countries on top of each other, in true size." />
      <h1>Compare</h1>
      <p className="lead">Two countries on top of each other, in true size.</p>
      <CompareForm countries={countries} />
      <h2>Or begin with one of these</h2>
      <ul className="cards">
        {suggestions.map(([first, firstName, second, secondName]) => (
          <li key={first}>
            <Link href={`/compare/${first}/${second}`} prefetch={false}>
              {firstName} and {secondName}
            </Link>
          </li>
        ))}
      </ul>
    </>
  )
}
