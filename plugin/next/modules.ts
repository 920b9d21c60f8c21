import { normalizePath } from 'vite'
import { fileURLToPath } from 'node:url'

/** What an import of one of Next's modules comes to. */
export type NextModule =
  /** A module of this package stands in. */
  | { readonly type: 'file'; readonly name: string }
  /** It has types only, and those are gone when the code runs. */
  | { readonly type: 'types' }
  /** Nothing stands in; what to use in place of it. */
  | { readonly type: 'unknown'; readonly hint: string }

const STAND_INS: Readonly<Record<string, string>> = {
  'next/app': 'app',
  'next/compat/router': 'compat-router',
  'next/document': 'document',
  'next/dynamic': 'dynamic',
  'next/error': 'error',
  'next/head': 'head',
  'next/image': 'image',
  'next/link': 'link',
  'next/router': 'router',
  'next/script': 'script',
}

const APP_ROUTER = 'It belongs to the App Router or to middleware, and this is the Pages Router'

const HINTS: Readonly<Record<string, string>> = {
  'next/cache': `${APP_ROUTER}: use revalidate in getStaticProps, and res.revalidate in an API route`,
  'next/config': 'Read process.env.NEXT_PUBLIC_… in place of publicRuntimeConfig, and process.env on the server',
  'next/font/google':
    'Declare the font in CSS (@font-face), or import it from an npm package such as @fontsource/inter',
  'next/font/local': 'Declare the font in CSS: @font-face with a url() of the file',
  'next/form': 'Use a plain <form>',
  'next/headers': `${APP_ROUTER}: getServerSideProps and API routes have req.headers and req.cookies`,
  'next/legacy/image': 'Use next/image, or an <img>',
  'next/navigation': `${APP_ROUTER}: useRouter of next/router has pathname, query and asPath`,
  'next/og': 'Make the image in an API route, with a package of your choice',
  'next/server': `${APP_ROUTER}: use API routes (pages/api), or a middleware of your own server in front`,
  'next/web-vitals': 'Use the package web-vitals in an effect of _app',
}

const SUPPORTED = Object.keys(STAND_INS).filter((name) => !name.startsWith('next/compat'))

/** Says what stands in for a module of Next.js. */
export function findNextModule(specifier: string): NextModule {
  // Packages that are ES modules name the files.
  const name = specifier.replace(/\.js$/, '')
  if (name === 'next' || name === 'next/types') return { type: 'types' }
  if (Object.hasOwn(STAND_INS, name)) return { type: 'file', name: STAND_INS[name]! }
  const hint = Object.hasOwn(HINTS, name) ? HINTS[name]! : `Available are ${SUPPORTED.join(', ')}`
  return { type: 'unknown', hint }
}

/** A file of the package that stands in, in its built form. */
export function toNextFile(name: string): string {
  return normalizePath(fileURLToPath(new URL(`../../runtime/next/${name}.js`, import.meta.url)))
}
