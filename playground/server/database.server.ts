import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import Database from 'libsql'
import { readDataset } from './dataset.server.ts'
import { schemaVersion, seed } from './seed.server.ts'

/** A value that SQLite stores. */
type Value = string | number | null

/** The questions that the atlas asks its database. */
export interface AtlasDatabase {
  /** All rows, as plain objects that can go into props. */
  all<Row extends object>(sql: string, ...values: Value[]): Row[]
  get<Row extends object>(sql: string, ...values: Value[]): Row | undefined
  /** @returns How many rows were changed. */
  run(sql: string, ...values: Value[]): number
  close(): void
}

/** Opens the database, and seeds it first when there is none yet: that takes a few seconds, once. */
export async function openDatabase(file: string): Promise<AtlasDatabase> {
  if (!existsSync(file)) await seed(file, readDataset())
  const database = new Database(file)
  // Readers and the writer don't wait for each other; two writers do.
  database.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number }
  if (version !== schemaVersion) {
    database.close()
    throw new Error(
      `${file} has version ${version}, this atlas needs ${schemaVersion}: delete it to have it made anew.`,
    )
  }

  const statements = new Map<string, Database.Statement<Value[]>>()
  const prepare = (sql: string) => {
    const statement = statements.get(sql) ?? database.prepare<Value[]>(sql)
    statements.set(sql, statement)
    return statement
  }
  return {
    all: <Row extends object>(sql: string, ...values: Value[]) =>
      prepare(sql)
        .all(...values)
        .map(toPlain<Row>),
    get<Row extends object>(sql: string, ...values: Value[]) {
      const row = prepare(sql).get(...values)
      return row === undefined ? undefined : toPlain<Row>(row)
    },
    run: (sql, ...values) => prepare(sql).run(...values).changes,
    close: () => void database.close(),
  }
}

/** libsql adds a `_metadata` of its own to some rows. */
function toPlain<Row extends object>(row: unknown): Row {
  const { _metadata, ...columns } = row as Row & { _metadata?: unknown }
  return columns as unknown as Row
}

let opened: Promise<AtlasDatabase> | undefined

/** This thread's connection to the atlas: `data/atlas.db`, or the file that `ATLAS_DB` names. */
export function connect(): Promise<AtlasDatabase> {
  opened ??= openDatabase(resolve(process.env['ATLAS_DB'] || 'data/atlas.db')).catch((error: unknown) => {
    opened = undefined
    throw error
  })
  return opened
}
