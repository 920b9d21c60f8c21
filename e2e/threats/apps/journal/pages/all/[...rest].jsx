import { generate } from '../../generate.server.js'
export { default } from '../../show.jsx'

export const getStaticPaths = () => ({ paths: [], fallback: 'blocking' })
export const getStaticProps = (...received) => generate('all', received)
