import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import Database from 'libsql'
import type { Country } from 'world-countries'
import { posts } from '../content/posts.server.ts'
import type { Dataset } from './dataset.server.ts'
import { simplify, toArea, toOutline, toPathData, toRings } from './outline.ts'
import { createWorldProjection } from './projection.ts'
import { fold, slugify, toList } from './text.ts'

/** Stored as SQLite's `user_version`: a database of another version is not read. */
export const schemaVersion = 1

/** The world map's width in units. */
const worldWidth = 1000

const schema = `
  CREATE TABLE countries (
    code TEXT PRIMARY KEY,
    code2 TEXT NOT NULL UNIQUE,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    official TEXT NOT NULL,
    key TEXT NOT NULL,
    region TEXT NOT NULL,
    subregion TEXT NOT NULL,
    capital TEXT NOT NULL,
    area REAL,
    longitude REAL NOT NULL,
    latitude REAL NOT NULL,
    facts TEXT NOT NULL,
    borders TEXT NOT NULL,
    description TEXT NOT NULL,
    revision INTEGER NOT NULL DEFAULT 1,
    edited_at TEXT,
    outline TEXT,
    world_path TEXT NOT NULL
  ) STRICT;
  CREATE TABLE cities (
    id INTEGER PRIMARY KEY,
    country TEXT NOT NULL REFERENCES countries (code),
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    population INTEGER NOT NULL,
    longitude REAL NOT NULL,
    latitude REAL NOT NULL
  ) STRICT;
  CREATE VIRTUAL TABLE city_names USING fts5 (key, content='', columnsize=0, detail=none);
  CREATE TABLE posts (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    summary TEXT NOT NULL,
    content TEXT NOT NULL,
    published TEXT NOT NULL
  ) STRICT;
`

// After the rows: an index that is built at once costs a fraction of one that grows.
const indexes = `
  CREATE UNIQUE INDEX cities_by_slug ON cities (country, slug);
  CREATE INDEX cities_by_population ON cities (population DESC);
  CREATE INDEX cities_by_country ON cities (country, population DESC);
  CREATE INDEX cities_by_latitude ON cities (latitude);
`

/**
 * Makes the database file unless it exists. It appears whole or not at all: it is written under another name and then
 * linked to its own, which fails when another process was faster. Renaming would not do, as it could take the file away
 * below a process that has already opened it. It pauses often, so that whoever shares the thread is answered meanwhile.
 */
export async function seed(file: string, dataset: Dataset): Promise<void> {
  const folder = dirname(file)
  mkdirSync(folder, { recursive: true })
  sweep(folder, `${basename(file)}.seed-`)
  const temporary = join(folder, `${basename(file)}.seed-${process.pid}-${randomBytes(4).toString('hex')}`)
  try {
    await write(temporary, dataset)
    publish(temporary, file)
  } finally {
    rmSync(temporary, { force: true })
  }
}

