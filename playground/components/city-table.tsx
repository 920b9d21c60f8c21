import { Link } from 'vite-plugin-isr/client'
import type { CityItem } from '../server/cities.server.ts'
import { Flag } from './flag.tsx'
import { formatNumber } from './format.ts'

/** Cities with their population, and on request their country or their distance. */
export function CityTable({
  cities,
  caption,
  withCountry = false,
}: {
  cities: ReadonlyArray<CityItem & { distance?: number }>
  caption: string
  withCountry?: boolean
}) {
  const withDistance = cities.some(({ distance }) => distance !== undefined)
  return (
    <table className="cities">
      <caption className="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">City</th>
          {withCountry && <th scope="col">Country</th>}
          {withDistance && (
            <th scope="col" className="number">
              Distance
            </th>
          )}
          <th scope="col" className="number">
            Inhabitants
          </th>
        </tr>
      </thead>
      <tbody>
        {cities.map(({ id, slug, name, country, kind, population, distance }) => (
          <tr key={id}>
            <th scope="row">
              <Link href={`/cities/${country.slug}/${slug}`} prefetch={false}>
                {name}
              </Link>
              {kind === 'PPLC' && <small className="tag">capital</small>}
              {kind === 'PPLX' && <small className="tag">district</small>}
            </th>
            {withCountry && (
              <td>
                <span className="with-flag">
                  <Flag country={country} />
                  <Link href={`/countries/${country.slug}`} prefetch={false}>
                    {country.name}
                  </Link>
                </span>
              </td>
            )}
            {withDistance && <td className="number">{distance === undefined ? '' : `${formatNumber(distance)} km`}</td>}
            <td className="number">{population === 0 ? '–' : formatNumber(population)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
