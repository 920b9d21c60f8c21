import { useRouter } from 'vite-plugin-isr/client'
import { Show } from '../components/show.jsx'

export default function Field() {
  const router = useRouter()
  return (
    <Show name="field" value="field">
      <input aria-label="search" onChange={({ target }) => void router.replace(`/field?q=${target.value}`)} />
      <p id="asked">{router.query.q ?? ''}</p>
    </Show>
  )
}
