/**
 * What TypeScript knows of a site's routes. The plugin writes them into `isr-env.d.ts`, which adds them to the two interfaces
 * here; without that file both are empty, and every path is taken.
 */

/**
 * The routes of the site (pages and API routes), each with the parameters in its path. `isr-env.d.ts` fills it; declare
 * paths that something else on your server answers in the same way, in a file of your own.
 *
 * @example
 * import type {} from 'vite-plugin-isr'
 *
 * declare module 'vite-plugin-isr' {
 *   interface RouteParams {
 *     '/health': {}
 *   }
 * }
 */
export interface RouteParams {}

/** The pages with `getStaticProps`: what `res.revalidate` takes. `isr-env.d.ts` fills it. */
export interface IsrRoutes {}

/** A route of the site, in the spelling of its file: `/posts/[id]`. Any string while the routes aren't known. */
export type Route = HasNoRoutes extends true ? string : keyof RouteParams

/** A route without parameters: `/about`. Any string while the routes aren't known. */
export type StaticRoute = HasNoRoutes extends true ? string : WithoutParams<keyof RouteParams>

/**
 * The parameters in a route's path: a string for `[id]`, an array for `[...slug]`, an array or nothing for `[[...slug]]`.
 *
 * @example type Params = ParamsOf<'/posts/[id]'> // { id: string }
 */
export type ParamsOf<R extends string> = R extends keyof RouteParams ? RouteParams[R] : Flat<ReadParams<R>>

/** One value of a URL object's query. */
export type QueryValue = string | number | boolean | null | undefined

/** A URL in parts, as Next.js takes it. */
export interface UrlObject {
  /** A path, or a pattern such as `/posts/[id]` whose parameters are taken from `query`. */
  pathname?: string | null | undefined
  query?: string | Readonly<Record<string, QueryValue | readonly QueryValue[]>> | null | undefined
  /** Used when there is no `query`. */
  search?: string | null | undefined
  hash?: string | null | undefined
}

/** Where a link or the router leads: a string without base (`/posts/1?sort=up#end`), or its parts. */
export type Url = string | UrlObject

/**
 * A URL that is checked against the routes of the site: the URL itself, or a type that it does not fit where no page, API
 * route or file can be meant. What can't be known is taken: a `string`, another host, `?query`, `#hash`, a path whose last
 * part has a dot in it. `${…}` in a template stands for one part of a path, or for several in a catch-all.
 *
 * @example function Card<const To extends Url>({ to }: { to: Href<To> })
 */
export type Href<To> = HasNoRoutes extends true
  ? To
  : string extends To
    ? To
    : To extends string
      ? HrefText<To>
      : To extends { pathname: infer Pathname extends string }
        ? HrefObject<To, Pathname>
        : To

/**
 * A path that is checked against the pages with `getStaticProps`, without query and hash: the path itself, or a type that
 * it does not fit. A `string` is taken.
 */
export type RevalidatePath<Path> = HasNoRoutes extends true
  ? Path
  : string extends Path
    ? Path
    : Path extends string
      ? IsRevalidated<Path> extends true
        ? Path
        : WithoutParams<keyof IsrRoutes>
      : Path

type HasNoRoutes = [keyof RouteParams] extends [never] ? true : false

type WithoutParams<Pattern> = Exclude<Pattern, `${string}/[${string}`>

// ── Parameters out of a pattern ────────────────────────────────────────────────────────────────────────────────────

type ReadParams<Pattern extends string> = Pattern extends `${infer Segment}/${infer Rest}`
  ? ReadParam<Segment> & ReadParams<Rest>
  : ReadParam<Pattern>

type ReadParam<Segment extends string> = Segment extends `[[...${infer Name}]]`
  ? { [Key in Name]?: string[] }
  : Segment extends `[...${infer Name}]`
    ? { [Key in Name]: string[] }
    : Segment extends `[${infer Name}]`
      ? { [Key in Name]: string }
      : unknown

/** One object type, as people read it, for an intersection of many. */
type Flat<T> = { [Key in keyof T]: T[Key] }

// ── URLs ───────────────────────────────────────────────────────────────────────────────────────────────────────────

type HrefText<To extends string> = To extends `/${string}`
  ? HrefPath<To, CutHash<CutQuery<To>>>
  : To extends `?${string}` | `#${string}` | `./${string}` | `../${string}` | `${string}:${string}`
    ? To
    : StartsWithText<To> extends true
      ? StaticRoute
      : To

type HrefPath<To, Path extends string> =
  Leads<Path, Tails<keyof RouteParams>> extends true ? To : IsFile<Path> extends true ? To : StaticRoute

