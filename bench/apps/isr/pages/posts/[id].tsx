import type { GetStaticPaths, GetStaticProps } from 'vite-plugin-isr'
import { loadPost, type PostProps } from '../../../../site/load.ts'
import { PostPage } from '../../../../site/page.tsx'
import { listPaths } from '../../../../site/posts.ts'
import { countPrerendered } from '../../../../site/settings.ts'

export default PostPage

export const getStaticPaths: GetStaticPaths<{ id: string }> = () => ({
  paths: listPaths(countPrerendered()),
  fallback: 'blocking',
})

export const getStaticProps: GetStaticProps<PostProps, { id: string }> = ({ params }) => loadPost(params?.id ?? '')
