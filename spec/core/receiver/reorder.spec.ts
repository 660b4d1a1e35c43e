// How numbers pass the reorder buffer, at the limits of each rule.
import { describe, expect, it } from '@jest/globals'
import * as M from '../../../src/core/internal/OrderedMap.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import type { LossReason } from '../../../src/core/receiver/Delivery.ts'
import { ReceivedMessage } from '../../../src/core/receiver/ReceivedMessage.ts'
import type { GapRequest, Missing, ReorderBuffer } from '../../../src/core/receiver/ReorderBuffer.ts'
import * as B from '../../../src/core/receiver/ReorderBuffer.ts'
import * as reorder from '../../../src/core/receiver/reorder.ts'
import type { Step } from '../../../src/core/receiver/Step.ts'
import type { Options } from './receiverHarness.ts'
import { arrival, stepOf as plainStep, single, told } from './receiverHarness.ts'

type Buffer = ReorderBuffer<string>

const { name, subject } = single()
const about = { origin: name, subject, sender: undefined }
const now = 10_000
const gapTimeout = 2000

/** A step at 10 s, with a used room as given. */
const stepOf = (settings: Options = {}, changes: Partial<Omit<Step<string>, 'settings'>> = {}): Step<string> =>
  plainStep({ now, age: now, settings: { gapTimeout, retain: data => `kept ${data}`, ...settings }, ...changes })

const request = (upTo: number): GapRequest => ({ since: 1, id: 1, upTo, tries: 0, dueAt: 0 })
const later: number = now + 1

/** A missing interval: due, or not, or refused. */
const gap = (first: number, last: number, changes: Partial<Missing> = {}): Missing => ({
  first,
  last,
  deadline: later,
  ...changes,
})
const due = { deadline: now }
const dropped = { deadline: Number.POSITIVE_INFINITY }

/** From `next` on: these intervals are missing, and all other numbers up to `highest` are held, with a byte each. */
const buffer = (next: number, highest: number, ...missing: Missing[]): Buffer => {
  let b = missing.reduce<Buffer>(B.replace, { ...B.startingAt(next), highest })
  for (let n = next; n <= highest; n++)
    if (B.missingAt(b, n) === undefined) {
      const number = SequenceNumber.nearest(n)
      b = B.hold(b, {
        message: new ReceivedMessage(about, number, 'AfterGap', `m${n}`, undefined, undefined),
        bytes: 1,
      })
    }
  return b
}

/** The deliveries in short form, with what each settles: `gap 3-4 Data`, `5 AfterGap, settles 5`. */
const said = (step: Step<string>): string[] =>
  step.out.flatMap(o =>
    o._tag === 'Deliver' ? [`${told(o.delivery)}${o.settled === undefined ? '' : `, settles ${o.settled}`}`] : [],
  )
const missingIn = (b: Buffer): string[] => [...M.entries(b.missing)].map(({ value: m }) => `${m.first}-${m.last}`)
const heldIn = (b: Buffer): number[] => [...M.entries(b.held)].map(({ key }) => key)

