import { useState } from 'react'
import styles from './harbour-map.module.css'

export default function HarbourMap({ place }: { place: string }) {
  const [width] = useState(() => window.innerWidth)
  return (
    <figure className={styles.map}>
      <figcaption>
        Map of {place}, {width > 0 ? 'drawn in the browser' : 'not drawn'}
      </figcaption>
    </figure>
  )
}
