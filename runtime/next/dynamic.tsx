import {
  createContext,
  use,
  useContext,
  useEffect,
  useReducer,
  useSyncExternalStore,
  type ComponentType,
  type ReactNode,
} from 'react'

/** What is shown in place of a component that is not there yet. */
export interface DynamicOptionsLoadingProps {
  error?: Error | null
  isLoading?: boolean
  /** Always true: `loading` is shown at once. */
  pastDelay?: boolean
  /** Loads again after a failure. */
  retry?: () => void
  timedOut?: boolean
}

type LoadedComponent<P> = ComponentType<P> | { default: ComponentType<P> }
export type LoaderComponent<P = object> = Promise<LoadedComponent<P>>
export type Loader<P = object> = (() => LoaderComponent<P>) | LoaderComponent<P>

/** How a component is loaded. */
export interface DynamicOptions<P = object> {
  loader?: Loader<P>
  loading?: (props: DynamicOptionsLoadingProps) => ReactNode
  /** False: only in browsers, `loading` stands in the HTML. Default true. */
  ssr?: boolean
}

/** Hears on the server which modules a page shows, so that its HTML can name their files. */
export const DynamicContext = createContext<((modules: readonly string[]) => void) | undefined>(undefined)

const isServer = typeof window === 'undefined'

// What the modules of the server have asked for and nobody has loaded yet. A render that found it missing would begin anew.
const unloaded = new Set<() => Promise<unknown>>()

/** Loads on the server what pages may show. What fails is tried again, and reported, by the page that shows it. */
export async function loadDynamics(): Promise<void> {
  // What is loaded may ask for more.
  while (unloaded.size > 0) {
    // Noted until they are there: whoever renders meanwhile waits for the same ones.
    const loads = [...unloaded]
    await Promise.allSettled(loads.map((load) => load()))
    for (const load of loads) unloaded.delete(load)
  }
}

const neverChanges = () => () => undefined

/**
 * A component whose code is loaded when it is first shown. The server's HTML has it, unless `ssr` is false; the browser then
 * loads its code before it takes the page over, so that nothing on it flickers.
 *
 * @param modules Added by the build: the modules that are loaded
 * @example const Chart = dynamic(() => import('../components/chart'), { loading: () => <p>Loading…</p> })
 * @see https://nextjs.org/docs/pages/guides/lazy-loading
 */
export default function dynamic<P = object>(
  source: DynamicOptions<P> | Loader<P>,
  settings: DynamicOptions<P> = {},
  modules: readonly string[] = [],
): ComponentType<P> {
  const isLoader = typeof source === 'function' || source instanceof Promise
  const {
    loader,
    loading: Loading,
    ssr = true,
  } = isLoader ? { ...settings, loader: source } : { ...source, ...settings }
  const resource = createResource<P>(() => (typeof loader === 'function' ? loader() : loader!))
  if (isServer && ssr) unloaded.add(resource.load)

  function Dynamic(props: P): ReactNode {
    const note = useContext(DynamicContext)
    // What the server's HTML shows counts until it is taken over.
    const isFirst = useSyncExternalStore(
      neverChanges,
      () => false,
      () => true,
    )
    const [, renderAgain] = useReducer((count: number) => count + 1, 0)
    const isInHtml = isFirst && ssr
    const { component } = resource
    useEffect(() => {
      if (isInHtml || resource.component) return undefined
      return resource.follow(renderAgain)
    }, [isInHtml])

    if (ssr) note?.(modules)
    const Loaded = isInHtml ? use(resource.load()) : isFirst ? undefined : component
    // It is made once, by the module that is loaded.
    // oxlint-disable-next-line react/static-components
    if (Loaded) return <Loaded {...(props as P & object)} />
    const { error } = resource
    if (!Loading) return null
    return <Loading isLoading={!error} pastDelay error={error} timedOut={false} retry={resource.retry} />
  }
  return Object.assign(Dynamic, { preload: () => resource.load().then(() => undefined) })
}

/** Code on its way. */
interface Resource<P> {
  readonly component: ComponentType<P> | undefined
  readonly error: Error | null
  /** The same promise for everybody who waits. */
  load(): Promise<ComponentType<P>>
  retry(): void
  /** Loads, and calls back when there is something new. Returns how to stop. */
  follow(listener: () => void): () => void
}

function createResource<P>(load: () => LoaderComponent<P>): Resource<P> {
  const listeners = new Set<() => void>()
  let component: ComponentType<P> | undefined
  let error: Error | null = null
  let loading: Promise<ComponentType<P>> | undefined

  async function run(): Promise<ComponentType<P>> {
    try {
      const loaded = await load()
      component = ('default' in loaded && loaded.default ? loaded.default : loaded) as ComponentType<P>
      error = null
      return component
    } catch (cause) {
      error = cause instanceof Error ? cause : new Error(String(cause))
      // A server asks again with the next page: a failed import may be mended by then.
      if (isServer) loading = undefined
      throw cause
    } finally {
      for (const listener of listeners) listener()
    }
  }

  function start(): Promise<ComponentType<P>> {
    if (loading) return loading
    const started = run()
    loading = started
    // How React marks a promise whose value it may read at once. Else it would wait a moment for what is there.
    started.then(
      (value) => Object.assign(started, { status: 'fulfilled', value }),
      () => undefined,
    )
    return started
  }

  /** `loading` shows the failure; without one the console has it. */
  function startAlone(): void {
    start().catch((cause: unknown) => reportError(cause))
  }

  return {
    get component() {
      return component
    },
    get error() {
      return error
    },
    load: start,
    retry() {
      error = null
      loading = undefined
      startAlone()
      for (const listener of listeners) listener()
    },
    follow(listener) {
      listeners.add(listener)
      startAlone()
      return () => void listeners.delete(listener)
    },
  }
}
