export const getServerSideProps = () => ({ props: {} })
export default function BrokenDocument() {
  return <p>its document throws</p>
}