type HrefObject<To, Pathname extends string> = string extends Pathname
  ? To
  : Pathname extends keyof RouteParams
    ? HasParams<To, RouteParams[Pathname]> extends true
      ? To
      : To & { query: QueryParams<RouteParams[Pathname]> }
    : Leads<Pathname, Tails<keyof RouteParams>> extends true
      ? To
      : { pathname: Route }

/** True where none are needed, and where the keys of the query can't be known, as with `query: router.query`. */
type HasParams<To, Params> = keyof Params extends never
  ? true
  : To extends { query: infer Query }
    ? string extends keyof Query
      ? true
      : false
    : false

/** Parameters as a query gives them: `1` is as good as `'1'`. */
type QueryParams<Params> = {
  [Key in keyof Params]: Params[Key] extends string ? string | number : readonly (string | number)[] | undefined
}

type CutQuery<Text extends string> = Text extends `${infer Path}?${string}` ? Path : Text
type CutHash<Text extends string> = Text extends `${infer Path}#${string}` ? Path : Text

type IsRevalidated<Path extends string> = Path extends `${string}?${string}` | `${string}#${string}`
  ? false
  : Path extends `/${string}`
    ? Leads<Path, Tails<keyof IsrRoutes>>
    : StartsWithText<Path> extends true
      ? false
      : true

/** False for a template that starts with `${…}`, and for branded strings. */
type StartsWithText<Text extends string> = Text extends ''
  ? true
  : Text extends `${infer First}${string}`
    ? string extends First
      ? false
      : true
    : false

// ── Paths against patterns ─────────────────────────────────────────────────────────────────────────────────────────
// Patterns are a tree, and a path is walked down it with one segment after the other. The compiler makes each node once,
// so that a link costs as much as it has segments, however many routes there are.

/** Patterns as they are walked: each segment followed by a slash, `posts/[id]/`. */
type Tails<Pattern> = Pattern extends '/' ? '' : Pattern extends `/${infer Rest}` ? `${Rest}/` : never

/** A node of the tree: what is to come of the patterns, by the segment that comes first. */
type Branches<Tail extends string> = {
  [T in Tail as Branch<T>]: T extends `${string}/${infer Rest}` ? Rest : never
}

/** Parameters are one branch, whatever their names. */
type Branch<Tail extends string> = Tail extends `${infer Head}/${string}`
  ? Head extends `[[...${string}`
    ? '[[...]]'
    : Head extends `[...${string}`
      ? '[...]'
      : Head extends `[${string}`
        ? '[]'
        : Head
  : never

/** Whether a path, with or without its last slash, leads along one of the patterns. */
type Leads<Path extends string, Tail extends string> = Path extends `/${infer Rest}`
  ? Walk<EndWithSlash<Rest>, Tail>
  : false

type EndWithSlash<Path extends string> = Path extends '' | `${string}/` ? Path : `${Path}/`

type Walk<Path extends string, Tail extends string> = [Tail] extends [never]
  ? false
  : Path extends `${infer Segment}/${infer Rest}`
    ? Segment extends '' | `[${string}]`
      ? false
      : [Below<'[...]', Tail> | Below<'[[...]]', Tail>] extends [never]
        ? Walk<Rest, Below<'[]', Tail> | After<Segment, Tail>>
        : true
    : '' extends Tail
      ? true
      : [Below<'[[...]]', Tail>] extends [never]
        ? false
        : true

/** What is to come on one branch of a node. */
type Below<Name extends string, Tail extends string> =
  Branches<Tail> extends Record<Name, infer Rest extends string> ? Rest : never

/** What is to come after a segment that is not a parameter's. */
type After<Segment extends string, Tail extends string> =
  IsLiteral<Segment> extends true ? Below<Segment, Tail> : Fitting<Segment, Tail>

/** The same after a segment of which a part is known. Types can't decode, so one with escapes may be any. */
type Fitting<Segment extends string, Tail extends string> = Tail extends `${infer Head}/${infer Rest}`
  ? Head extends Segment
    ? Rest
    : Segment extends `${string}%${string}`
      ? Rest
      : never
  : never

/** False for a template, and for text with escapes. */
type IsLiteral<Segment extends string> =
  {} extends Record<Segment, 1> ? false : Segment extends `${string}%${string}` ? false : true

/** Whether a path may be that of a file in `public/`: the same rule by which it never ends with a slash. */
type IsFile<Path extends string> = Path extends `${string}/${infer Rest}`
  ? IsFile<Rest>
  : Path extends `${string}[${string}`
    ? false
    : Path extends `${string}.${string}`
      ? true
      : false