describe('a message', () => {
  const receive = (step: Step<string>, b: Buffer, n: number, bytes = 1) =>
    reorder.receive(step, about, b, arrival(n, `m${n}`, bytes))

  it.each<[string, number, Buffer, string[], string[]]>([
    ['the next number is in order', 4, buffer(4, 3), ['4, settles 4'], ['4, settles 4']],
    ['a number ahead reveals a gap', 6, buffer(4, 3), ['gap 4-5 Data'], ['gap 4-5 Data', '6 AfterGap, settles 3']],
    ['a number behind a gap is not in order', 5, buffer(4, 4, gap(4, 4)), [], ['5 AfterGap, settles 3']],
  ])('has a verdict: %s', (_, n, before, ordered, atOnce) => {
    const [waits, passes] = [stepOf(), stepOf({ mode: 'arrival' })]
    receive(waits, before, n)
    receive(passes, before, n)
    expect([said(waits), said(passes)]).toEqual([ordered, atOnce])
  })

  it('that fills a gap is late, and lets what waits behind it pass', () => {
    const step = stepOf()
    const b = receive(step, buffer(4, 6, gap(4, 4)), 4)
    expect(said(step)).toEqual(['4 Late, settles 4', '5 AfterGap, settles 5', '6 AfterGap, settles 6'])
    expect([b.next, heldIn(b), b.heldBytes]).toEqual([7, [], 0])
  })

  it('lets refused numbers above it be lost, once nothing below them is missing', () => {
    const step = stepOf()
    receive(step, buffer(4, 6, gap(4, 4), gap(5, 6, { refused: 'evicted' })), 4)
    expect(said(step)).toEqual(['4 Late, settles 4', 'lost 5-6 evicted, settles 6'])
  })

  it.each([3, 5])('with a number that was delivered or is held is a duplicate: %d', n => {
    const step = stepOf()
    const before = buffer(4, 5, gap(4, 4))
    expect(receive(step, before, n)).toBe(before)
    expect([said(step), step.duplicates, step.messages]).toEqual([[], 1, 0])
  })

  it('is copied only if it has to wait', () => {
    const step = stepOf()
    const b = receive(step, receive(step, buffer(4, 3), 6), 4)
    expect(step.out.map(o => o._tag === 'Deliver' && 'data' in o.delivery && o.delivery.data)).toEqual([false, 'm4'])
    expect([...M.entries(b.held)].map(({ value }) => value.message.data)).toEqual(['kept m6'])
  })

  it.each([
    ['messages', { maxMessages: 2 }, { messages: 2 }],
    ['bytes', { maxBytes: 9 }, { bytes: 9 }],
  ])('without room for more %s is dropped silently, and its number waits for room', (_, settings, used) => {
    const step = stepOf(settings, used)
    const b = receive(step, buffer(4, 3), 4)
    expect([said(step), step.waitsForRoom, B.frontMissing(b)]).toEqual([[], true, gap(4, 4, dropped)])
  })

  it('that fills the room exactly is delivered', () => {
    const step = stepOf({ maxMessages: 3, maxBytes: 9 }, { messages: 2, bytes: 8 })
    receive(step, buffer(4, 3), 4)
    expect([said(step), step.waitsForRoom]).toEqual([['4, settles 4'], false])
  })

  it.each([
    ['one held message is enough', 1, [5, 6], 3],
    ['two are needed', 2, [5], 2],
    ['all are needed', 3, [], 1],
  ])('takes the room of held messages with higher numbers, the highest first: %s', (_, bytes, held, messages) => {
    // All the room is used by 5 to 7.
    const step = stepOf({ maxBytes: 3 }, { messages: 3, bytes: 3 })
    receive(step, buffer(4, 7, gap(4, 4)), 4, bytes)
    expect(said(step)).toEqual(['4 Late, settles 4', ...held.map(n => `${n} AfterGap, settles ${n}`)])
    expect([step.messages, step.waitsForRoom]).toEqual([messages, true])
  })

  it('takes no room if all held messages would not be enough', () => {
    const step = stepOf({ maxBytes: 3 }, { messages: 3, bytes: 3 })
    const b = receive(step, buffer(4, 7, gap(4, 4)), 4, 4)
    expect([said(step), heldIn(b), missingIn(b), step.waitsForRoom]).toEqual([[], [5, 6, 7], ['4-4'], true])
  })

  it('does not take the room of lower numbers', () => {
    const step = stepOf({ maxMessages: 2 }, { messages: 2, bytes: 2 })
    const b = receive(step, buffer(4, 7, gap(4, 4), gap(7, 7)), 7)
    expect([said(step), heldIn(b), missingIn(b), step.waitsForRoom]).toEqual([[], [5, 6], ['4-4', '7-7'], true])
  })

  it('that lets the sequence continue drops the held ones, even if other origins leave no room for it', () => {
    // Other origins hold 5 bytes. If all kept what they hold, they could wait for each other.
    const step = stepOf({ maxBytes: 8 }, { messages: 8, bytes: 8, unprocessedMessages: 0, unprocessedBytes: 0 })
    const b = receive(step, buffer(4, 7, gap(4, 4)), 4, 8)
    expect([said(step), heldIn(b), missingIn(b), step.waitsForRoom]).toEqual([[], [], ['4-4', '5-7'], true])
  })

  it('takes no room if the unprocessed deliveries leave none, and it would not fit beside the other origins', () => {
    const step = stepOf({ maxBytes: 8 }, { messages: 8, bytes: 8, unprocessedMessages: 1, unprocessedBytes: 1 })
    const b = receive(step, buffer(4, 7, gap(4, 4)), 4, 8)
    expect([said(step), heldIn(b)]).toEqual([[], [5, 6, 7]])
  })
})

