import { useRouter } from 'vite-plugin-isr/client'

/** What a test reads off a page. */
export function Show({ name, value }) {
  const router = useRouter()
  return (
    <main>
      <title>{`${name}: ${value ?? 'loading'}`}</title>
      <p id="value">{value ?? 'loading'}</p>
      <pre id="router">
        {JSON.stringify({ asPath: router.asPath, isFallback: router.isFallback, isPreview: router.isPreview })}
      </pre>
    </main>
  )
}
