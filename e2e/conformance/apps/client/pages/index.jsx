import { ask } from '../source.server.js'
import { Show } from '../components/show.jsx'

export default function Home({ value }) {
  return <Show name="home" value={value} />
}

export async function getStaticProps() {
  const { value } = await ask('home')
  return { props: { value }, revalidate: 60 }
}
