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
export function listPosts(): PostItem[] {
  return connect().all<PostItem>('SELECT id, title, summary, published FROM posts ORDER BY published DESC, id')
}

/** One post by its id. */
export function readPost(id: string): Post | undefined {
  return connect().get<Post>('SELECT id, title, summary, published, content FROM posts WHERE id = ?', id)
}

/** Replaces a post's text. @returns False when there is no such post. */
export function savePost(id: string, { title, content }: Pick<Post, 'title' | 'content'>): boolean {
  return connect().run('UPDATE posts SET title = ?, content = ? WHERE id = ?', title, content, id) === 1
}
