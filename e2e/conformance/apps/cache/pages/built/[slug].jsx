import { toReturned } from '../../returned.server.js'
import { ask } from '../../source.server.js'
import { Show } from '../../components/show.jsx'

export default function Page({ value, broken }) {
  if (broken) throw new Error(broken)
  return <Show name="built" value={value} />
}

export function getStaticPaths() {
  return { paths: ['/built/absent', '/built/moved', '/built/there'], fallback: 'blocking' }
}

/** Returns what the test wrote down as source, so that it can be builtthing at all. */
export async function getStaticProps(context) {
  const { value, result = '{ props: { value }, revalidate: 60 }' } = await ask(`built/${context.params.slug}`, context)
  return toReturned(result, value, context)
}
