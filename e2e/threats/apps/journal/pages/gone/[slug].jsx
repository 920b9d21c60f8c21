export const getStaticPaths = () => ({ paths: [], fallback: 'blocking' })
export const getStaticProps = () => ({ notFound: true, revalidate: 60 })
export default function Gone() {
  return null
}
