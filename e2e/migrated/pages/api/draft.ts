import type { NextApiRequest, NextApiResponse } from 'next'

export default function handler(req: NextApiRequest, res: NextApiResponse) {
  res.setDraftMode({ enable: !('off' in req.query) })
  res.redirect('/drafts')
}
