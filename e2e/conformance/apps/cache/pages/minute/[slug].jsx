import { ask } from '../../source.server.js'
import { Show } from '../../components/show.jsx'

export default function Page({ value }) {
  return <Show name="minute" value={value} />
}

export function getStaticPaths() {
  return { paths: ['/minute/built'], fallback: 'blocking' }
}

export async function getStaticProps(context) {
  const { value } = await ask(`minute/${context.params.slug}`, context)
  return { props: { value }, revalidate: 60 }
}
