import type { GetStaticProps, InferGetStaticPropsType } from 'next'
import dynamic from 'next/dynamic'
import Head from 'next/head'
import Link from 'next/link'
import { getBooks } from '../lib/catalogue'

const VisitorCounter = dynamic(() => import('../components/visitor-counter').then((mod) => mod.VisitorCounter), {
  loading: () => <p>Counting…</p>,
})

export const getStaticProps = (async () => {
  const books = await getBooks()
  return { props: { count: books.length, newest: books[books.length - 1], madeAt: Date.now() }, revalidate: 60 }
}) satisfies GetStaticProps<{ count: number; newest: { isbn: string; title: string }; madeAt: number }>

export default function Home({ count, newest, madeAt }: InferGetStaticPropsType<typeof getStaticProps>) {
  return (
    <>
      <Head>
        <meta name="description" content={`The library has ${count} books.`} key="description" />
      </Head>
      <h1>Welcome</h1>
      <p>
        We keep {count} books. The newest is{' '}
        <Link href={{ pathname: '/books/[isbn]', query: { isbn: newest.isbn } }}>{newest.title}</Link>.
      </p>
      <p data-testid="made">{madeAt}</p>
      <VisitorCounter label="Visitors" />
    </>
  )
}
