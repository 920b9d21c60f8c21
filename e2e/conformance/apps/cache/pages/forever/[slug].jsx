import { ask } from '../../source.server.js'
import { Show } from '../../components/show.jsx'

export default function Page({ value }) {
  return <Show name="forever" value={value} />
}

export function getStaticPaths() {
  return { paths: ['/forever/built'], fallback: 'blocking' }
}

export async function getStaticProps(context) {
  const { value } = await ask(`forever/${context.params.slug}`, context)
  return { props: { value } }
}