describe('numbers that exist', () => {
  const notice = (step: Step<string>, b: Buffer, last: number) =>
    reorder.noticeMissing(step, about, b, last, 'Heartbeat')

  it('are reported as missing once, with a deadline', () => {
    const step = stepOf()
    const b = notice(step, buffer(4, 3), 5)
    expect([said(step), B.frontMissing(b)]).toEqual([
      ['gap 4-5 Heartbeat'],
      { first: 4, last: 5, deadline: now + gapTimeout },
    ])
    expect(notice(step, b, 5)).toBe(b)
    expect(notice(step, b, 4)).toBe(b)
    expect(said(step)).toHaveLength(1)
  })

  it('are not reported without room, and wait for it', () => {
    const step = stepOf({ maxMessages: 1 }, { messages: 1 })
    const b = notice(step, buffer(4, 3), 5)
    expect([said(step), step.waitsForRoom, B.frontMissing(b)]).toEqual([[], true, { first: 4, last: 5, ...dropped }])
  })
})

describe('missing numbers', () => {
  it('are given up at their deadline, not before', () => {
    const expire = (deadline: number): string[] => {
      const step = stepOf()
      reorder.expire(step, about, buffer(4, 5, gap(4, 4, { deadline })), undefined)
      return said(step)
    }
    expect(expire(now + 1)).toEqual([])
    expect(expire(now)).toEqual(['lost 4-4 unresolved, settles 4', '5 AfterGap, settles 5'])
  })

  it.each<[string, Missing, Missing, string]>([
    ['both due', gap(4, 5, due), gap(6, 7, due), 'lost 4-7 unresolved, settles 7'],
    ['the second not due', gap(4, 5, due), gap(6, 7), 'lost 4-5 unresolved, settles 5'],
    ['the second refused', gap(4, 5, due), gap(6, 7, { refused: 'evicted' }), 'lost 4-5 unresolved, settles 5'],
    [
      'both requested',
      gap(4, 5, { ...due, request: request(5) }),
      gap(6, 7, { ...due, request: request(7) }),
      'lost 4-7 unresolved, settles 7',
    ],
    [
      'only the second requested',
      gap(4, 5, due),
      gap(6, 7, { ...due, request: request(7) }),
      'lost 4-7 unresolved, settles 7',
    ],
    [
      'only the first requested',
      gap(4, 5, { ...due, request: request(5) }),
      gap(6, 7, due),
      'lost 4-5 unresolved, settles 5',
    ],
  ])('in adjacent intervals are one loss if all are due for the same reason: %s', (_, first, second, expected) => {
    const step = stepOf()
    reorder.giveUp(step, about, buffer(4, 7, first, second), 4, 'unresolved')
    expect(said(step)).toEqual([expected])
  })

  it('are one loss only if no held message is between them', () => {
    const step = stepOf()
    reorder.giveUp(step, about, buffer(4, 6, gap(4, 4, due), gap(6, 6, due)), 4, 'unresolved')
    expect(said(step)).toEqual(['lost 4-4 unresolved, settles 4', '5 AfterGap, settles 5'])
  })

  it.each<[LossReason, string[]]>([
    ['gone', ['lost 4-7 gone, settles 7']],
    ['overflow', ['lost 4-5 overflow, settles 5', 'lost 6-7 overflow, settles 7']],
  ])('of a run that has ended are all given up: %s', (reason, expected) => {
    const step = stepOf()
    const b = reorder.settleAll(step, about, buffer(4, 7, gap(4, 5), gap(6, 7)), reason)
    expect([said(step), b.next, missingIn(b)]).toEqual([expected, 8, []])
  })

  it('settle what was delivered behind them, in the order of arrival', () => {
    const step = stepOf({ mode: 'arrival' })
    const delivered = [gap(4, 5, due), gap(8, 8)].reduce<Buffer>(B.replace, { ...B.startingAt(4), highest: 9 })
    reorder.giveUp(step, about, delivered, 4, 'unresolved')
    expect(said(step)).toEqual(['lost 4-5 unresolved, settles 7'])
  })

  it('are not given up twice', () => {
    const step = stepOf()
    const before = buffer(4, 5, gap(4, 4))
    expect(reorder.giveUp(step, about, before, 5, 'gone')).toBe(before)
    expect(said(step)).toEqual([])
  })

  it.each([
    ['its own deadline comes first', now - 500, later + 1499, []],
    ['requests have been unanswered for `gapTimeout`', now - gapTimeout, undefined, ['lost 4-4 unresolved, settles 4']],
    ['no request is unanswered', Number.POSITIVE_INFINITY, now + gapTimeout, []],
  ])(
    'that were never requested are given up with all others of a sender that does not answer: %s',
    (_, since, deadline, expected) => {
      const step = stepOf()
      const b = reorder.expire(step, about, buffer(4, 4, gap(4, 4, due)), since)
      expect([said(step), B.frontMissing(b)?.deadline]).toEqual([expected, deadline])
    },
  )

  it.each([
    ['messages', { maxMessages: 2 }, { unprocessedMessages: 2 }],
    ['bytes', { maxBytes: 9 }, { unprocessedBytes: 9 }],
  ])('are not given up while the consumer has no room for more %s', (_, settings, used) => {
    const step = stepOf(settings, used)
    const b = reorder.expire(step, about, buffer(4, 7, gap(4, 4, due), gap(6, 6)), undefined)
    expect([said(step), step.waitsForRoom]).toEqual([[], true])
    expect([...M.entries(b.missing)].map(({ value }) => value.deadline)).toEqual([
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ])
  })

  it('that were refused are lost before the deadline of any other', () => {
    const step = stepOf()
    const b = reorder.expire(step, about, buffer(4, 6, gap(4, 4, { refused: 'tooLarge' }), gap(6, 6)), undefined)
    expect([said(step), missingIn(b)]).toEqual([['lost 4-4 tooLarge, settles 4', '5 AfterGap, settles 5'], ['6-6']])
  })
})

