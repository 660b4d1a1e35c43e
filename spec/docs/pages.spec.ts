// Generated parts of pages are up to date. `npm run pages` writes them.

import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, test } from '@jest/globals'
import { defaults } from '../../src/core/receiver/settings.ts'
import { defaultLimits } from '../../src/core/sender/History.ts'
import { filled, table } from './markers.ts'
import { pages } from './pages.ts'
import { amount, constant, docOfTag, listOfType, root } from './sources.ts'

test.each(pages().map(page => ({ ...page, name: relative(root, page.path) })))(
  '$name says what the sources say (else: npm run pages)',
  ({ found, made }) => {
    expect(found).toBe(made)
  },
)

const { messages, bytes, age } = defaultLimits
const kept = `${messages.toLocaleString('en-US')} messages, ${bytes / 2 ** 20} MiB and ${age / 60_000} minutes`
const seconds = (ms: number): string => `${ms / 1000} s`
const silentAfter = seconds(amount('src/core/sender/Sender.ts', 'max') + defaults.heartbeatGrace)

test.each([
  ['README.md', `at most ${kept} per connection`],
  ['docs/defaults.md', `keeps ${kept}`],
  ['docs/defaults.md', `at most ${seconds(defaults.gapTimeout)} (\`gapTimeout\`)`],
  [
    'docs/defaults.md',
    `up to ${seconds(amount('src/nats/publish/publisherSession.ts', 'drainTimeout'))} (\`drainTimeout\`)`,
  ],
  ['docs/defaults.md', `more than ${defaults.maxOrigins.toLocaleString('en-US')} senders`],
  ['docs/what-happens-when.md', `\`Silent\`, ${silentAfter} after it was last heard`],
  ['docs/what-happens-when.md', `${seconds(defaults.gapTimeout)} without progress`],
  ['docs/faq.md', `no heartbeat arrived for ${silentAfter}`],
  ['docs/faq.md', `it keeps ${kept}`],
])('the prose of %s has the number of the code: %s', (page, text) => {
  expect(readFileSync(join(root, page), 'utf8').replace(/\s+/g, ' ')).toContain(text)
})

test('a part without a place, and a place without a part, are refused', () => {
  const page = '<!-- a: generated -->\nold\n<!-- /a -->\n'
  expect(filled(page, new Map([['a', 'new']]))).toBe('<!-- a: generated -->\n\nnew\n\n<!-- /a -->\n')
  expect(() => filled(page, new Map([['b', 'new']]))).toThrow('a, b')
  expect(table(['x', 'y'], [['1', '']])).toBe('| x | y |\n| --- | --- |\n| 1 | |')
})

test('what the sources do not say is refused', () => {
  expect(() => constant('src/nats/publish/publisherSession.ts', 'noSuchOption')).toThrow('no constant')
  expect(() => docOfTag('src/nats/errors.ts', 'NoSuchTag')).toThrow('no documented type')
  expect(() => listOfType('src/nats/errors.ts', 'Reason')).toThrow('no list')
})
