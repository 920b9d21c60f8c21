import { useEffect, useState } from 'react'
import { Show } from '../components/show.jsx'

/** Grows when its data is there, as pages do that load some of it in the browser. */
export default function Late() {
  const [height, setHeight] = useState(0)
  useEffect(() => {
    let isThere = true
    void fetch('/file.txt').then(() => isThere && setHeight(4000))
    return () => {
      isThere = false
    }
  }, [])
  return (
    <Show name="late" value="late">
      <div style={{ height }} />
    </Show>
  )
}
