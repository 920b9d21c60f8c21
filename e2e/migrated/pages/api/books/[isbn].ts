import type { NextApiHandler } from 'next'
import { getBook, librarianKey, saveBook } from '../../../lib/catalogue'

const handler: NextApiHandler = async (req, res) => {
  const book = await getBook(String(req.query.isbn))
  if (!book) return res.status(404).json({ message: 'No such book' })
  if (req.method === 'PATCH') {
    if (req.headers.authorization !== `Bearer ${librarianKey()}`)
      return res.status(401).json({ message: 'Who are you?' })
    await saveBook({ ...book, ...req.body })
    await res.revalidate(`/books/${book.isbn}`)
    return res.json({ revalidated: true })
  }
  res.json(book)
}

export default handler
