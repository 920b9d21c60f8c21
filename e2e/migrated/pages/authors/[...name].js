import Head from 'next/head'
import { useRouter } from 'next/router'
import { getBooks } from '../../lib/catalogue'

export async function getStaticPaths() {
  return { paths: [{ params: { name: ['ada', 'byron'] } }], fallback: true }
}

export async function getStaticProps({ params }) {
  const books = await getBooks()
  const own = books.filter(({ author }) => author === params.name.join('/'))
  if (own.length === 0) return { notFound: true }
  return { props: { name: own[0].authorName, titles: own.map(({ title }) => title) }, revalidate: 60 }
}

export default function Author({ name, titles }) {
  const router = useRouter()
  if (router.isFallback) return <p>Looking for the author…</p>
  return (
    <>
      <Head>
        <title>{name} at the library</title>
      </Head>
      <h1>{name}</h1>
      <p>Path: {router.query.name.join(' / ')}</p>
      <ul>
        {titles.map((title) => (
          <li key={title}>{title}</li>
        ))}
      </ul>
    </>
  )
}
