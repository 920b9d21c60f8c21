/** A small generator of numbers that are the same in every process: all servers must serve the same text. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let value = Math.imul(state ^ (state >>> 15), state | 1)
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61)
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32
  }
}

const WORDS = (
  'harbour market bread river copper garden window letter summer winter bridge mountain forest village station platform ' +
  'morning evening quiet narrow ancient modern careful gentle bright silver wooden simple steady distant familiar open ' +
  'carries follows remembers measures gathers offers turns rises settles crosses answers opens keeps shows finds leaves ' +
  'people children travellers bakers painters sailors farmers teachers neighbours visitors gardeners printers weavers ' +
  'slowly often together nearly always seldom early late again almost around between beyond against within without ' +
  'the the the the of of of and and a a in in to to with for from by on at as its their that which when where while'
).split(' ')

const SYLLABLES =
  'ba be ca co da de fo ga ha la li lo ma mi mo na ne no pa pe po ra re ri ro sa se so ta te ti to va ve'.split(' ')

/** Mostly common words, and some that the page has once, as names are in real text: so it compresses as real text does. */
export function pickWords(random: () => number, count: number): string {
  return Array.from({ length: count }, () => (random() < 0.25 ? createName(random) : pick(random, WORDS))).join(' ')
}

export function toSentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}

function createName(random: () => number): string {
  return pick(random, SYLLABLES) + pick(random, SYLLABLES) + pick(random, SYLLABLES)
}

function pick(random: () => number, list: readonly string[]): string {
  return list[Math.floor(random() * list.length)] ?? ''
}
