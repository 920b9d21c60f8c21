import type { GetStaticProps } from 'next'
import { useRouter } from 'next/router'

export const getStaticProps: GetStaticProps<{ text: string }> = async ({ draftMode = false }) => ({
  props: { text: draftMode ? 'The next exhibition: ropes' : 'The next exhibition is a secret' },
})

export default function Drafts({ text }: { text: string }) {
  const router = useRouter()
  return (
    <>
      <h1>Exhibitions</h1>
      <p>{text}</p>
      {router.isPreview && <a href="/api/draft?off">Leave the draft</a>}
    </>
  )
}
