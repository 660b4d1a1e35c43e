// Every `ts` block of the README and of the pages in docs runs against a real nats-server. A `text` block after it, or the
// `// value` after each `console.log(...)`, is what it must print. `docstrings.spec.ts` checks their types.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { run } from './blocks.ts'
import { blocks, pages, textOf } from './pageBlocks.ts'
import { type NatsServer, startNatsServer } from './server/natsServer.ts'

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
