import type { GetServerSideProps } from 'vite-plugin-isr'
import { useRouter } from 'vite-plugin-isr/client'
import { PageMeta } from '../components/page-meta.tsx'
import { toStamp } from '../server/stamp.ts'

/** Fails on request: `/trouble?now`. */
export const getServerSideProps: GetServerSideProps = ({ query }) => {
  if (query['now'] !== undefined) throw new Error('Trouble was asked for.')
  return { props: { ...toStamp(null) } }
}

export default function Trouble() {
  const { basePath } = useRouter()
  return (
    <>
      <PageMeta title="Trouble" description="A page that fails when it is asked to." />
      <h1>Trouble</h1>
      <p className="lead">
        This page works. <a href={`${basePath}/trouble?now`}>This one does not</a>, and shows what a visitor sees then.
      </p>
    </>
  )
}
