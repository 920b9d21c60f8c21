import { useRouter } from 'vite-plugin-isr/client'
import type { CountryName } from '../server/countries.server.ts'

/** A country's flag. Beside the country's name it is an ornament and has no text of its own. */
export function Flag({ country, large = false }: { country: CountryName; large?: boolean }) {
  const { basePath } = useRouter()
  return (
    <img
      className={large ? 'flag flag-large' : 'flag'}
      src={`${basePath}/api/flags/${country.code}`}
      alt={large ? `Flag of ${country.name}` : ''}
      width={large ? 120 : 24}
      height={large ? 80 : 16}
      loading={large ? 'eager' : 'lazy'}
      decoding="async"
    />
  )
}
