import type { GetStaticPaths, GetStaticProps } from 'vite-plugin-isr'
import type { PostProps } from '../../../../site/load.ts'
import { PostPage } from '../../../../site/page.tsx'
import { createPost, listPaths, type Post } from '../../../../site/posts.ts'
import { countPrerendered, readVersion } from '../../../../site/settings.ts'

/** One post in so many is another one in the next version. */
const EDITED = 100
/** Making up a post takes longer than reading one: these are read again and again, each time with another title. */
const READ = Array.from({ length: 100 }, (_, id) => createPost(id))

function readPost(id: number, version: number): Post {
  const post = READ[id % READ.length]!
  return { ...post, id, title: `${post.title} ${id}, edition ${version}` }
}

export default PostPage

export const getStaticPaths: GetStaticPaths<{ id: string }> = () => ({
  paths: listPaths(countPrerendered()),
  fallback: 'blocking',
})

export const getStaticProps: GetStaticProps<PostProps, { id: string }> = ({ params }) => {
  const id = Number(params?.id)
  // The time of the site that the other questions build would be new data in every page.
  return { props: { post: readPost(id, id % EDITED === 0 ? readVersion() : 1), renderedAt: 0 }, revalidate: 60 }
}
