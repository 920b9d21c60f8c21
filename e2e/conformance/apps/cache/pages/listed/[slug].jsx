import { ask } from '../../source.server.js'
import { Show } from '../../components/show.jsx'

export default function Page({ value }) {
  return <Show name="listed" value={value} />
}

export function getStaticPaths() {
  return { paths: ['/listed/one', '/listed/two', '/listed/three'], fallback: false }
}

export async function getStaticProps(context) {
  const { value, revalidate = 1 } = await ask(`listed/${context.params.slug}`, context)
  return { props: { value }, revalidate }
}
