export { createApp, type AppOptions } from './app.ts'
export type { DocumentInput, PageAssets, WriteDocument } from './document.ts'
