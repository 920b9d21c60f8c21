import { Link } from 'vite-plugin-isr/client'
import { Show } from '../components/show.jsx'

export default function Short() {
  return (
    <Show name="short" value="short">
      <Link href="/tall#end" prefetch={false}>
        the end of tall
      </Link>
    </Show>
  )
}
