import type { GetStaticProps, NextPage } from 'next'
import Head from 'next/head'
import Link from 'next/link'
import { getBooks, type Book } from '../../lib/catalogue'

interface Props {
  books: Book[]
}

const Books: NextPage<Props> = ({ books }) => (
  <>
    <Head>
      <title>Books | Harbour Library</title>
      <meta property="og:title" content="Books" key="og:title" />
    </Head>
    <h1>Books</h1>
    <ul>
      {books.map(({ isbn, title }) => (
        <li key={isbn}>
          <Link href={`/books/${isbn}`}>{title}</Link>
        </li>
      ))}
    </ul>
  </>
)

export const getStaticProps: GetStaticProps<Props> = async () => ({ props: { books: await getBooks() }, revalidate: 1 })

export default Books
