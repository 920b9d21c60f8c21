export { createApp, type AppOptions, type PageAssets } from './app.ts'
