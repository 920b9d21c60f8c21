import { Link } from 'vite-plugin-isr/client'
import type { CountryItem, CountryName } from '../server/countries.server.ts'
import { Flag } from './flag.tsx'

/** Countries in columns, each with its flag. */
export function CountryList({ countries }: { countries: ReadonlyArray<CountryName & Partial<CountryItem>> }) {
  return (
    <ul className="country-list">
      {countries.map((country) => (
        <li key={country.code}>
          <Flag country={country} />
          <span>
            <Link href={`/countries/${country.slug}`} prefetch={false}>
              {country.name}
            </Link>
            {country.capital && <small>{country.capital}</small>}
          </span>
        </li>
      ))}
    </ul>
  )
}
