import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  countPlaces,
  listCityDots,
  listCountryCities,
  listLargestCities,
  readCity,
  searchCities,
  toSearchQuery,
} from './cities.server.ts'
import {
  findCountrySlug,
  listCountries,
  listRecentEdits,
  listRegionPaths,
  readCountry,
  readRegion,
  readWorldMap,
  saveDescription,
  searchCountries,
} from './countries.server.ts'
import { connect, openDatabase } from './database.server.ts'
import { readDataset, type Dataset } from './dataset.server.ts'
import { listPosts, readPost, savePost } from './posts.server.ts'
import { seed } from './seed.server.ts'

const folder = mkdtempSync(join(tmpdir(), 'atlas-'))

beforeAll(async () => {
  process.env['ATLAS_DB'] = join(folder, 'atlas.db')
  await connect()
}, 60_000)

afterAll(async () => {
  ;(await connect()).close()
  rmSync(folder, { recursive: true, force: true })
})

const dataset = readDataset()

/** The real countries of a few codes, with their cities. */
function pick(...codes: string[]): Dataset {
  return {
    ...dataset,
    countries: dataset.countries.filter(({ cca2 }) => codes.includes(cca2)),
    cities: dataset.cities.filter(({ country }) => codes.includes(country)).slice(0, 50),
  }
}

describe('seed', () => {
  it('holds the whole dataset', async () => {
    expect(await countPlaces()).toEqual({ countries: 250, cities: 135_233 })
    expect((await listPosts()).length).toBeGreaterThan(3)
  })

  it('leaves a database alone that another process made and opened in the meantime', async () => {
    const file = join(folder, 'raced.db')
    await seed(file, pick('AD', 'LI'))
    const other = await openDatabase(file)
    other.run("UPDATE countries SET description = 'edited' WHERE code = 'lie'")

    await seed(file, pick('AD'))
    const reader = await openDatabase(file)
    expect(reader.all('SELECT code FROM countries ORDER BY code')).toEqual([{ code: 'and' }, { code: 'lie' }])
    expect(reader.get("SELECT description FROM countries WHERE code = 'lie'")).toEqual({ description: 'edited' })
    reader.close()
    other.close()
    expect(readdirSync(folder).filter((name) => name.includes('.seed-'))).toEqual([])
  })

  it('is whole when several seed at once', async () => {
    const file = join(folder, 'together.db')
    await Promise.all(['AD', 'LI', 'SM', 'MC'].map((code) => seed(file, pick(code))))
    const database = await openDatabase(file)
    expect(database.all('SELECT code FROM countries')).toHaveLength(1)
    expect(database.all('SELECT DISTINCT country FROM cities')).toEqual(
      database.all('SELECT code AS country FROM countries'),
    )
    database.close()
  })

  it('leaves nothing behind when it fails, and sweeps what a killed one left', async () => {
    const file = join(folder, 'failed.db')
    const stray = join(folder, 'failed.db.seed-1-0000')
    const running = join(folder, 'failed.db.seed-2-0000')
    for (const path of [stray, running]) writeFileSync(path, 'half')
    utimesSync(stray, 0, 0)
    const broken = pick('AD')
    await expect(
      seed(file, {
        ...broken,
        geometry() {
          throw new Error('no outline')
        },
      }),
    ).rejects.toThrow('no outline')
    expect(existsSync(file)).toBe(false)
    expect(readdirSync(folder).filter((name) => name.includes('failed.db'))).toEqual(['failed.db.seed-2-0000'])
  })

  it('refuses a database of another version', async () => {
    const file = join(folder, 'old.db')
    await seed(file, pick('AD'))
    const database = await openDatabase(file)
    database.run('PRAGMA user_version = 99')
    database.close()
    await expect(openDatabase(file)).rejects.toThrow('delete it to have it made anew')
  })

  it('gives rows that are JSON as they are', async () => {
    const row = (await connect()).get('SELECT code FROM countries')
    expect(Object.keys(row!)).toEqual(['code'])
    for (const item of (await connect()).all<object>('SELECT code FROM countries LIMIT 2'))
      expect(Object.keys(item)).toEqual(['code'])
  })
})

