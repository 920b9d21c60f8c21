/**
 * What servers import as `vite-plugin-isr/runtime`.
 */
export { IsrError, isIsrError, type IsrErrorCode } from './errors.ts'
export type { IsrHandler, Next } from './http/handler.ts'
export { createIsrHandler, type IsrHandlerOptions } from './http/isr-handler.ts'
export { isSameSecret } from './http/secret.ts'
export { startServer, type Started, type StartOptions } from './node/start.ts'
export { serveJobs } from './renderer/serve-jobs.ts'
export type { CacheStore, CreateStore, EntryMeta, IsrEvent, StoreContext } from './types.ts'
