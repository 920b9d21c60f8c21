import { createRandom, pickWords, toSentence } from './words.ts'

export interface Section {
  readonly heading: string
  readonly paragraphs: readonly string[]
}

export interface Offer {
  readonly id: number
  readonly name: string
  readonly price: number
  readonly stars: number
}

export interface Post {
  readonly id: number
  readonly title: string
  readonly author: string
  readonly sections: readonly Section[]
  readonly offers: readonly Offer[]
}

const SECTIONS = 5
const PARAGRAPHS = 3
const OFFERS = 16

/**
 * The data of page `/posts/<id>`: the same for the same id in every server.
 *
 * @param version from 1; another one is the same post after an edit, for rebuilds and regenerations.
 */
export function createPost(id: number, version = 1): Post {
  const random = createRandom(id * 7919 + version - 1)
  const sentence = (words: number) => toSentence(pickWords(random, words))
  return {
    id,
    title: sentence(6),
    author: sentence(2),
    sections: Array.from({ length: SECTIONS }, () => ({
      heading: sentence(4),
      paragraphs: Array.from({ length: PARAGRAPHS }, () => `${sentence(21)} ${sentence(19)}`),
    })),
    offers: Array.from({ length: OFFERS }, (_, index) => ({
      id: id * 100 + index,
      name: pickWords(random, 2),
      price: Math.floor(random() * 9_900) + 100,
      stars: Math.floor(random() * 5) + 1,
    })),
  }
}

/** The addresses of posts 1 to `count`. */
export function listPaths(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `/posts/${index + 1}`)
}
