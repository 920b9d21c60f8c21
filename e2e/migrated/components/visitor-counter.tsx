import { useState } from 'react'
import styles from './visitor-counter.module.css'

export function VisitorCounter({ label }: { label: string }) {
  const [count, setCount] = useState(0)
  return (
    <button className={styles.counter} onClick={() => setCount(count + 1)}>
      {label}: {count}
    </button>
  )
}
