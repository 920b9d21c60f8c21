import { connect } from './database.server.ts'

/** A post in a list. */
export interface PostItem {
  id: string
  title: string
  summary: string
  /** A day: `2026-01-31`. */
  published: string
}

/** A post with its text: paragraphs, separated by empty lines. */
export interface Post extends PostItem {
  content: string
}

/** All posts, the newest first. */
export async function listPosts(): Promise<PostItem[]> {
  return (await connect()).all<PostItem>('SELECT id, title, summary, published FROM posts ORDER BY published DESC, id')
}

/** One post by its id. */
export async function readPost(id: string): Promise<Post | undefined> {
  return (await connect()).get<Post>('SELECT id, title, summary, published, content FROM posts WHERE id = ?', id)
}

/** Replaces a post's text. @returns False when there is no such post. */
export async function savePost(id: string, { title, content }: Pick<Post, 'title' | 'content'>): Promise<boolean> {
  return (await connect()).run('UPDATE posts SET title = ?, content = ? WHERE id = ?', title, content, id) === 1
}
