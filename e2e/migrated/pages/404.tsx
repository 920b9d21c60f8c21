import Head from 'next/head'
import Link from 'next/link'

export default function NotFound() {
  return (
    <>
      <Head>
        <title>Nothing here</title>
      </Head>
      <h1>404 - This shelf is empty</h1>
      <Link href="/">Go home</Link>
    </>
  )
}
