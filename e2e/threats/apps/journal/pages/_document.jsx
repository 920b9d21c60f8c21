import { useRouter } from '../router.js'
import { raise } from '../raise.js'

export default function Document({ children }) {
  if (useRouter().pathname === '/broken-document') raise('document-error')
  return (
    <html lang="en">
      <head />
      <body>{children}</body>
    </html>
  )
}
