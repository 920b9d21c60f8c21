import type { GetStaticProps, InferGetStaticPropsType } from 'vite-plugin-isr'
import { Link } from 'vite-plugin-isr/client'
import { formatDay } from '../../components/format.ts'
import { PageMeta } from '../../components/page-meta.tsx'
import { listPosts } from '../../server/posts.server.ts'
import { toStamp } from '../../server/stamp.ts'

export const getStaticProps = (async () => ({
  props: { ...toStamp(60), posts: await listPosts() },
  revalidate: 60,
})) satisfies GetStaticProps

export default function Blog({ posts }: InferGetStaticPropsType<typeof getStaticProps>) {
  return (
    <>
      <PageMeta title="Blog" description="How this atlas is made, and why its pages age." />
      <h1>Blog</h1>
      <ul className="entries entries-wide">
        {posts.map(({ id, title, summary, published }) => (
          <li key={id}>
            <h2>
              <Link href={`/blog/${id}`}>{title}</Link>
            </h2>
            <p>{summary}</p>
            <time dateTime={published}>{formatDay(published)}</time>
          </li>
        ))}
      </ul>
    </>
  )
}
