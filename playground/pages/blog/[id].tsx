import type { GetStaticPaths, GetStaticProps } from 'vite-plugin-isr'
import { Breadcrumb } from '../../components/breadcrumb.tsx'
import { formatDay } from '../../components/format.ts'
import { PageMeta } from '../../components/page-meta.tsx'
import { Paragraphs } from '../../components/paragraphs.tsx'
import { listPosts, readPost, type Post } from '../../server/posts.server.ts'
import { toStamp, type Stamp } from '../../server/stamp.ts'

interface Props extends Stamp {
  post: Post
}

export const getStaticPaths: GetStaticPaths<'/blog/[id]'> = async () => {
  const posts = await listPosts()
  const paths = posts.map((post) => ({ params: { id: post.id } }))
  return { paths, fallback: 'blocking' }
}

export const getStaticProps: GetStaticProps<Props, '/blog/[id]'> = async ({ params }) => {
  const post = await readPost(params.id)
  if (!post) return { notFound: true, revalidate: 60 }
  return { props: { ...toStamp(60), post }, revalidate: 60 }
}

export default function BlogPost({ post }: Props) {
  return (
    <article className="post">
      <PageMeta title={post.title} description={post.summary} />
      <Breadcrumb trail={[{ name: 'Blog', path: '/blog' }]} />
      <h1>{post.title}</h1>
      <p className="subtitle">
        <time dateTime={post.published}>{formatDay(post.published)}</time>
      </p>
      <div className="prose">
        <Paragraphs text={post.content} />
      </div>
    </article>
  )
}
