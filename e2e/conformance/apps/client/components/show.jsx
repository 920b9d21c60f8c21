import { useState } from 'react'
import { Link, useRouter } from 'vite-plugin-isr/client'

/** What a test reads off a page, and a state that is lost when the page is built again. */
export function Show({ name, value = 'loading', children }) {
  const { pathname, asPath, query, isFallback, isReady } = useRouter()
  const [count, setCount] = useState(0)
  return (
    <main>
      <title>{`${name}: ${value}`}</title>
      <h1>{name}</h1>
      <p id="value">{value}</p>
      <pre id="router">{JSON.stringify({ pathname, asPath, query, isFallback, isReady })}</pre>
      <button type="button" id="count" onClick={() => setCount(count + 1)}>
        {count}
      </button>
      {children}
    </main>
  )
}

/** Links as a test asks for them: `[{ "href": "/item/a", "prefetch": false }]`. */
export function Links({ list }) {
  return list.map(({ label, ...props }) => (
    <p key={label ?? props.href}>
      <Link {...props}>{label ?? props.href}</Link>
    </p>
  ))
}
