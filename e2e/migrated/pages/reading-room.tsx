import { useRouter } from 'next/router'

export default function ReadingRoom() {
  const router = useRouter()
  const { desk = 'none' } = router.query
  return (
    <>
      <h1>Reading room</h1>
      <p>
        Ready: {String(router.isReady)}, desk: {desk}, path: {router.asPath}
      </p>
      <button onClick={() => router.push('/reading-room?desk=7', undefined, { shallow: true })}>Desk 7</button>
      <button onClick={() => router.replace({ query: { desk: '8' } })}>Desk 8</button>
      <button onClick={() => router.back()}>Back</button>
      <button onClick={() => router.push('/books/[isbn]', '/books/100')}>Tides</button>
    </>
  )
}
