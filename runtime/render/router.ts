import { createEvents } from '../client/events.ts'
import type { RouterMethods } from '../client/view.ts'
import { IsrError } from '../errors.ts'

/** What the router of components can do on the server: nothing but say so. */
export function createServerMethods(base: string): RouterMethods {
  return {
    basePath: base.slice(0, -1),
    events: createEvents(),
    push: () => refuse('push'),
    replace: () => refuse('replace'),
    reload: () => refuse('reload'),
    back: () => refuse('back'),
    forward: () => refuse('forward'),
    prefetch: () => refuse('prefetch'),
    beforePopState: () => refuse('beforePopState'),
  }
}

function refuse(name: string): never {
  throw new IsrError(
    'ISR_CLIENT',
    `router.${name} was called while the page was rendered on the server. Call it in an effect or an event handler; to redirect, return \`redirect\` from getStaticProps or getServerSideProps.`,
  )
}
