import { Links, Show } from '../components/show.jsx'

/** A page with the links that its URL asks for; those of `below` are below the fold. */
export default function Hub({ links, below }) {
  return (
    <Show name="hub" value="links">
      <Links list={links} />
      <div style={{ height: 3000 }} />
      <Links list={below} />
    </Show>
  )
}

export function getServerSideProps({ query }) {
  const parse = (text) => JSON.parse(text ?? '[]')
  return { props: { links: parse(query.links), below: parse(query.below) } }
}
