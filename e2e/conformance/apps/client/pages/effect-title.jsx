import { useEffect } from 'react'

export default function EffectTitle() {
  useEffect(() => {
    document.title = 'Title of an effect'
  }, [])
  return <h1>Heading</h1>
}
