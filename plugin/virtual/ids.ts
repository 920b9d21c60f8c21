/** The modules that this plugin generates. */
export const VIRTUAL = {
  /** The browser's route table: one lazy import for each page. */
  routesClient: 'virtual:isr/routes-client',
  /** The browser's entry. */
  client: 'virtual:isr/client',
  /** The app as the server sees it. */
  app: 'virtual:isr/app',
  /** The body of a render worker. */
  worker: 'virtual:isr/worker',
  /** The standalone server. */
  start: 'virtual:isr/start',
  /** Sets up the process of the standalone server; must be imported first. */
  environment: 'virtual:isr/environment',
  /** The user's own cache store. */
  store: 'virtual:isr/store',
} as const

export type VirtualId = (typeof VIRTUAL)[keyof typeof VIRTUAL]

/** The `\0` keeps other plugins from taking the id for a file. */
export function toResolvedId(id: VirtualId): string {
  return `\0${id}`
}

/** The address of a generated module in development, without base: Vite can't put a NUL into a URL. */
export function toDevUrl(id: VirtualId): string {
  return `@id/__x00__${id}`
}
