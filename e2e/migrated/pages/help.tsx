import type { GetStaticProps } from 'next'
import Error from 'next/error'

export const getStaticProps: GetStaticProps<{ errorCode: number | false }> = async () => ({
  props: { errorCode: 410 },
})

export default function Help({ errorCode }: { errorCode: number | false }) {
  if (errorCode) return <Error statusCode={errorCode} title="The help desk has moved" />
  return <h1>Help</h1>
}
