import { raise } from '../../raise.js'
export { default } from '../../show.jsx'

const results = new Map([
  ['props', () => ({ props: { from: 'server' } })],
  ['redirect', () => ({ redirect: { destination: '/p/target', permanent: false } })],
  ['error', () => raise('data-error')],
])

/** `/server/<result>?<header>=<value>…` sets these headers first, those that Node takes for some. */
export async function getServerSideProps({ res, params, query }) {
  for (const [name, value] of Object.entries(query)) {
    try {
      if (name !== 'how') res.setHeader(name, value)
    } catch {}
  }
  return results.get(params.how)?.() ?? { notFound: true }
}
