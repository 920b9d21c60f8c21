import { connect } from './database.server.ts'
import { toOutlinePoint, type Outline } from './outline.ts'
import type { LonLat, Point } from './projection.ts'
import type { Facts } from './seed.server.ts'
import { slugify } from './text.ts'

/** A country where it is only named. */
export interface CountryName {
  code: string
  slug: string
  name: string
}

/** A country in a list. */
export interface CountryItem extends CountryName {
  capital: string
  region: string
  subregion: string
}

/** A country's outline as its page draws it. */
export interface CountryOutline {
  path: string
  width: number
  height: number
  kmPerUnit: number
}

/** All that a country's page shows, apart from its cities. */
export interface Country extends CountryItem {
  code2: string
  official: string
  /** Square kilometres. */
  area: number | null
  longitude: number
  latitude: number
  facts: Facts
  description: string
  /** Counts the edits of the description. */
  revision: number
  editedAt: string | null
  outline: CountryOutline | null
  neighbours: CountryName[]
  cityCount: number
}

const itemColumns = 'code, slug, name, capital, region, subregion'

/** Of a row with more columns, what lists show. */
function toItem({ code, slug, name, capital, region, subregion }: CountryItem): CountryItem {
  return { code, slug, name, capital, region, subregion }
}

/** All countries by name. */
export async function listCountries(): Promise<CountryItem[]> {
  return (await connect()).all<CountryItem>(`SELECT ${itemColumns} FROM countries ORDER BY key`)
}

/** A country's slug, for its slug or one of its codes (`austria`, `aut`, `at`). */
export async function findCountrySlug(text: string): Promise<string | undefined> {
  const wanted = text.toLowerCase()
  return (await connect()).get<{ slug: string }>(
    'SELECT slug FROM countries WHERE slug = ?1 OR code = ?1 OR code2 = ?1 LIMIT 1',
    wanted,
  )?.slug
}

type CountryRow = Omit<Country, 'facts' | 'outline' | 'neighbours'> & {
  facts: string
  outline: string | null
  borders: string
}

/** One country by its slug. */
export async function readCountry(slug: string): Promise<Country | undefined> {
  const row = (await connect()).get<CountryRow>(
    `SELECT ${itemColumns}, code2, official, area, longitude, latitude, facts, borders, description, revision,
       edited_at AS editedAt, outline,
       (SELECT count(*) FROM cities WHERE country = code AND kind <> 'PPLX') AS cityCount
     FROM countries WHERE slug = ?`,
    slug,
  )
  if (!row) return undefined
  const { borders, ...country } = row
  const outline = row.outline === null ? null : (JSON.parse(row.outline) as Outline)
  return {
    ...country,
    facts: JSON.parse(row.facts) as Facts,
    outline: outline && {
      path: outline.path,
      width: outline.width,
      height: outline.height,
      kmPerUnit: outline.kmPerUnit,
    },
    neighbours: (await connect()).all<CountryName>(
      'SELECT code, slug, name FROM countries WHERE code IN (SELECT value FROM json_each(?)) ORDER BY key',
      borders,
    ),
  }
}

/** Where places lie on the drawing of a country's outline: undefined for those that are not on it. */
export async function placeOnOutline(slug: string, places: readonly LonLat[]): Promise<Array<Point | undefined>> {
  const row = (await connect()).get<{ outline: string | null }>('SELECT outline FROM countries WHERE slug = ?', slug)
  if (!row?.outline) return []
  const outline = JSON.parse(row.outline) as Outline
  return places.map((place) => toOutlinePoint(outline, place))
}

/** The world map: each country as one path. */
export async function readWorldMap(): Promise<Array<CountryName & { path: string }>> {
  return (await connect()).all(
    `SELECT code, slug, name, world_path AS path FROM countries WHERE world_path <> ''
     ORDER BY length(world_path) DESC, code`,
  )
}

