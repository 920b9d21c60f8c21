export const getStaticPaths = () => ({ paths: [], fallback: 'blocking' })
export const getStaticProps = ({ params }) => ({
  redirect: { destination: Buffer.from(params.destination, 'hex').toString(), permanent: false },
  revalidate: 60,
})
export default function To() {
  return null
}
