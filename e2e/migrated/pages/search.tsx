import type { GetServerSideProps, InferGetServerSidePropsType } from 'next'
import { useRouter } from 'next/router'
import type { FormEvent } from 'react'
import { getBooks } from '../lib/catalogue'

export const getServerSideProps = (async ({ query, res }) => {
  const text = String(query.q ?? '').toLowerCase()
  const books = (await getBooks()).filter(({ title }) => title.toLowerCase().includes(text))
  res.setHeader('x-found', String(books.length))
  return { props: { text, titles: books.map(({ title }) => title) } }
}) satisfies GetServerSideProps

export default function Search({ text, titles }: InferGetServerSidePropsType<typeof getServerSideProps>) {
  const router = useRouter()
  async function search(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const q = new FormData(event.currentTarget).get('q') as string
    await router.push({ pathname: '/search', query: { q } })
  }
  return (
    <>
      <h1>Search</h1>
      <form onSubmit={search}>
        <input name="q" type="search" aria-label="Title" defaultValue={text} />
        <button>Find</button>
      </form>
      <p>
        {titles.length} for “{router.query.q}”: {titles.join(', ')}
      </p>
    </>
  )
}
