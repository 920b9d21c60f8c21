import { placeOnOutline, type CountryName } from './countries.server.ts'
import { connect } from './database.server.ts'
import { toDistance, type Point } from './projection.ts'
import { fold } from './text.ts'

/** A city in a list. */
export interface CityItem {
  id: number
  slug: string
  name: string
  /** 0 where it is not known. */
  population: number
  /** GeoNames' feature code: `PPLC` is a seat of government, `PPLX` a part of another city. */
  kind: string
  country: CountryName
}

/** A city on the drawing of its country. */
export interface CityDot {
  slug: string
  name: string
  capital: boolean
  x: number
  y: number
}

/** All that a city's page shows. */
export interface City extends CityItem {
  longitude: number
  latitude: number
  /** Among the cities of its country, 1 for the largest; null without a known population. */
  rank: number | null
  dot: Point | null
  nearby: Array<CityItem & { distance: number }>
}

interface CityRow extends Omit<CityItem, 'country'> {
  code: string
  countrySlug: string
  countryName: string
}

const columns = `cities.id, cities.slug, cities.name, cities.population, cities.kind,
  countries.code, countries.slug AS countrySlug, countries.name AS countryName`

const from = 'FROM cities JOIN countries ON countries.code = cities.country'

/** Dots nearer to each other would run into one, in units of the outline. */
const dotDistance = 70

/** Lists leave out the districts of larger cities, which the dataset counts as cities of their own. */
const isWhole = "kind <> 'PPLX'"

function toItem<Row extends CityRow>({ code, countrySlug, countryName, ...city }: Row) {
  return { ...city, country: { code, slug: countrySlug, name: countryName } }
}

/** How much the atlas holds. */
export async function countPlaces(): Promise<{ countries: number; cities: number }> {
  return (await connect()).get<{ countries: number; cities: number }>(
    'SELECT (SELECT count(*) FROM countries) AS countries, (SELECT count(*) FROM cities) AS cities',
  )!
}

/** The world's largest cities. */
export async function listLargestCities(limit: number): Promise<CityItem[]> {
  return (await connect())
    .all<CityRow>(`SELECT ${columns} ${from} WHERE ${isWhole} ORDER BY population DESC, cities.id LIMIT ?`, limit)
    .map((row) => toItem(row))
}

/** A country's largest cities, by the country's slug. */
export async function listCountryCities(country: string, limit: number): Promise<CityItem[]> {
  return (await connect())
    .all<CityRow>(
      `SELECT ${columns} ${from} WHERE countries.slug = ? AND ${isWhole}
       ORDER BY population DESC, cities.id LIMIT ?`,
      country,
      limit,
    )
    .map((row) => toItem(row))
}

/** The capital and the largest cities, placed on the drawing of their country; those too near to a larger one are left out. */
export async function listCityDots(country: string, limit: number): Promise<CityDot[]> {
  const rows = (await connect()).all<{ slug: string; name: string; kind: string; longitude: number; latitude: number }>(
    `SELECT cities.slug, cities.name, kind, cities.longitude, cities.latitude ${from} WHERE countries.slug = ? AND ${isWhole}
     ORDER BY kind = 'PPLC' DESC, population DESC, cities.id LIMIT ?`,
    country,
    limit * 8,
  )
  const points = await placeOnOutline(
    country,
    rows.map(({ longitude, latitude }) => [longitude, latitude] as const),
  )
  const dots: CityDot[] = []
  points.forEach((point, index) => {
    if (!point || dots.some(({ x, y }) => Math.hypot(x - point[0], y - point[1]) < dotDistance)) return
    const { slug, name, kind } = rows[index]!
    dots.push({ slug, name, capital: kind === 'PPLC', x: point[0], y: point[1] })
  })
  return dots.slice(0, limit)
}

/** One city by its country's slug and its own. */
export async function readCity(country: string, slug: string): Promise<City | undefined> {
  const row = (await connect()).get<CityRow & { longitude: number; latitude: number }>(
    `SELECT ${columns}, cities.longitude, cities.latitude ${from} WHERE countries.slug = ? AND cities.slug = ?`,
    country,
    slug,
  )
  if (!row) return undefined
  const { longitude, latitude } = row
  const [dot] = await placeOnOutline(country, [[longitude, latitude]])
  return {
    ...toItem(row),
    rank:
      row.population === 0 || row.kind === 'PPLX'
        ? null
        : 1 +
          (await connect()).get<{ larger: number }>(
            `SELECT count(*) AS larger FROM cities WHERE country = ? AND population > ? AND ${isWhole}`,
            row.code,
            row.population,
          )!.larger,
    dot: dot ?? null,
    nearby: await listNearby(row.id, longitude, latitude, 8),
  }
}

/** The larger cities around a place, nearest first. */
async function listNearby(id: number, longitude: number, latitude: number, limit: number): Promise<City['nearby']> {
  // A window that grows until it holds enough; on a remote island it never may, hence the last, large one.
  for (const reach of [0.5, 2, 8]) {
    const stretch = reach / Math.max(0.05, Math.cos((latitude * Math.PI) / 180))
    const rows = (await connect()).all<CityRow & { longitude: number; latitude: number }>(
      `SELECT ${columns}, cities.longitude, cities.latitude ${from}
       WHERE cities.latitude BETWEEN ?1 - ?3 AND ?1 + ?3
         AND (abs(cities.longitude - ?2) <= ?4 OR abs(cities.longitude - ?2) >= 360 - ?4)
         AND cities.id <> ?5 AND ${isWhole}
       ORDER BY population DESC LIMIT 60`,
      latitude,
      longitude,
      reach,
      stretch,
      id,
    )
    if (rows.length < limit && reach < 8) continue
    return rows
      .map(({ longitude: otherLongitude, latitude: otherLatitude, ...row }) => ({
        ...toItem(row),
        distance: Math.round(toDistance([longitude, latitude], [otherLongitude, otherLatitude])),
      }))
      .sort((a, b) => a.distance - b.distance || b.population - a.population)
      .slice(0, limit)
  }
  return []
}

/** Cities whose name holds words that begin like those of a folded query; exact matches first, then the largest. */
export async function searchCities(query: string, limit: number): Promise<{ cities: CityItem[]; total: number }> {
  const match = query
    .split(' ')
    .map((word) => `"${word}"*`)
    .join(' ')
  const { total } = (await connect()).get<{ total: number }>(
    'SELECT count(*) AS total FROM city_names WHERE city_names MATCH ?',
    match,
  )!
  const cities = (await connect()).all<CityRow>(
    `SELECT ${columns} FROM city_names JOIN cities ON cities.id = city_names.rowid
       JOIN countries ON countries.code = cities.country
     WHERE city_names MATCH ?1 ORDER BY cities.key = ?2 DESC, population DESC, cities.id LIMIT ?3`,
    match,
    query,
    limit,
  )
  return { cities: cities.map((row) => toItem(row)), total }
}

/** A query as it is searched for: folded, and not longer than a name can be. Empty when nothing is left of it. */
export function toSearchQuery(text: string): string {
  return fold(text.slice(0, 100))
}
