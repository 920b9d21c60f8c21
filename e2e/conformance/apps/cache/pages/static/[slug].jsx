import { Show } from '../../components/show.jsx'

export default function Plain() {
  return <Show name="static" value="static" />
}
