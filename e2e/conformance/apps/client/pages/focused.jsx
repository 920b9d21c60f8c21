import { Show } from '../components/show.jsx'

export default function Focused() {
  return (
    <Show name="focused" value="focused">
      {/* oxlint-disable-next-line jsx-a11y/no-autofocus -- it is what is tested */}
      <input aria-label="name" autoFocus />
    </Show>
  )
}
