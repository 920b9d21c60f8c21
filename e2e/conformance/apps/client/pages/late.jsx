import { useEffect, useState } from 'react'
import { Show } from '../components/show.jsx'

/** Grows when its data is there, as pages do that load some of it in the browser. */
export default function Late() {
  const [height, setHeight] = useState(0)
  useEffect(() => {
    const timer = setTimeout(() => setHeight(4000), 300)
    return () => clearTimeout(timer)
  }, [])
  return (
    <Show name="late" value="late">
      <div style={{ height }} />
    </Show>
  )
}
