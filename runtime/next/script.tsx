import { useEffect, useRef, type ReactNode, type ScriptHTMLAttributes } from 'react'
import { IsrError } from '../errors.ts'
import { setAttributes, setContent } from './attributes.ts'

/** What `Script` takes, besides all that a `<script>` takes. */
export interface ScriptProps extends ScriptHTMLAttributes<HTMLScriptElement> {
  /**
   * When it is loaded: in the HTML, once the page is interactive (the default), or when the browser has nothing else to do.
   * `worker` is not supported.
   */
  strategy?: 'beforeInteractive' | 'afterInteractive' | 'lazyOnload' | 'worker'
  id?: string
  onLoad?: ((event: unknown) => void) | undefined
  /** Called when it has loaded, and again each time a component with it is mounted. */
  onReady?: (() => void) | undefined
  onError?: ((event: unknown) => void) | undefined
}

export type Props = ScriptProps

// A script runs once in a document, however many components ask for it.
const running = new Map<string, Promise<void>>()

/**
 * A script from elsewhere, loaded once per document.
 *
 * @throws `IsrError` with code `ISR_CLIENT` for the strategy `worker`
 * @example <Script src="https://stats.example/script.js" strategy="lazyOnload" />
 * @see https://nextjs.org/docs/pages/api-reference/components/script
 */
export default function Script(props: ScriptProps): ReactNode {
  const { strategy = 'afterInteractive', onLoad, onReady, onError, ...attributes } = props
  if (strategy === 'worker') {
    throw new IsrError('ISR_CLIENT', 'next/script: the strategy "worker" is not supported. Use "lazyOnload".')
  }
  const latest = useRef({ onLoad, onReady, onError, attributes })
  useEffect(() => {
    latest.current = { onLoad, onReady, onError, attributes }
  })
  const { id, src } = attributes
  useEffect(() => {
    if (strategy === 'beforeInteractive') {
      latest.current.onReady?.()
      return undefined
    }
    let isMounted = true
    const stop = whenTimeFor(strategy, () => {
      const key = id ?? src
      const loading = (key === undefined ? undefined : running.get(key)) ?? insert(latest.current)
      if (key !== undefined) running.set(key, loading)
      loading.then(
        () => isMounted && latest.current.onReady?.(),
        // `onError` has heard of it, and the browser's console.
        () => key !== undefined && running.delete(key),
      )
    })
    return () => {
      isMounted = false
      stop()
    }
  }, [strategy, id, src])
  return strategy === 'beforeInteractive' ? <script {...attributes} /> : null
}

function insert({
  onLoad,
  onError,
  attributes,
}: Pick<ScriptProps, 'onLoad' | 'onError'> & { attributes: object }): Promise<void> {
  const element = document.createElement('script')
  setAttributes(element, attributes as Record<string, unknown>)
  setContent(element, attributes as Record<string, unknown>)
  return new Promise((resolve, reject) => {
    element.addEventListener('load', (event) => {
      onLoad?.(event)
      resolve()
    })
    element.addEventListener('error', (event) => {
      onError?.(event)
      reject(new Error(`The script ${element.src} did not load.`))
    })
    document.body.append(element)
    if (!element.src) resolve()
  })
}

function whenTimeFor(strategy: 'afterInteractive' | 'lazyOnload', run: () => void): () => void {
  if (strategy === 'afterInteractive') {
    run()
    return () => undefined
  }
  let isOff = false
  const later = () => {
    const start = () => !isOff && run()
    // Safari has no idle callbacks.
    if (typeof requestIdleCallback === 'function') requestIdleCallback(start)
    else setTimeout(start)
  }
  if (document.readyState === 'complete') later()
  else window.addEventListener('load', later, { once: true })
  return () => {
    isOff = true
    window.removeEventListener('load', later)
  }
}
