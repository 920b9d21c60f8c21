import { generate } from '../../generate.server.js'
export { default } from '../../show.jsx'

export const getStaticPaths = () => ({ paths: ['/p/built'], fallback: 'blocking' })
export const getStaticProps = (...received) => generate(`p/${received[0].params.slug}`, received, 60)
