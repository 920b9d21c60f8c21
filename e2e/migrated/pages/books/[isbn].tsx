import type { GetStaticPaths, GetStaticProps } from 'next'
import { Html } from 'next/document'
import Head from 'next/head'
import Link from 'next/link'
import { getBook, getBooks, type Book } from '../../lib/catalogue'

type Props = { book: Book; onPaper: boolean }

export const getStaticPaths: GetStaticPaths<{ isbn: string }> = async () => {
  const books = await getBooks()
  return { paths: books.slice(0, 2).map(({ isbn }) => ({ params: { isbn } })), fallback: 'blocking' }
}

export const getStaticProps: GetStaticProps<Props, { isbn: string }> = async ({ params }) => {
  if (params!.isbn === 'latest') return { redirect: { destination: '/books/103', permanent: false } }
  const book = await getBook(params!.isbn)
  if (!book) return { notFound: true, revalidate: 1 }
  return { props: { book, onPaper: typeof Html === 'function' }, revalidate: 60 }
}

export default function BookPage({ book, onPaper }: Props) {
  return (
    <article>
      <Head>
        <title>{`${book.title} | Harbour Library`}</title>
        <meta property="og:title" content={book.title} key="og:title" />
        <meta name="description" content={`${book.title} by ${book.authorName}`} key="description" />
        <link rel="canonical" href={`https://library.example/books/${book.isbn}`} />
        <script
          type="application/ld+json"
          dangerouslySetInnerHTML={{ __html: JSON.stringify({ '@type': 'Book', name: book.title }) }}
        />
      </Head>
      <h1>{book.title}</h1>
      <p>
        by <Link href={`/authors/${book.author}`}>{book.authorName}</Link>
      </p>
      <p>{book.copies > 0 ? `${book.copies} on the shelf` : 'All copies are lent'}</p>
      {onPaper && <p>In print</p>}
      <Link href="/books">All books</Link>
    </article>
  )
}
