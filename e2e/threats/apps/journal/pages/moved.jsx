export const getStaticProps = () => ({ redirect: { destination: '/p/target', permanent: false }, revalidate: 60 })
export default function Moved() {
  return null
}
