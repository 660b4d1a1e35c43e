// The programs of docs/recipes over links that lose messages: they must print what the page says, as without loss.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { run } from '../blocks.ts'
import { withServer } from '../nats/clients.ts'
import type { DecideFate } from '../server/lossyLink.ts'
import { drop, pass } from '../server/lossyLink.ts'
import { within } from '../server/within.ts'
import { root } from './sources.ts'

const { link } = withServer()

/** The program of a recipe, and what it must print. */
const recipe = (name: string): { readonly code: string; readonly prints: ReadonlyArray<string> } => {
  const page = readFileSync(join(root, 'docs', 'recipes', `${name}.md`), 'utf8')
  const [, code = '', printed = ''] = /^```ts\n(.*?)^```\n.*?^```text\n(.*?)^```$/ms.exec(page) ?? []
  return { code, prints: printed.trimEnd().split('\n') }
}

/** Runs a program over a link. Returns what it has printed, and its warnings. */
const runOver = async (code: string, url: string) => {
  const printed: string[] = []
  const warned: string[] = []
  const to =
    (lines: string[]) =>
    (...args: ReadonlyArray<unknown>): void => {
      lines.push(args.join(' '))
    }
  const running = run(code, url, { console: { log: to(printed), warn: to(warned) } }, () => undefined)
  // A program that is wrong waits for ever, also after the end of its connections.
  await within(`the end of the program, which has printed ${printed}`, running)
  return { printed, warned }
}

/** Drops every third numbered message after the first ten, and what `also` names. Counts what it drops. */
const lossy = (also: RegExp | undefined) => {
  const counts = { numbered: 0, dropped: 0, other: 0 }
  const fate: DecideFate = ({ subject }) => {
    if (also?.test(subject)) {
      counts.other += 1
      return drop
    }
    if (!/^(changes|book\.eurusd)\.\d+$/.test(subject)) return pass
    counts.numbered += 1
    // The first ones arrive, so that the program has something to hold that then goes out of date.
    if (counts.numbered <= 10 || counts.numbered % 3 !== 0) return pass
    counts.dropped += 1
    return drop
  }
  return { counts, fate }
}

describe.each(['cache-invalidation', 'order-book'])('the recipe %s', name => {
  const { code, prints } = recipe(name)

  test('is right over a link that drops every third message', async () => {
    const { counts, fate } = lossy(undefined)
    const { printed, warned } = await runOver(code, (await link(fate)).url)
    expect(printed).toEqual(prints)
    expect(warned).toEqual([])
    expect(counts.dropped).toBeGreaterThan(10)
  })

  test('is right where lost messages can not be recovered either', async () => {
    const { counts, fate } = lossy(/^_SEQ\.REPLAY\./)
    const { printed, warned } = await runOver(code, (await link(fate)).url)
    expect(printed).toEqual(prints)
    expect(warned.join('\n')).toContain('lost')
    expect(counts.other).toBeGreaterThan(0)
  })
})
