import { ask } from '../../source.server.js'
import { toReturned } from '../../returned.server.js'
import { Show } from '../../components/show.jsx'

export default function Page({ value }) {
  return <Show name="brief" value={value} />
}

export function getStaticPaths() {
  return { paths: ['/brief/built', '/brief/kept'], fallback: 'blocking' }
}

export async function getStaticProps({ params }) {
  const { value, result = '{ props: { value }, revalidate: 1 }' } = await ask(`brief/${params.slug}`)
  return toReturned(result, value)
}
