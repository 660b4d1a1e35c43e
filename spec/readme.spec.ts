// Every `ts` block of the README and of the pages in docs is type-checked against src, and run against a real nats-server.
// A `text` block after it, or the `// value` after each `console.log(...)`, is what it must print.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { complaints, programOf, root, run } from './blocks.ts'
import { type NatsServer, startNatsServer } from './server/natsServer.ts'

const pages: ReadonlyArray<string> = [
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

const textOf = (page: string): string => readFileSync(join(root, page), 'utf8')

const blocks: ReadonlyArray<Block> = pages.flatMap(page =>
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
const files = new Map(
  [...blocks, ...programs].map(
    ({ page, line, code }) => [join(root, `${page}-${line}.ts`), '\n'.repeat(line - 1) + code] as const,
  ),
)

describe('the code in the README and in docs', () => {
  let server: NatsServer
  beforeAll(async () => {
    server = await startNatsServer({ jetstream: true })
  })
  afterAll(() => server.stop())

  it('is there, and says what it prints', () => {
    expect(blocks.length).toBe(pages.flatMap(page => textOf(page).match(/^```ts$/gm) ?? []).length)
    expect(blocks.filter(b => b.prints !== undefined).length).toBeGreaterThan(0)
  })

  it('is what the types allow', () => {
    expect(complaints(programOf(files), files)).toBe('')
  })

  it.each(blocks)('prints what it says, in $page, line $line', async ({ code, prints }) => {
    const printed: Array<string> = []
    const print = (...args: ReadonlyArray<unknown>): void => {
      printed.push(args.join(' '))
    }
    // A block that waits for what never comes goes on when its connection ends, so that it is seen what it has printed.
    await run(code, server.url, { console: { log: print, warn: print, error: print } }, () =>
      print('It did not end by itself.'),
    )
    if (prints !== undefined) expect(printed).toEqual(prints)
  })
})
