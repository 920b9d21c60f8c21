import Link from 'next/link'
import { useRouter } from 'next/router'
import type { ReactNode } from 'react'
import styles from './layout.module.css'

const sections = [
  ['/', 'Home'],
  ['/books', 'Books'],
  ['/shelves', 'Shelves'],
  ['/events', 'Events'],
  ['/opening-hours', 'Hours'],
  ['/reading-room', 'Reading room'],
  ['/search?q=port', 'Search'],
] as const

export default function Layout({ children }: { children: ReactNode }) {
  const router = useRouter()
  return (
    <>
      <header className={styles.header}>
        <p>{process.env.NEXT_PUBLIC_LIBRARY_NAME}</p>
        <nav aria-label="Sections">
          {sections.map(([href, text]) => (
            <Link key={href} href={href} className={router.pathname === href.split('?')[0] ? 'current' : undefined}>
              {text}
            </Link>
          ))}
        </nav>
      </header>
      <main>{children}</main>
      <footer>Edition: {process.env.NEXT_PUBLIC_EDITION}</footer>
    </>
  )
}
