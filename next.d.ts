/**
 * The types of Next.js's modules, for pages that were written for it: `isr({ next: true })` has their imports lead to this
 * package, and this file has TypeScript follow. Next itself need not be installed.
 *
 * @example
 * // next-env.d.ts
 * /// <reference types="vite/client" />
 * /// <reference types="vite-plugin-isr/next" />
 */

declare module 'next' {
  export * from 'vite-plugin-isr/next/types'
}
declare module 'next/types' {
  export * from 'vite-plugin-isr/next/types'
}
declare module 'next/app' {
  export * from 'vite-plugin-isr/next/app'
  export { default } from 'vite-plugin-isr/next/app'
}
declare module 'next/compat/router' {
  export * from 'vite-plugin-isr/next/compat-router'
}
declare module 'next/document' {
  export * from 'vite-plugin-isr/next/document'
  export { default } from 'vite-plugin-isr/next/document'
}
declare module 'next/dynamic' {
  export * from 'vite-plugin-isr/next/dynamic'
  export { default } from 'vite-plugin-isr/next/dynamic'
}
declare module 'next/error' {
  export * from 'vite-plugin-isr/next/error'
  export { default } from 'vite-plugin-isr/next/error'
}
declare module 'next/head' {
  export * from 'vite-plugin-isr/next/head'
  export { default } from 'vite-plugin-isr/next/head'
}
declare module 'next/image' {
  export * from 'vite-plugin-isr/next/image'
  export { default } from 'vite-plugin-isr/next/image'
}
declare module 'next/link' {
  export * from 'vite-plugin-isr/next/link'
  export { default } from 'vite-plugin-isr/next/link'
}
declare module 'next/router' {
  export * from 'vite-plugin-isr/next/router'
  export { default } from 'vite-plugin-isr/next/router'
}
declare module 'next/script' {
  export * from 'vite-plugin-isr/next/script'
  export { default } from 'vite-plugin-isr/next/script'
}
