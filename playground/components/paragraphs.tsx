/** Plain text, its paragraphs separated by empty lines. */
export function Paragraphs({ text }: { text: string }) {
  // The position is the only identity that a paragraph has.
  // oxlint-disable-next-line react/no-array-index-key
  return text.split(/\n{2,}/).map((paragraph, index) => <p key={index}>{paragraph}</p>)
}
