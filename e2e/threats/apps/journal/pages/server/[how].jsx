import { raise } from '../../raise.js'
export { default } from '../../show.jsx'

const results = {
  props: () => ({ props: { from: 'server' } }),
  redirect: () => ({ redirect: { destination: '/p/target', permanent: false } }),
  missing: () => ({ notFound: true }),
  error: () => {
    raise('data-error')
  },
}

/** `/server/<result>?<header>=<value>…` sets these headers first. */
export async function getServerSideProps({ res, params, query }) {
  for (const [name, value] of Object.entries(query)) {
    if (name !== 'how') res.setHeader(name, value)
  }
  return results[params.how]()
}
