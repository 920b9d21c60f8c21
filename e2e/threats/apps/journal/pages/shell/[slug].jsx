import { generate } from '../../generate.server.js'
export { default } from '../../show.jsx'

export const getStaticPaths = () => ({ paths: [], fallback: true })
export const getStaticProps = (...received) => generate(`shell/${received[0].params.slug}`, received)
