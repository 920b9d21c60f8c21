import type { ReactNode } from 'react'
import { Link, useRouter } from 'vite-plugin-isr/client'
import type { Stamp } from '../server/stamp.ts'
import { PageInfo } from './page-info.tsx'
import { Progress } from './progress.tsx'
import { SearchForm } from './search-form.tsx'

const sections = [
  ['/countries', 'Countries'],
  ['/regions', 'Regions'],
  ['/cities', 'Cities'],
  ['/compare', 'Compare'],
  ['/blog', 'Blog'],
] as const

/** What all pages share. */
export function Layout({ stamp, children }: { stamp: Partial<Stamp>; children: ReactNode }) {
  const { pathname } = useRouter()
  return (
    <>
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <Progress />
      <header className="site-header">
        <div className="bar">
          <Link className="wordmark" href="/">
            <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
              <circle cx="12" cy="12" r="10" />
              <path d="M2 12h20M12 2c-7 6-7 14 0 20M12 2c7 6 7 14 0 20" />
            </svg>
            Atlas
          </Link>
          <nav aria-label="Sections">
            <ul>
              {sections.map(([href, name]) => (
                <li key={href}>
                  <Link href={href} aria-current={isWithin(pathname, href) ? 'page' : undefined}>
                    {name}
                  </Link>
                </li>
              ))}
            </ul>
          </nav>
          {pathname !== '/search' && pathname !== '/' && <SearchForm compact />}
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      <footer className="site-footer">
        <div className="bar">
          <PageInfo {...stamp} />
          <p>
            Countries from <a href="https://github.com/mledoze/countries">mledoze/countries</a> (ODbL), cities from{' '}
            <a href="https://www.geonames.org">GeoNames</a> (CC BY 4.0). <Link href="/about">About this atlas</Link>
          </p>
        </div>
      </footer>
    </>
  )
}

function isWithin(pathname: string, section: string): boolean {
  return pathname === section || pathname.startsWith(`${section}/`)
}
