import { VIRTUAL } from './ids.ts'

/**
 * The body of a render worker. The app is imported at the first job, when the process is set up: in a server of the user's
 * own nobody else has done so.
 */
export function toWorkerModule(): string {
  return [
    `import ${JSON.stringify(VIRTUAL.environment)}`,
    `import { serveJobs } from 'vite-plugin-isr/runtime'`,
    `serveJobs(async () => (await import(${JSON.stringify(VIRTUAL.app)})).app)`,
    '',
  ].join('\n')
}

/**
 * The standalone server. Imports run before statements, so what sets up the process is a module of its own and comes first.
 */
export function toStartModule(): string {
  return [
    `import ${JSON.stringify(VIRTUAL.environment)}`,
    `import { startServer } from 'vite-plugin-isr/runtime'`,
    `import { dirname } from 'node:path'`,
    `import { fileURLToPath } from 'node:url'`,
    `await startServer({ dist: dirname(dirname(fileURLToPath(import.meta.url))) })`,
    '',
  ].join('\n')
}

/**
 * React decides by NODE_ENV, when it is first imported, whether it is the slow development form. It must be the form that
 * the pages were compiled for, so the value of the build wins over that of the shell.
 */
export function toEnvironmentModule(nodeEnv: string): string {
  // Not `process.env.NODE_ENV =`: the build replaces that text by its value.
  return `process.env['NODE_' + 'ENV'] = ${JSON.stringify(nodeEnv)}\nprocess.setSourceMapsEnabled(true)\n`
}

/** The user's own cache store, under a name of ours. */
export function toStoreModule(file: string): string {
  return `export { default } from ${JSON.stringify(file)}\n`
}
