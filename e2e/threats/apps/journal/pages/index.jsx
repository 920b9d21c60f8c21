import { generate } from '../generate.server.js'
export { default } from '../show.jsx'

export const getStaticProps = (...received) => generate('home', received)
