import { Link } from 'vite-plugin-isr/client'

/** The way down to a page: the parents, the widest first. */
export function Breadcrumb({ trail }: { trail: ReadonlyArray<{ name: string; path: string }> }) {
  return (
    <nav aria-label="Breadcrumb" className="breadcrumb">
      <ol>
        {trail.map(({ name, path }) => (
          <li key={path}>
            <Link href={path} prefetch={false}>
              {name}
            </Link>
          </li>
        ))}
      </ol>
    </nav>
  )
}