function publish(temporary: string, file: string): void {
  const handle = openSync(temporary, 'r+')
  fsyncSync(handle)
  closeSync(handle)
  try {
    linkSync(temporary, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return
    // A file system without hard links: two processes that get here in the same moment are one too many.
    if (!existsSync(file)) renameSync(temporary, file)
  }
}

/** Deletes what a killed seed left behind: nobody seeds for ten minutes. */
function sweep(folder: string, prefix: string): void {
  for (const name of readdirSync(folder).filter((name) => name.startsWith(prefix))) {
    const path = join(folder, name)
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
    if (age > 600_000) rmSync(path, { force: true })
  }
}

async function write(file: string, dataset: Dataset): Promise<void> {
  const database = new Database(file)
  try {
    // No journal: a file that is not complete is thrown away.
    database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF')
    database.exec('BEGIN')
    database.exec(schema)
    const codes = await writeCountries(database, dataset)
    await writeCities(database, dataset, codes)
    const insert = database.prepare('INSERT INTO posts VALUES (?, ?, ?, ?, ?)')
    for (const post of posts) insert.run(post.id, post.title, post.summary, post.content, post.published)
    database.exec(indexes)
    database.exec(`PRAGMA user_version = ${schemaVersion}`)
    database.exec('COMMIT')
    database.exec('ANALYZE')
  } finally {
    database.close()
  }
}

/** @returns Our country code by ISO 3166-1 alpha-2, which the cities name their countries with. */
async function writeCountries(database: Database.Database, dataset: Dataset): Promise<Map<string, string>> {
  const insert = database.prepare(`
    INSERT INTO countries (code, code2, slug, name, official, key, region, subregion, capital, area, longitude, latitude,
      facts, borders, description, outline, world_path)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const project = createWorldProjection(worldWidth)
  const codes = new Map<string, string>()
  for (const [index, country] of dataset.countries.entries()) {
    if (index % 20 === 0) await setImmediate()
    const code = country.cca3.toLowerCase()
    codes.set(country.cca2, code)
    const geometry = dataset.geometry(country.cca3)
    const [latitude, longitude] = country.latlng
    const rings = geometry && code !== 'ata' ? toRings(geometry).map((ring) => ring.map(project)) : []
    const drawn = toPathData(rings.filter((ring) => toArea(ring) >= 2).map((ring) => simplify(ring, 0.6)))
    // What is too small to be drawn becomes a dot: a line without length, and with round ends.
    const [x, y] = project([longitude, latitude])
    insert.run(
      code,
      country.cca2.toLowerCase(),
      slugify(country.name.common),
      country.name.common,
      country.name.official,
      fold([country.name.common, country.name.official, ...country.altSpellings].join(' ')),
      country.region,
      country.subregion || country.region,
      toList(country.capital.filter(Boolean)),
      country.area > 0 ? country.area : null,
      longitude,
      latitude,
      JSON.stringify(toFacts(country)),
      JSON.stringify(country.borders.map((border) => border.toLowerCase())),
      describe(country),
      geometry ? JSON.stringify(toOutline(geometry)) : null,
      drawn || (code === 'ata' ? '' : `M${Math.round(x)} ${Math.round(y)}h0`),
    )
  }
  return codes
}

async function writeCities(
  database: Database.Database,
  dataset: Dataset,
  codes: ReadonlyMap<string, string>,
): Promise<void> {
  const insert = database.prepare('INSERT INTO cities VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const insertName = database.prepare('INSERT INTO city_names (rowid, key) VALUES (?, ?)')
  const taken = new Set<string>()
  // The largest city of a name gets the plain slug, the others have their number appended.
  const sorted = dataset.cities.toSorted((a, b) => b.population - a.population || a.cityId - b.cityId)
  for (const [index, city] of sorted.entries()) {
    if (index % 2000 === 0) await setImmediate()
    const country = codes.get(city.country)
    if (!country) continue
    const base = slugify(city.name)
    const slug = base && !taken.has(`${country}/${base}`) ? base : `${base || 'city'}-${city.cityId}`
    taken.add(`${country}/${slug}`)
    const key = fold(city.name)
    const [longitude, latitude] = city.loc.coordinates
    insert.run(city.cityId, country, slug, city.name, key, city.featureCode, city.population, longitude, latitude)
    insertName.run(city.cityId, key)
  }
}

/** What a country's page lists. */
export interface Facts {
  nativeNames: string[]
  languages: string[]
  currencies: string[]
  callingCodes: string[]
  domains: string[]
  demonym: string
  independent: boolean
  unMember: boolean
  landlocked: boolean
  flag: string
}

function toFacts(country: Country): Facts {
  const { root, suffixes } = country.idd
  return {
    nativeNames: [...new Set(Object.values(country.name.native).map((name) => name.common))].filter(
      (name) => name !== country.name.common,
    ),
    languages: Object.values(country.languages),
    currencies: Object.entries(country.currencies).map(([code, { name }]) => `${name} (${code})`),
    // More suffixes than a few are area codes within one country.
    callingCodes: suffixes.length > 3 ? [root] : suffixes.map((suffix) => root + suffix),
    domains: country.tld,
    demonym: country.demonyms.eng?.m ?? '',
    independent: country.independent,
    unMember: country.unMember,
    landlocked: country.landlocked,
    flag: country.flag,
  }
}

/** The text that a country starts with; visitors of the editor replace it. */
function describe(country: Country): string {
  const { name, independent, landlocked, region, subregion, borders, area } = country
  const capital = toList(country.capital.filter(Boolean))
  const languages = Object.values(country.languages)
  const currencies = Object.values(country.currencies).map((currency) => currency.name)
  const where = subregion && subregion !== region ? subregion : region === 'Antarctic' ? 'the far south' : region
  const kind = `${landlocked ? 'landlocked ' : ''}${independent ? 'country' : 'territory'}`
  const capitals = country.capital.length > 1 ? 'Its capitals are' : 'Its capital is'
  const sentences = [
    `${name.common} is a ${kind} in ${where}${name.official === name.common ? '' : `, officially called ${name.official}`}.`,
    capital && `${capitals} ${capital.replace(/\.$/, '')}.`,
    area > 0 &&
      `It covers ${area.toLocaleString('en-US')} square kilometres${
        borders.length === 0
          ? ' and has no land borders.'
          : ` and borders ${borders.length === 1 ? 'one neighbour' : `${borders.length} neighbours`} by land.`
      }`,
  ]
  const people = [
    languages.length > 0 &&
      (languages.length === 1
        ? `The official language is ${languages[0]}.`
        : `The official languages are ${toList(languages)}.`),
    currencies.length > 0 && `People pay with the ${toList(currencies)}.`,
  ]
  return [sentences, people]
    .map((group) => group.filter(Boolean).join(' '))
    .filter(Boolean)
    .join('\n\n')
}
