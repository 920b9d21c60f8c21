import type { NextApiRequest, NextApiResponse } from 'next'

type Data = { message: string }

export default function handler(req: NextApiRequest, res: NextApiResponse<Data>) {
  if (req.method !== 'POST') return res.status(405).json({ message: 'POST a name' })
  res.status(201).json({ message: `Welcome, ${req.body.name}` })
}
