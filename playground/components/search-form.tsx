import type { FormEvent } from 'react'
import { useRouter } from 'vite-plugin-isr/client'

/** A form that any browser can send; with the router it saves loading the document. */
export function SearchForm({ query = '', compact = false }: { query?: string; compact?: boolean }) {
  const router = useRouter()

  function search(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const q = new FormData(event.currentTarget).get('q')
    void router.push({ pathname: '/search', query: { q: typeof q === 'string' ? q : '' } })
  }

  return (
    <form
      className={compact ? 'search search-compact' : 'search'}
      role="search"
      action={`${router.basePath}/search`}
      onSubmit={search}
    >
      <input
        key={query}
        type="search"
        name="q"
        defaultValue={query}
        maxLength={100}
        placeholder="City or country"
        aria-label="City or country"
        autoComplete="off"
        enterKeyHint="search"
      />
      <button type="submit">Search</button>
    </form>
  )
}
