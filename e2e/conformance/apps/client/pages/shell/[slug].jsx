import { ask } from '../../source.server.js'
import { toReturned } from '../../returned.server.js'
import { Show } from '../../components/show.jsx'

export default function Page({ value }) {
  return <Show name="shell" value={value} />
}

export function getStaticPaths() {
  return { paths: ['/shell/built'], fallback: true }
}

export async function getStaticProps({ params }) {
  const { value, result = '{ props: { value }, revalidate: 60 }' } = await ask(`shell/${params.slug}`)
  return toReturned(result, value)
}
