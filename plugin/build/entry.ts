import type { Entry, Generated, Settings } from '../../runtime/types.ts'

/** Gives what was generated its key, its times and the lifetimes that the page left to the app. */
export function toEntry(
  key: string,
  generated: Generated,
  times: { readonly startedAt: number; readonly generatedAt: number },
  settings: Pick<Settings, 'expire' | 'notFoundRevalidate'>,
): Entry {
  const expire = generated.expire ?? settings.expire
  if (generated.kind === 'page') {
    const { revalidate, html, data } = generated
    return { key, ...times, kind: 'page', status: 200, revalidate, expire, html, data }
  }
  if (generated.kind === 'notFound') {
    return {
      key,
      ...times,
      kind: 'notFound',
      status: 404,
      revalidate: generated.revalidate ?? settings.notFoundRevalidate,
      expire,
    }
  }
  const { status, revalidate, destination, basePath } = generated
  return { key, ...times, kind: 'redirect', status, revalidate, expire, destination, basePath }
}
