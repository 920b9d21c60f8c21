import { ask } from '../../source.server.js'
import { toReturned } from '../../returned.server.js'
import { Show } from '../../components/show.jsx'

export default function Page({ value }) {
  return <Show name="item" value={value} />
}

export function getStaticPaths() {
  return { paths: ['/item/built'], fallback: 'blocking' }
}

export async function getStaticProps({ params }) {
  const { value, result = '{ props: { value }, revalidate: 60 }' } = await ask(`item/${params.slug}`)
  return toReturned(result, value)
}
