import { useRouter } from 'vite-plugin-isr/client'
import { ask } from '../../source.server.js'
import { Show } from '../../components/show.jsx'

/** Its shell is short, the page is long. */
export default function Long({ value }) {
  const { isFallback } = useRouter()
  return (
    <Show name="long" value={value}>
      {!isFallback && (
        <>
          <div style={{ height: 3000 }} />
          <h2 id="end">End</h2>
          <a href="/plain">behind the end</a>
          <div style={{ height: 1500 }} />
        </>
      )}
    </Show>
  )
}

export function getStaticPaths() {
  return { paths: [], fallback: true }
}

export async function getStaticProps({ params }) {
  const { value } = await ask(`long/${params.slug}`)
  return { props: { value }, revalidate: 60 }
}
