import { toReturned } from '../../returned.server.js'
import { ask } from '../../source.server.js'
import { Show } from '../../components/show.jsx'

export default function Page({ value, broken }) {
  if (broken) throw new Error(broken)
  return <Show name="any" value={value} />
}

export function getStaticPaths() {
  return { paths: [], fallback: 'blocking' }
}

export async function getStaticProps(context) {
  const { value, result = '{ props: { value }, revalidate: 60 }' } = await ask(`any/${context.params.slug}`, context)
  return toReturned(result, value, context)
}
