import { Link } from 'vite-plugin-isr/client'
import { Show } from '../components/show.jsx'

export default function Tall() {
  return (
    <Show name="tall" value="tall">
      <a href="#middle">plain to the middle</a> <Link href="#end">link to the end</Link>
      <div style={{ height: 1500 }} />
      <p>
        <Link href="/short" prefetch={false}>
          onwards
        </Link>{' '}
        <a href="#end">plain to the end</a>
      </p>
      <div style={{ height: 1500 }} />
      <h2 id="middle">Middle</h2>
      <a href="/plain">behind the middle</a>
      <div style={{ height: 1500 }} />
      <h2 id="end">End</h2>
      <Link href="/plain" prefetch={false}>
        behind the end
      </Link>
      <div style={{ height: 1500 }} />
    </Show>
  )
}
