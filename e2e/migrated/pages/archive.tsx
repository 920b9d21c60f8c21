import Link from 'next/link'
import Sign from '../components/sign'

export default function Archive() {
  return (
    <>
      <h1>Archive</h1>
      <Link href="/books/101" legacyBehavior>
        <a className="old">The Lamp Keeper</a>
      </Link>
      <Link href="/opening-hours" passHref legacyBehavior>
        <Sign>Hours</Sign>
      </Link>
      <Link href="/members/[name]" as="/members/ada">
        Ada
      </Link>
      <Link href="/books" replace prefetch={false} scroll={false}>
        Books
      </Link>
    </>
  )
}
