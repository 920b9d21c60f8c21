import { generate } from '../../generate.server.js'
export { default } from '../../show.jsx'

export const getStaticPaths = () => ({ paths: ['/second/built'], fallback: 'blocking' })
export const getStaticProps = (...received) => generate(`second/${received[0].params.slug}`, received, 1)
