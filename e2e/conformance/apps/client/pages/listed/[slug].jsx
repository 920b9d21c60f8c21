import { ask } from '../../source.server.js'
import { toReturned } from '../../returned.server.js'
import { Show } from '../../components/show.jsx'

export default function Page({ value }) {
  return <Show name="listed" value={value} />
}

export function getStaticPaths() {
  return { paths: ['/listed/one'], fallback: false }
}

export async function getStaticProps({ params }) {
  const { value, result = '{ props: { value }, revalidate: 60 }' } = await ask(`listed/${params.slug}`)
  return toReturned(result, value)
}
