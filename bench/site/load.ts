import { createPost, type Post } from './posts.ts'
import { countRender } from './count.ts'
import { readRevalidate, readVersion, readWork } from './settings.ts'
import { work } from './work.ts'

export interface PostProps {
  readonly post: Post
  /** When the data was read, in milliseconds since 1970: tells renders apart. */
  readonly renderedAt: number
}

/** What `getStaticProps` of every site returns. */
export function loadPost(id: string): { notFound: true } | { props: PostProps; revalidate: number } {
  if (!/^[1-9]\d{0,8}$/.test(id)) return { notFound: true }
  countRender()
  const units = readWork()
  // A bundler leaves out a call whose result nobody looks at.
  if (units > 0 && !Number.isInteger(work(units))) throw new Error('The work was not done.')
  return {
    props: { post: createPost(Number(id), readVersion()), renderedAt: Date.now() },
    revalidate: readRevalidate(),
  }
}
