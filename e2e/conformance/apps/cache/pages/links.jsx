import { Link } from 'vite-plugin-isr/client'

/** Links that load nothing before they are clicked. */
export default function Links() {
  return (
    <ul>
      {['/second/linked', '/minute/linked', '/forever/linked', '/any/linked'].map((href) => (
        <li key={href}>
          <Link href={href} prefetch={false}>
            {href}
          </Link>
        </li>
      ))}
    </ul>
  )
}
