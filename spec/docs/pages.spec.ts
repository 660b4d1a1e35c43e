// Generated parts of pages are up to date. `npm run pages` writes them.

import { relative } from 'node:path'
import { expect, test } from '@jest/globals'
import { filled, table } from './markers.ts'
import { pages } from './pages.ts'
import { constant, docOfTag, listOfType, root } from './sources.ts'

test.each(pages().map(page => ({ ...page, name: relative(root, page.path) })))(
  '$name says what the sources say (else: npm run pages)',
  ({ found, made }) => {
    expect(found).toBe(made)
  },
)

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
