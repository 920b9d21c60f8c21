import { IsrError } from '../errors.ts'
import type { IsrApp } from '../types.ts'

/**
 * Code is imported when it is first needed, and by then another build may lie in its folder: what that renders names scripts
 * that this server does not have, and must not get into its cache.
 *
 * @param buildId undefined where any build will do
 * @throws `IsrError` `ISR_NO_BUILD` when the app is not of this build
 */
export function checkBuild(app: IsrApp, buildId: string | undefined): IsrApp {
  if (buildId === undefined || app.buildId === buildId) return app
  throw new IsrError(
    'ISR_NO_BUILD',
    'Another build was put in the place of the one that this server runs. Pages that it has are served as they are; ' +
      'restart it to serve the new ones.',
  )
}