/** A part of the world with its countries. */
export interface Region {
  name: string
  /** Below `/regions`. */
  path: string
  count: number
  /** Of the whole world they are left out. */
  countries: CountryItem[]
  /** Square kilometres. */
  area: number
  parts: Array<{ name: string; path: string; countries: number; area: number }>
  parent: { name: string; path: string } | null
}

/** Every path below `/regions`: `[]` for the world, `['europe']`, `['europe', 'western-europe']`. */
export async function listRegionPaths(): Promise<string[][]> {
  const rows = (await connect()).all<{ region: string; subregion: string }>(
    'SELECT DISTINCT region, subregion FROM countries ORDER BY region, subregion',
  )
  const paths = new Map<string, string[]>([['', []]])
  for (const { region, subregion } of rows) {
    paths.set(slugify(region), [slugify(region)])
    if (subregion !== region)
      paths.set(`${slugify(region)}/${slugify(subregion)}`, [slugify(region), slugify(subregion)])
  }
  return [...paths.values()]
}

/** The world, a region or a subregion. */
export async function readRegion(path: readonly string[]): Promise<Region | undefined> {
  const rows = (await connect()).all<CountryItem & { area: number | null }>(
    `SELECT ${itemColumns}, area FROM countries ORDER BY key`,
  )
  const [regionSlug, subregionSlug] = path
  const countries = rows.filter(
    ({ region, subregion }) =>
      (regionSlug === undefined || slugify(region) === regionSlug) &&
      (subregionSlug === undefined || (slugify(subregion) === subregionSlug && subregion !== region)),
  )
  const [first] = countries
  if (!first || path.length > 2) return undefined

  const parts = new Map<string, Region['parts'][number]>()
  if (path.length < 2)
    for (const { region, subregion, area } of countries) {
      const name = path.length === 0 ? region : subregion
      if (name === region && path.length === 1) continue
      const part = parts.get(name) ?? {
        name,
        path: ['/regions', ...path, slugify(name)].join('/'),
        countries: 0,
        area: 0,
      }
      part.countries++
      part.area += area ?? 0
      parts.set(name, part)
    }
  return {
    name: path.length === 0 ? 'The world' : path.length === 1 ? first.region : first.subregion,
    path: ['/regions', ...path].join('/'),
    count: countries.length,
    countries: path.length === 0 ? [] : countries.map(toItem),
    area: countries.reduce((sum, { area }) => sum + (area ?? 0), 0),
    parts: [...parts.values()].sort((a, b) => a.name.localeCompare(b.name, 'en')),
    parent:
      path.length === 0
        ? null
        : path.length === 1
          ? { name: 'The world', path: '/regions' }
          : { name: first.region, path: `/regions/${regionSlug}` },
  }
}

/** Texts that were edited last. */
export async function listRecentEdits(limit: number): Promise<Array<CountryName & { editedAt: string }>> {
  return (await connect()).all(
    `SELECT code, slug, name, edited_at AS editedAt FROM countries WHERE edited_at IS NOT NULL
     ORDER BY edited_at DESC LIMIT ?`,
    limit,
  )
}

/**
 * Replaces a country's text, if it still is the one that the editor began with.
 *
 * @returns The new revision; undefined when somebody else was faster, or there is no such country.
 */
export async function saveDescription(
  slug: string,
  description: string,
  revision: number,
): Promise<number | undefined> {
  const changed = (await connect()).run(
    'UPDATE countries SET description = ?, revision = revision + 1, edited_at = ? WHERE slug = ? AND revision = ?',
    description,
    new Date().toISOString(),
    slug,
    revision,
  )
  return changed === 1 ? revision + 1 : undefined
}

/** Countries whose name, or another name of theirs, contains all words of a folded query. */
export async function searchCountries(query: string, limit: number): Promise<CountryItem[]> {
  return (await connect())
    .all<CountryItem & { key: string }>(`SELECT ${itemColumns}, key FROM countries ORDER BY key`)
    .filter(({ key }) => query.split(' ').every((word) => ` ${key}`.includes(` ${word}`)))
    .slice(0, limit)
    .map(toItem)
}
