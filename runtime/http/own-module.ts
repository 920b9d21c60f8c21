import { isIsrError, IsrError, toErrorMessage } from '../errors.ts'
import type { ApiModule, ManifestRoute, PageModule } from '../types.ts'
import type { HttpContext } from './context.ts'

/**
 * Imports a page with `getServerSideProps` or an API route into this thread.
 *
 * @throws `IsrError` `ISR_IMPORT`: Node remembers that a module failed, so that nothing but a restart helps
 */
export async function importModule(context: HttpContext, route: ManifestRoute): Promise<PageModule | ApiModule> {
  try {
    const app = await context.loadApp()
    return await app.load(route.pattern)
  } catch (error) {
    // In development the module is imported anew, and the error is shown as it is.
    if (context.development || isIsrError(error)) throw error
    const message =
      `${route.file}: importing it failed: ${toErrorMessage(error)}. Node imports no module a second time, so it fails until ` +
      'the server is restarted: what may fail belongs into a function, not at the top level of a module.'
    throw new IsrError('ISR_IMPORT', message, { page: route.file, cause: error })
  }
}
