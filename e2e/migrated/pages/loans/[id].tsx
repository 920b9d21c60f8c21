import type { GetServerSideProps } from 'next'
import Head from 'next/head'

interface Props {
  id: string
  reader: string
}

export const getServerSideProps: GetServerSideProps<Props, { id: string }> = async ({ params, req, res }) => {
  const { id } = params!
  if (id === 'old') return { redirect: { destination: '/loans/7', permanent: true } }
  if (!/^\d+$/.test(id)) return { notFound: true }
  res.setHeader('Set-Cookie', 'last-loan=' + id)
  return { props: { id, reader: req.cookies.reader ?? 'nobody' } }
}

export default function Loan({ id, reader }: Props) {
  return (
    <>
      <Head>
        <title>{`Loan ${id}`}</title>
        <meta name="robots" content="noindex" />
      </Head>
      <h1>Loan {id}</h1>
      <p>Lent to {reader}</p>
    </>
  )
}
