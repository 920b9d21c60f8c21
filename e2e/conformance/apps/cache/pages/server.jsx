import { ask } from '../source.server.js'
import { Show } from '../components/show.jsx'

export default function Server({ value }) {
  return <Show name="server" value={value} />
}

export async function getServerSideProps({ query, res, draftMode }) {
  const { value } = await ask('server', { query, draftMode })
  if (query.cache) res.setHeader('Cache-Control', query.cache)
  return { props: { value } }
}
