// The reorder buffer on its own: what single numbers change, and what they must not change.
import { describe, expect, it } from '@jest/globals'
import * as M from '../../../src/core/internal/OrderedMap.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import { ReceivedMessage } from '../../../src/core/receiver/ReceivedMessage.ts'
import type { GapRequest, ReorderBuffer } from '../../../src/core/receiver/ReorderBuffer.ts'
import * as B from '../../../src/core/receiver/ReorderBuffer.ts'
import { single } from './receiverHarness.ts'

type Buffer = ReorderBuffer<string>

const { name, subject } = single()
const about = { origin: name, subject, sender: undefined }

const message = (n: number) =>
  new ReceivedMessage(about, SequenceNumber.nearest(n), 'AfterGap', `m${n}`, undefined, undefined)

/** 1 to 3 are settled, 4 and 5 are missing, 6 is held, 7 is missing. */
const buffer: Buffer = B.extend(
  B.hold(B.fill(B.extend(B.startingAt(4), 5, 2000), 6), { message: message(6), bytes: 10 }),
  7,
  2000,
)

const request = (upTo: number): GapRequest => ({ since: 1, id: 1, upTo, tries: 0, dueAt: 0 })

/** The intervals in short form: `4-5`. */
const missingIn = (b: Buffer): string[] => [...M.entries(b.missing)].map(({ value: m }) => `${m.first}-${m.last}`)

describe('a reorder buffer', () => {
  it('has each number above the settled ones either missing or held', () => {
    expect([buffer.next, buffer.highest, missingIn(buffer)]).toEqual([4, 7, ['4-5', '7-7']])
    expect([...M.entries(buffer.held)].map(({ key }) => key)).toEqual([6])
  })

  it.each<[string, Buffer, (b: Buffer) => Buffer]>([
    ['a number below arrives again', buffer, b => B.fill(b, 3)],
    ['a held number arrives again', buffer, b => B.fill(b, 6)],
    ['its highest number is confirmed', buffer, b => B.extend(b, 7, 9000)],
    ['a number below its highest is confirmed', buffer, b => B.extend(b, 5, 9000)],
    ['its first missing number has not arrived', buffer, B.settled],
    ['there is nothing to drop', B.startingAt(4), B.dropNewest],
  ])('does not change when %s', (_, before, change) => {
    expect(change(before)).toBe(before)
  })

  it('splits an interval when a number within it arrives', () => {
    expect(missingIn(B.fill(B.extend(B.startingAt(4), 8, 2000), 6))).toEqual(['4-5', '7-8'])
  })

  it.each([
    ['none of its numbers', undefined, false],
    ['the numbers below it only', 3, false],
    ['its first number', 4, true],
    ['all its numbers', 5, true],
  ])('has a requested interval only if a request has named some of it: %s', (_, upTo, expected) => {
    const interval = { first: 4, last: 5, deadline: 0 }
    expect(B.isRequested(upTo === undefined ? interval : { ...interval, request: request(upTo) })).toBe(expected)
  })
})
