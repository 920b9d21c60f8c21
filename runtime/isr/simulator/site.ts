import { toPageKey } from '../../routing/key.ts'
import type { Entry, Generated, PlainBody, Target } from '../../types.ts'
import type { PageSetup, Setup } from './schedule.ts'

/** What the data source says of a page. */
export interface PageData {
  readonly setup: PageSetup
  readonly target: Target
  /** Grows with each write. */
  version: number
  kind: Generated['kind']
  revalidate: number | false
  isLarge: boolean
  /** Whether asking for it fails. */
  isFailing: boolean
}

/** One render, from its start; all that was ever rendered can be told by its bytes. */
export interface Made {
  /** The order of starts. */
  readonly id: number
  /** The process that rendered it; -1 for the build. */
  readonly instance: number
  readonly path: string
  readonly reason: 'build' | 'stale' | 'on-demand'
  /** When it started, in terms of the clock's `elapsed`. */
  readonly startedAt: number
  /** `late`: after its time limit. Only `ok` may ever be served. */
  end: 'running' | 'ok' | 'failed' | 'late'
  endedAt: number
  /** What it read; 0 is what the build saw. */
  version: number
  kind: Generated['kind']
  revalidate: number | false
  /** Carries the id in its fraction: also entries without a body can be told. */
  readonly expire: number
  html: Uint8Array | undefined
  data: Uint8Array | undefined
}

/** The data source, and all that was made of it. */
export interface Site {
  readonly pages: readonly PageData[]
  find(path: string): PageData
  begin(made: Pick<Made, 'instance' | 'path' | 'reason' | 'startedAt'>): Made
  /** The render reads its data. */
  readData(made: Made): void
  /** The result of a render that has read its data. */
  toGenerated(made: Made): Generated
  /** The render that an entry says it is; undefined when there was none. */
  findMade(entry: Pick<Entry, 'expire'>): Made | undefined
  /** The render whose bytes these are. */
  findByBytes(bytes: Uint8Array): Made | undefined
}

/** A power of two, so that ids survive the addition exactly. */
const ID_UNIT = 8192

export function createSite(setup: Setup): Site {
  const all: Made[] = []
  const pages = setup.pages.map((page): PageData => ({
    setup: page,
    target: toTarget(page),
    version: 0,
    kind: 'page',
    revalidate: page.revalidate,
    isLarge: false,
    isFailing: false,
  }))
  const byPath = new Map(pages.map((page) => [page.setup.path, page]))

  function find(path: string): PageData {
    const page = byPath.get(path)
    if (!page) throw new Error(`There is no page ${path}`)
    return page
  }

  return {
    pages,
    find,
    begin(start) {
      const id = all.length + 1
      const made: Made = {
        ...start,
        id,
        end: 'running',
        endedAt: Infinity,
        version: -1,
        kind: 'page',
        revalidate: false,
        expire: find(start.path).setup.expire + id / ID_UNIT,
        html: undefined,
        data: undefined,
      }
      all.push(made)
      return made
    },
    readData(made) {
      const page = find(made.path)
      made.version = page.version
      made.kind = page.kind
      made.revalidate = page.revalidate
      if (page.kind !== 'page') return
      const text = `${made.path} v${made.version} #${made.id}`
      made.html = toBytes(`<p>${text}</p>${page.isLarge ? 'x'.repeat(2000) : ''}`)
      made.data = toBytes(`{"text":"${text}"}`)
    },
    toGenerated(made) {
      const { kind, revalidate, expire, html, data } = made
      if (kind === 'notFound') return { kind, status: 404, revalidate, expire }
      if (kind === 'redirect') {
        return { kind, status: 307, revalidate, expire, destination: `/to/${made.id}`, basePath: true }
      }
      if (!html || !data) throw new Error('The render has not read its data')
      return { kind, status: 200, revalidate, expire, html: toBody(html, made.id), data: toBody(data, made.id) }
    },
    findMade: ({ expire }) => all[(expire % 1) * ID_UNIT - 1],
    findByBytes: (bytes) => all.find(({ html, data }) => isSame(html, bytes) || isSame(data, bytes)),
  }
}

export function isSame(first: Uint8Array | undefined, second: Uint8Array | undefined): boolean {
  return first !== undefined && second !== undefined && Buffer.compare(first, second) === 0
}

function toBytes(text: string): Uint8Array {
  return Buffer.from(text)
}

/** Copies: what the engine is given is its own. */
function toBody(bytes: Uint8Array, id: number): PlainBody {
  return { identity: new Uint8Array(bytes), digest: `render-${id}` }
}

function toTarget({ path, fallback }: PageSetup): Target {
  return {
    key: toPageKey(path),
    route: {
      pattern: '/b/[slug]',
      kind: 'isr',
      file: 'pages/b/[slug].tsx',
      css: [],
      js: [],
      paths: 0,
      fallback,
    },
    path,
    params: { slug: path.slice('/b/'.length) },
  }
}
