// The `ts` blocks of the README and of the pages in docs.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './blocks.ts'

export const pages: ReadonlyArray<string> = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md') && !name.startsWith('api'))
    .map(name => `docs/${name}`)
    // Effect is not installed with the other packages: spec/effect runs this one.
    .filter(name => name !== 'docs/guides/effect.md')
    .sort(),
]

interface Block {
  readonly page: string
  /** Where its code begins, as an editor counts. */
  readonly line: number
  readonly code: string
  /** What it must print; nothing is expected if it doesn't say. */
  readonly prints: ReadonlyArray<string> | undefined
}

const linesOf = (text: string): ReadonlyArray<string> => text.replace(/\n$/, '').split('\n')

const commented = (code: string): ReadonlyArray<string> | undefined => {
  const values = [...code.matchAll(/^\s*console\.log\(.*\) \/\/ (.+)$/gm)].map(([, value = '']) => value)
  return values.length > 0 ? values : undefined
}

// Between a block and what it prints stands at most one paragraph of one line.
const fence = /^```ts\n(.*?)^```\n(?:\n(?:[^\n`]+\n\n)?```text\n(.*?)^```\n)?/gms

export const textOf = (page: string): string => readFileSync(join(root, page), 'utf8')

export const blocks: ReadonlyArray<Block> = pages.flatMap(page =>
  [...textOf(page).matchAll(fence)].map(({ index, 1: code = '', 2: printed }) => ({
    page,
    line: textOf(page).slice(0, index).split('\n').length + 1,
    code,
    prints: printed === undefined ? commented(code) : linesOf(printed),
  })),
)

/** Programs with a file name: a spec of their own runs them. */
const programs = pages.flatMap(page =>
  [...textOf(page).matchAll(/^```ts \S+\n(.*?)^```$/gms)].map(({ index, 1: code = '' }) => ({
    page,
    line: textOf(page).slice(0, index).split('\n').length + 1,
    code,
  })),
)

/** The compiler sees them as files beside their page with the same line numbers. */
export const pageFiles = new Map(
  [...blocks, ...programs].map(
    ({ page, line, code }) => [join(root, `${page}-${line}.ts`), '\n'.repeat(line - 1) + code] as const,
  ),
)
