export const getStaticPaths = () => ({ paths: [], fallback: 'blocking' })
export const getStaticProps = ({ params }) => ({
  redirect: { destination: `/${params.path.join('/')}`, permanent: true },
  revalidate: 60,
})
export default function Old() {
  return null
}
