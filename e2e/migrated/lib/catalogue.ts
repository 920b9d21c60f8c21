import fs from 'fs'
import path from 'path'

export interface Book {
  isbn: string
  title: string
  author: string
  authorName: string
  shelf: string
  copies: number
}

const file = path.join(process.cwd(), 'content', 'books.json')

export async function getBooks(): Promise<Book[]> {
  return JSON.parse(await fs.promises.readFile(file, 'utf8'))
}

export async function getBook(isbn: string): Promise<Book | undefined> {
  const books = await getBooks()
  return books.find((book) => book.isbn === isbn)
}

export async function saveBook(book: Book): Promise<void> {
  const books = await getBooks()
  const others = books.filter(({ isbn }) => isbn !== book.isbn)
  await fs.promises.writeFile(
    file,
    JSON.stringify(
      [...others, book].sort((a, b) => a.isbn.localeCompare(b.isbn)),
      null,
      2,
    ),
  )
}

export const librarianKey = () => process.env.LIBRARIAN_KEY
