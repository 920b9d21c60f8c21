/** The request headers that tell where a request comes from. */
export interface OriginHeaders {
  host?: string | undefined
  origin?: string | undefined
  'sec-fetch-site'?: string | string[] | undefined
}

/**
 * Why a write is refused; undefined when it may go on.
 *
 * The editor has no login, so it trusts the machine it runs on: only hosts named in `allowedHosts` may write (which also
 * stops names that an attacker points at this machine), and never a page of another site. A program such as curl sends
 * neither `Origin` nor `Sec-Fetch-Site` and is let through.
 */
export function refuseWrite(headers: OriginHeaders, allowedHosts: readonly string[]): string | undefined {
  const host = headers.host?.toLowerCase() ?? ''
  const name = host.replace(/:\d+$/, '')
  if (!['localhost', '127.0.0.1', '[::1]', ...allowedHosts].includes(name))
    return `Editing is off on ${name || 'this host'}.`
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin') return 'Another site may not edit this one.'
  if (headers.origin !== undefined && !isOriginOf(headers.origin, host)) return 'Another site may not edit this one.'
  return undefined
}

function isOriginOf(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host
}

/** The hosts of `ATLAS_HOSTS`, separated by commas, that may write beside the local ones. */
export function parseHosts(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter(Boolean)
}
