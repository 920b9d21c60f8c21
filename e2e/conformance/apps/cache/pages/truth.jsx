import { ask } from '../source.server.js'
import { Show } from '../components/show.jsx'

export default function Truth({ value }) {
  return <Show name="truth" value={value} />
}

export async function getStaticProps(context) {
  const { value } = await ask('truth', context)
  return { props: { value }, revalidate: true }
}
