import { IsrError } from '../errors.ts'

const DEFAULT_PORT = 3000

/** Reads a port as people write it. @throws `IsrError` `ISR_PORT` */
export function parsePort(text: string | undefined): number {
  if (text === undefined || text === '') return DEFAULT_PORT
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port >= 0 && port <= 65_535) return port
  throw new IsrError('ISR_PORT', `The port is ${JSON.stringify(text)}; it must be a whole number from 0 to 65535.`)
}
