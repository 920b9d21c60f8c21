/** Steers the probe pages of fixtures/probe. */
import { randomUUID } from 'node:crypto'
import type { Site } from './site.ts'

/** A value or path segment that no other test uses: tests of one worker share a site. */
export function unique(name: string): string {
  return `${name}-${randomUUID().slice(0, 8)}`
}

/** Sets what the probe pages read. */
export async function setProbe(site: Site, state: { value?: string; failing?: boolean }): Promise<void> {
  await site.write('probe.json', JSON.stringify(state))
}

/** Asks the site's API route to revalidate a path. */
export async function revalidate(site: Site, path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${site.url}/api/probe?path=${encodeURIComponent(path)}`)
  return { status: response.status, body: await response.json() }
}
