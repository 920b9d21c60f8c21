import { Show } from '../components/show.jsx'

export default function Plain() {
  return <Show name="plain" value="plain" />
}
