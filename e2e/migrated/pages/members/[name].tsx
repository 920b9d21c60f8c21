import type { NextPage } from 'next'
import { useRouter } from 'next/router'

const Member: NextPage = () => {
  const { query } = useRouter()
  return <h1>Member {query.name}</h1>
}

export default Member
