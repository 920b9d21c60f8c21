import type { GetStaticPaths, GetStaticProps, InferGetStaticPropsType } from 'next'
import Link from 'next/link'
import { getBooks } from '@/lib/catalogue'

export const getStaticPaths = (async () => ({
  paths: [{ params: { path: [] } }, { params: { path: ['fiction'] } }],
  fallback: 'blocking',
})) satisfies GetStaticPaths

export const getStaticProps = (async ({ params }) => {
  const shelf = ((params?.path ?? []) as string[]).join('/')
  const books = (await getBooks()).filter((book) => book.shelf.startsWith(shelf))
  if (books.length === 0) return { notFound: true }
  return { props: { shelf, titles: books.map(({ title }) => title) }, revalidate: 60 }
}) satisfies GetStaticProps

export default function Shelves({ shelf, titles }: InferGetStaticPropsType<typeof getStaticProps>) {
  return (
    <>
      <h1>{shelf === '' ? 'All shelves' : `Shelf ${shelf}`}</h1>
      <p>{titles.join(', ')}</p>
      <Link href="/shelves/fiction">Fiction</Link> <Link href="/shelves/science/mathematics">Mathematics</Link>
    </>
  )
}
