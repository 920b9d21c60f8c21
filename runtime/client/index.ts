/**
 * What pages import as `vite-plugin-isr/client`. It is imported on the server too, so nothing here touches the browser
 * before it is called.
 */
export { useRouter } from './context.ts'
export type { RouterEventMap, RouterEvents } from './events.ts'
export { Link, type LinkProps } from './link.tsx'
export { refreshData, startClient, type ClientOptions } from './start.tsx'
export type {
  AppProps,
  ClientRoute,
  DocumentProps,
  Href,
  PopState,
  QueryValue,
  Router,
  TransitionOptions,
  Url,
  UrlObject,
} from './types.ts'
