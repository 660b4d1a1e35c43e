import { describe, expect, test } from '@jest/globals'
import { defaults } from '../../src/core/receiver/settings.ts'
import { Book, sound } from '../simulation/broken.ts'
import type { Chronicle } from '../simulation/chronicle.ts'
import { countOf } from './count.ts'

const before = { startedAt: 2500 }
const all = { ...before, settings: { ...defaults, start: 'all' as const } }

/** In the record the sender starts at 2000, publishes from 3001 on, and the network works from 8000 on. */
const table: ReadonlyArray<readonly [string, () => Chronicle, ReadonlyArray<number>]> = [
  ['delivered and lost', sound, [3, 2, 1, 0]],
  ['the last is missing', () => new Book().publish(3).message(1).message(2).chronicle, [3, 2, 0, 1]],
  ['the first is missing', () => new Book().publish(3).message(2).message(3).chronicle, [3, 2, 0, 1]],
  ['one between is missing', () => new Book().publish(3).message(1).message(3).chronicle, [3, 2, 0, 1]],
  [
    'a gap is told, and what became of it is not',
    () => new Book().publish(2).message(1).gap(2).chronicle,
    [2, 1, 0, 1],
  ],
  ['one comes twice, in place of another', () => new Book().publish(2).message(1).message(1).chronicle, [2, 1, 0, 1]],
  ['it is called lost, and comes', () => new Book().publish(1).lost(1).message(1).chronicle, [1, 1, 0, 0]],
  ['more is called lost than was sent', () => new Book().publish(2).message(1).lost(2, 9).chronicle, [2, 1, 1, 0]],
  [
    'a number bears what another was',
    () =>
      new Book()
        .publish(2)
        .message(1)
        .message(2, { data: new Book().publish(1).chronicle.published[0]?.data ?? new Uint8Array(0) }).chronicle,
    [2, 1, 0, 1],
  ],
  [
    'it begins where it finds the sender',
    () => new Book(before).publish(3).message(2).message(3).chronicle,
    [2, 2, 0, 0],
  ],
  ['it was to begin with the first', () => new Book(all).publish(3).message(2).message(3).chronicle, [3, 2, 0, 1]],
  ['nothing was sent while it could hear', () => new Book(before).publish(3).chronicle, [0, 0, 0, 0]],
]

describe('The count', () => {
  test.each(table)('computes due, delivered, lost and skipped numbers: %s', (_, chronicle, expected) => {
    const { due, delivered, lost, skippedSilently } = countOf(chronicle())
    expect([due, delivered, lost, skippedSilently]).toEqual(expected)
  })

  test('names what is skipped', () => {
    expect(countOf(new Book().publish(2).message(1).chronicle).skipped).toEqual(['r0: updates.a.2'])
  })
})