describe('countries', () => {
  it('have unique slugs and each a page that survives JSON unchanged', async () => {
    const countries = await listCountries()
    expect(new Set(countries.map(({ slug }) => slug)).size).toBe(250)
    for (const { slug } of countries) {
      expect(slug).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
      const country = await readCountry(slug)
      expect(country).toBeDefined()
      expect(JSON.parse(JSON.stringify(country))).toEqual(country)
      expect(country!.description.length).toBeGreaterThan(20)
      expect(JSON.stringify(country).length).toBeLessThan(30_000)
    }
  })

  it('are found by slug and by code', async () => {
    for (const text of ['austria', 'AUT', 'at']) expect(await findCountrySlug(text)).toBe('austria')
    expect(await findCountrySlug('atlantis')).toBeUndefined()
    expect(await findCountrySlug("' OR 1 --")).toBeUndefined()
  })

  it('name their neighbours', async () => {
    expect((await readCountry('austria'))?.neighbours.map(({ name }) => name)).toContain('Slovenia')
    expect((await readCountry('iceland'))?.neighbours).toEqual([])
    expect(await readCountry('nowhere')).toBeUndefined()
  })

  it('are on the world map, apart from Antarctica', async () => {
    const map = await readWorldMap()
    expect(map).toHaveLength(249)
    expect(map.map(({ path }) => path).join('').length).toBeLessThan(45_000)
  })

  it('fall into regions, every one of them readable', async () => {
    const paths = await listRegionPaths()
    expect(paths).toContainEqual(['europe', 'western-europe'])
    for (const path of paths) {
      const region = (await readRegion(path))!
      expect(region.count).toBeGreaterThan(0)
      expect(region.path).toBe(['/regions', ...path].join('/'))
    }
    expect(await readRegion([])).toMatchObject({ count: 250, countries: [] })
    expect(await readRegion(['europe', 'nowhere'])).toBeUndefined()
    expect(await readRegion(['antarctic', 'antarctic'])).toBeUndefined()
    expect(await readRegion(['europe', 'western-europe', 'more'])).toBeUndefined()
  })

  it('take an edit once for each revision', async () => {
    const before = (await readCountry('bhutan'))!
    expect(await saveDescription('bhutan', 'First.', before.revision)).toBe(before.revision + 1)
    expect(await saveDescription('bhutan', 'Second.', before.revision)).toBeUndefined()
    expect(await saveDescription('atlantis', 'Sunk.', 1)).toBeUndefined()
    expect(await readCountry('bhutan')).toMatchObject({ description: 'First.', revision: before.revision + 1 })
    expect((await listRecentEdits(3)).map(({ slug }) => slug)).toEqual(['bhutan'])
  })
})

describe('cities', () => {
  it('are listed by population', async () => {
    expect(await listLargestCities(3)).toHaveLength(3)
    expect((await listCountryCities('austria', 2)).map(({ name }) => name)).toEqual(['Vienna', 'Graz'])
    expect(await listCountryCities('atlantis', 2)).toEqual([])
  })

  it('have a page with rank and neighbourhood', async () => {
    const vienna = (await readCity('austria', 'vienna'))!
    expect(vienna).toMatchObject({ name: 'Vienna', rank: 1, kind: 'PPLC', country: { slug: 'austria', code: 'aut' } })
    expect(vienna.nearby).toHaveLength(8)
    expect(vienna.nearby[0]!.distance).toBeLessThan(30)
    expect(JSON.parse(JSON.stringify(vienna))).toEqual(vienna)
    expect(await readCity('austria', 'springfield')).toBeUndefined()
    expect(await readCity('germany', 'vienna')).toBeUndefined()
  })

  it('find neighbours across the date line and on remote islands', async () => {
    expect((await readCity('fiji', 'suva'))?.nearby.length).toBeGreaterThan(0)
    const [remote] = await listCountryCities('pitcairn-islands', 1)
    expect(await readCity('pitcairn-islands', remote!.slug)).toBeDefined()
  })

  it('lie on the drawing of their country, the capital first', async () => {
    const { width, height } = (await readCountry('austria'))!.outline!
    const dots = await listCityDots('austria', 5)
    expect(dots[0]).toMatchObject({ name: 'Vienna', capital: true })
    for (const { x, y } of dots) {
      expect(x).toBeGreaterThan(0)
      expect(x).toBeLessThan(width)
      expect(y).toBeGreaterThan(0)
      expect(y).toBeLessThan(height)
    }
    expect(await listCityDots('kosovo', 5)).toEqual([])
  })
})

describe('search', () => {
  it('finds by the beginnings of words, without accents', async () => {
    expect((await searchCities(toSearchQuery('sao pau'), 5)).cities[0]?.name).toBe('São Paulo')
    expect((await searchCities(toSearchQuery('york new'), 5)).cities[0]?.name).toBe('New York City')
    expect((await searchCountries(toSearchQuery('Côte'), 5)).map(({ slug }) => slug)).toContain('ivory-coast')
  })

  it('puts the exact name first', async () => {
    expect((await searchCities('bath', 3)).cities[0]?.name).toBe('Bath')
  })

  it('takes any text', async () => {
    for (const text of ['"', "'; DROP TABLE cities --", '*', 'NEAR(a b)', 'a"*', '\0', '%', '東京', 'x'.repeat(5000)]) {
      const query = toSearchQuery(text)
      if (query) expect((await searchCities(query, 5)).total).toBeGreaterThanOrEqual(0)
    }
    expect(toSearchQuery(' *"% ')).toBe('')
  })
})

describe('posts', () => {
  it('are listed newest first, read by id and changed', async () => {
    expect((await listPosts())[0]).not.toHaveProperty('content')
    expect(await readPost('nope')).toBeUndefined()
    expect(await savePost('1', { title: 'Changed', content: 'Text.' })).toBe(true)
    expect(await savePost('nope', { title: 'Changed', content: 'Text.' })).toBe(false)
    expect(await readPost('1')).toMatchObject({ title: 'Changed', content: 'Text.' })
  })
})
