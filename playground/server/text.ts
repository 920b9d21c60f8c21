/** Letters that Unicode does not take apart into a base letter and a mark. */
const letters: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ı: 'i',
  ł: 'l',
  ŋ: 'n',
  þ: 'th',
  ə: 'a',
}

/** Lower case without accents, words separated by one space: what names are searched by. */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[ßæœøđðħıłŋþə]/g, (letter) => letters[letter] ?? letter)
    .replace(/\p{M}+/gu, '')
    .replace(/['’‘ʻʼ`]/g, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
}

/** A name as a URL segment: `São Tomé` is `sao-tome`. Empty for a name without Latin letters or digits. */
export function slugify(name: string): string {
  return fold(name)
    .replace(/[^a-z0-9 ]+/g, '')
    .trim()
    .replace(/ +/g, '-')
}

/** `a`, `a and b`, `a, b and c`. */
export function toList(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}
