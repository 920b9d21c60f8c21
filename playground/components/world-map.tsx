import type { MouseEvent } from 'react'
import { useRouter } from 'vite-plugin-isr/client'
import type { CountryName } from '../server/countries.server.ts'

/** All countries in true proportions; each leads to its page. The list of countries says the same to a keyboard. */
export function WorldMap({ countries }: { countries: ReadonlyArray<CountryName & { path: string }> }) {
  const { basePath, push } = useRouter()

  function follow(event: MouseEvent<SVGSVGElement>) {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    const slug = (event.target as Element).closest('a')?.dataset['slug']
    if (!slug) return
    event.preventDefault()
    void push(`/countries/${slug}`)
  }

  return (
    <svg
      className="world"
      viewBox="0 -12 1000 462"
      width="1000"
      height="462"
      role="img"
      aria-label="Map of the world"
      onClick={follow}
    >
      {countries.map(({ code, slug, name, path }) => (
        <a key={code} href={`${basePath}/countries/${slug}`} data-slug={slug} tabIndex={-1}>
          <title>{name}</title>
          <path d={path} className={path.endsWith('h0') ? 'dot' : undefined} />
        </a>
      ))}
    </svg>
  )
}
