import { raise } from '../../raise.js'

export const getStaticPaths = () => ({ paths: [], fallback: 'blocking' })
export const getStaticProps = ({ params }) => {
  if (params.how.startsWith('data-')) raise(params.how)
  return { props: { how: params.how }, revalidate: 60 }
}
export default function Broken({ how }) {
  if (how.startsWith('render-')) raise(how)
  return <p>{how}</p>
}
