import { useRouter } from 'vite-plugin-isr/client'
import type { CountryName } from '../server/countries.server.ts'

/** Picks two countries; the server page behind it leads on to the pair's own URL. */
export function CompareForm({ countries }: { countries: readonly CountryName[] }) {
  const { basePath } = useRouter()
  const toSelect = (name: string, label: string, initial: string) => (
    <label>
      {label}
      <select name={name} defaultValue={initial}>
        {countries.map((country) => (
          <option key={country.code} value={country.slug}>
            {country.name}
          </option>
        ))}
      </select>
    </label>
  )
  return (
    <form className="compare-form" action={`${basePath}/compare`}>
      {toSelect('first', 'One country', 'germany')}
      {toSelect('second', 'and another', 'japan')}
      <button type="submit">Compare</button>
    </form>
  )
}
