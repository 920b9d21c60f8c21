import { useRouter } from './router.js'

/** Prints all that a page can learn of the request that it is rendered for. */
export default function Show(props) {
  const { asPath, pathname, query, route, basePath } = useRouter()
  return (
    <main>
      <pre id="props">{JSON.stringify(props)}</pre>
      <pre id="router">{JSON.stringify({ asPath, pathname, query, route, basePath })}</pre>
    </main>
  )
}
