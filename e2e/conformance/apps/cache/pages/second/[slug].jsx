import { ask } from '../../source.server.js'
import { Show } from '../../components/show.jsx'

export default function Page({ value }) {
  return <Show name="second" value={value} />
}

export function getStaticPaths() {
  return { paths: ['/second/built'], fallback: 'blocking' }
}

export async function getStaticProps(context) {
  const { value, revalidate = 1 } = await ask(`second/${context.params.slug}`, context)
  return { props: { value }, revalidate }
}
