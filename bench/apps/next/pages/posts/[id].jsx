import { loadPost } from '../../../../site/load.ts'
import { PostPage } from '../../../../site/page.tsx'
import { listPaths } from '../../../../site/posts.ts'
import { countPrerendered } from '../../../../site/settings.ts'

export default PostPage

export function getStaticPaths() {
  return { paths: listPaths(countPrerendered()), fallback: 'blocking' }
}

export function getStaticProps({ params }) {
  return loadPost(params.id)
}
