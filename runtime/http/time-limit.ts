import { IsrError } from '../errors.ts'

/**
 * Waits for user code, but not for ever. The code itself cannot be stopped; its late result is nobody's.
 *
 * @throws `IsrError` `ISR_TIMEOUT` after `seconds`; otherwise as the work
 */
export async function withTimeLimit<T>(
  work: Promise<T>,
  seconds: number,
  place: { readonly what: string; readonly page: string; readonly path: string },
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new IsrError(
            'ISR_TIMEOUT',
            `${place.page}: ${place.what} for ${place.path} was not ready within ${seconds} s (option generateTimeout). ` +
              'Does a data call wait for an answer that never comes? Give it a time limit of its own.',
            { page: place.page, path: place.path },
          ),
        ),
      seconds * 1000,
    )
  })
  try {
    return await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}
