/** The documents as their readers have them, and the code in them. */
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = join(dirname(fileURLToPath(import.meta.url)), '../..')

/** A fenced block. */
export interface Block {
  /** `docs/pages.md`. */
  readonly document: string
  /** Where it begins, for messages. */
  readonly line: number
  readonly language: string
  readonly text: string
  /** The file that the reader is to put it into: named in the first line of code, or after the language. */
  readonly file: string | undefined
}

/** README and all of docs/. */
export const documents = [
  'README.md',
  ...readdirSync(join(repository, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

export function readBlocks(document: string): Block[] {
  return extractBlocks(document, readFileSync(join(repository, document), 'utf8'))
}

export function extractBlocks(document: string, markdown: string): Block[] {
  const fences = /^(?<indent> *)(?<fence>`{3,}|~{3,})(?<info>.*)\n(?<text>[^]*?)^ *\k<fence> *$/gm
  return [...markdown.matchAll(fences)].map((match) => {
    const { info = '', text = '', indent = '' } = match.groups ?? {}
    const [language = '', named] = info.trim().split(/\s+/)
    const code = indent === '' ? text : text.replaceAll(new RegExp(`^${indent}`, 'gm'), '')
    return {
      document,
      line: markdown.slice(0, match.index).split('\n').length,
      language,
      text: code,
      file: named ?? /^\/\/ ([\w./[\]-]+\.\w+)\n/.exec(code)?.[1],
    }
  })
}

/** The block of a document that belongs into a file. */
export function readFileBlock(document: string, file: string): string {
  const found = readBlocks(document).find((block) => block.file === file)
  if (!found) throw new Error(`${document} has no block for ${file}`)
  return found.text
}

/** Writes blocks to where their readers would, below a folder. */
export async function writeBlocks(root: string, blocks: readonly Block[]): Promise<void> {
  for (const { file, text } of blocks) {
    if (file === undefined) continue
    await mkdir(dirname(join(root, file)), { recursive: true })
    await writeFile(join(root, file), text)
  }
}