describe('the number of gaps', () => {
  const bound = (maxGaps: number, otherGaps: number, ...gaps: Missing[]) => boundOf({ maxGaps }, { otherGaps }, ...gaps)
  const boundOf = (settings: Options, used: Partial<Step<string>>, ...gaps: Missing[]) => {
    const step = stepOf(settings, used)
    const b = reorder.boundGaps(step, about, buffer(4, 9, ...gaps))
    return [said(step).filter(s => s.startsWith('lost')), missingIn(b)]
  }

  it('is bounded: the oldest are lost', () => {
    const gaps = [gap(4, 4), gap(6, 6), gap(8, 8)]
    expect(bound(5, 0, ...gaps)).toEqual([[], ['4-4', '6-6', '8-8']])
    expect(bound(4, 0, ...gaps)).toEqual([['lost 4-4 overflow, settles 4'], ['6-6', '8-8']])
    expect(bound(4, 2, ...gaps)).toEqual([['lost 4-4 overflow, settles 4', 'lost 6-6 overflow, settles 6'], ['8-8']])
    expect(bound(1, 1, gap(4, 4))).toEqual([['lost 4-4 overflow, settles 4'], []])
  })

  it('of a sender is at most one more than others leave free, and it shares that among its origins', () => {
    const gaps = [gap(4, 4), gap(6, 6), gap(8, 8)]
    expect(bound(100, 95, ...gaps)).toEqual([[], ['4-4', '6-6', '8-8']])
    expect(bound(100, 96, ...gaps)).toEqual([['lost 4-4 overflow, settles 4'], ['6-6', '8-8']])
    const shared = { otherGaps: 95, siblingGaps: 1 }
    expect(boundOf({ maxGaps: 100 }, shared, ...gaps)).toEqual([['lost 4-4 overflow, settles 4'], ['6-6', '8-8']])
  })

  it('does not count a dropped tail', () => {
    expect(bound(1, 0, gap(4, 4), gap(8, 9, dropped))).toEqual([[], ['4-4', '8-9']])
    expect(bound(1, 9, gap(8, 9, dropped))).toEqual([[], ['8-9']])
    expect(bound(1, 0, gap(4, 4, dropped), gap(8, 9))).toEqual([['lost 4-4 overflow, settles 4'], ['8-9']])
  })
})
