import { ask } from '../source.server.js'
import { Show } from '../components/show.jsx'

export default function Server({ value }) {
  return <Show name="server" value={value} />
}

export async function getServerSideProps({ query }) {
  const { value } = await ask('server', query)
  return { props: { value } }
}
