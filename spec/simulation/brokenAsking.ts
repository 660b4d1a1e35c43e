// Broken histories for the rules of who asks whom for what.

import { nearest } from '../../src/core/protocol/SequenceNumber.ts'
import { defaults } from '../../src/core/receiver/Step.ts'
import type { Answer, Request } from '../../src/core/sender/ReplayQueue.ts'
import type { Rule } from './auditor.ts'
import { about, Book, sight } from './broken.ts'
import { headOf } from './brokenNotices.ts'
import type { Chronicle, Life, Seen } from './chronicle.ts'
import { payloadOf } from './content.ts'
import type { Service, Step } from './exchange.ts'
import { epochOf } from './names.ts'

/** A sender of 200 messages, of which one receiver has all, and what it was asked and has sent. */
const served = (events: ReadonlyArray<Request | Answer | 'Page'>): Chronicle => {
  const { chronicle, run } = new Book().publish(200)
  const services: Service[] = events.map(e => {
    if (e === 'Page') return { _tag: 'Page', at: 5000 }
    return '_tag' in e
      ? { _tag: 'Answer', at: 5000, run, answer: e, head: run.head }
      : { _tag: 'Request', at: 5000, run, request: e }
  })
  chronicle.exchange.services.set('p0', services)
  return { ...chronicle, lives: [] }
}

const origin = about.origin
const request = (reply: string, first: number, last = first, range = last > first): Request => ({
  origin,
  first,
  last,
  range,
  epoch: undefined,
  reply,
})
const end = (reply: string, last: number): Answer => ({ _tag: 'End', reply, origin, last })
const message = (reply: string, number: number, bytes = 5): Answer => {
  const kept = { data: payloadOf(number, bytes), headers: undefined, reply: undefined }
  return { _tag: 'Message', reply, origin, number, kept }
}
const messages = (reply: string, first: number, last: number, bytes?: number): Answer[] =>
  Array.from({ length: last - first + 1 }, (_, i) => message(reply, first + i, bytes))
const refusal = (reply: string, first: number, last: number, code: 404 | 410): Answer => ({
  _tag: 'Refusal',
  reply,
  origin,
  first,
  last,
  code,
})

const ask = (
  id: number,
  first: number,
  last: number,
  at: number,
  changes: Partial<Extract<Step, { _tag: 'Asked' }>> = {},
): Step => ({
  _tag: 'Asked',
  at,
  local: at,
  origin,
  epoch: epochOf(1),
  id,
  first,
  last,
  isUp: true,
  untaken: 0,
  ...changes,
})

const came = (asked: number, number: number, at: number): Step => ({
  _tag: 'Came',
  at,
  local: at,
  origin,
  asked,
  number,
  bytes: 7,
  id: number,
})

/** One receiver, and what it asked for. */
const asking = (steps: ReadonlyArray<Step>, changes: Partial<Life> = {}, tell?: (book: Book) => void): Chronicle => {
  const book = new Book(changes)
  tell?.(book)
  book.chronicle.exchange.steps.set(book.life, [...steps])
  return book.chronicle
}

/** One of two that are missing is given up, and only the other was asked for. */
const neverAsked = (seen: ReadonlyArray<Seen>): Chronicle =>
  asking([ask(2, 4, 4, 6000)], { seen: [...seen] }, book =>
    book.publish(6).message(1).gap(2, 2, 4000).lost(2, 2, 'unresolved', 7000),
  )
/** More gaps than may be asked for at once, one after the other; each request bears its number. What else has happened meanwhile? */
const odd = Array.from({ length: 40 }, (_, i) => 2 * i + 1)
const gaps = (...seen: ReadonlyArray<Seen>): Chronicle =>
  asking(
    odd.map(n => ask(n, n, n, 5000)),
    { seen: [...seen] },
  )
const passed = (what: 'Came' | 'Begged' | 'Handed', n: number): Seen => {
  const number = nearest(n)
  const more = { verdict: 'InOrder', data: payloadOf(n, 3), headers: undefined, reply: undefined } as const
  const delivery = what === 'Handed' ? { _tag: 'Message' as const, ...about, number, ...more } : undefined
  return sight(what, { at: 5000, local: 5000, number, delivery })
}
/** One message of `perSender` is lost, and a store could have been asked for it. */
const stored = (steps: ReadonlyArray<Step>): Chronicle =>
  asking(steps, { addressing: 'perSender', settings: { ...defaults, stored: true } }, book =>
    book.publish(3).message(1).gap(2).lost(2).message(3, { at: 7000 }),
  )

export const brokenAsking: ReadonlyArray<readonly [Rule, string, () => Chronicle]> = [
  ['RefusedOnlyWhenGone', 'it holds what it calls gone', () => served([request('x.1', 5), refusal('x.1', 5, 5, 410)])],
  [
    'RefusedOnlyWhenGone',
    'it calls gone what is not sent yet',
    () => served([request('x.1', 300), refusal('x.1', 300, 300, 410)]),
  ],
  [
    'RefusedOnlyWhenGone',
    'it calls not sent yet what is sent',
    () => served([request('x.1', 5), refusal('x.1', 5, 5, 404)]),
  ],
  [
    'RefusedOnlyWhenGone',
    'it sends a message in place of that of another run',
    () => served([{ ...request('x.1', 5), epoch: epochOf(7) }, message('x.1', 5)]),
  ],
  ['RequestsAnswered', 'nobody answers', () => served([request('x.1', 5)])],
  ['RequestsAnswered', 'a range is not ended', () => served([request('x.1', 5, 6), ...messages('x.1', 5, 6)])],
  [
    'RequestsAnswered',
    'a range ends too early',
    () => served([request('x.1', 5, 6), message('x.1', 5), end('x.1', 5)]),
  ],
  [
    'RequestsAnswered',
    'the end names more than was considered',
    () => served([request('x.1', 5, 6), message('x.1', 5), end('x.1', 6)]),
  ],
  [
    'RequestsAnswered',
    'a number is left out',
    () => served([request('x.1', 5, 7), message('x.1', 5), message('x.1', 7), end('x.1', 7)]),
  ],
  ['RequestsAnswered', 'nobody asked', () => served([message('x.1', 5)])],
  [
    'RequestsAnswered',
    'another asker ends a range',
    () => served([request('x.1', 5, 6), request('y.1', 5, 6), end('x.1', 4), ...messages('y.1', 5, 6), end('y.1', 6)]),
  ],
  [
    'RequestsAnswered',
    'what is asked anew is not ended before',
    () => served([request('x.1', 5, 6), request('x.2', 5, 6), ...messages('x.2', 5, 6), end('x.2', 6)]),
  ],
  [
    'ReplaysTakeTurns',
    'one is answered on and on, and another waits',
    () =>
      served([
        request('x.1', 1, 100),
        request('y.1', 3),
        ...messages('x.1', 1, 100),
        end('x.1', 100),
        message('y.1', 3),
      ]),
  ],
  [
    'ReplaysTakeTurns',
    'whoever came later is first',
    () => served([request('x.1', 5), request('y.1', 6), message('y.1', 6), message('x.1', 5)]),
  ],
  [
    'ReplaysTakeTurns',
    'whoever asks anew has lost its turn',
    () => served([request('x.1', 5), request('y.1', 6), request('x.2', 5), message('y.1', 6), message('x.2', 5)]),
  ],
  [
    'ReplaysTakeTurns',
    'a page has too many messages',
    () =>
      served([
        request('x.1', 1, 200),
        ...messages('x.1', 1, 200),
        end('x.1', 200),
        request('x.2', 1, 200),
        ...messages('x.2', 1, 100),
      ]),
  ],
  [
    'ReplaysTakeTurns',
    'a page has too many bytes',
    () => served([request('x.1', 1, 50), ...messages('x.1', 1, 50, 8000), end('x.1', 50)]),
  ],
  [
    'ReplaysTakeTurns',
    'too much is sent for one request',
    () =>
      served([
        request('x.1', 1, 200),
        ...messages('x.1', 1, 200, 8000).flatMap(m => [m, 'Page' as const]),
        end('x.1', 200),
      ]),
  ],
  [
    'ReplaysTakeTurns',
    'too much is considered for one request',
    () =>
      served([
        request('x.1', 201, 9000),
        refusal('x.1', 201, 4500, 404),
        refusal('x.1', 4501, 9000, 404),
        end('x.1', 9000),
      ]),
  ],
  ['AsksWithinRoom', 'it is not connected', () => asking([ask(2, 5, 5, 5000, { isUp: false })])],
  ['AsksWithinRoom', 'it asks for nothing', () => asking([ask(2, 5, 4, 5000)])],
  ['AsksWithinRoom', 'it asks for more than is answered', () => asking([ask(2, 1, 5000, 5000)])],
  [
    'AsksWithinRoom',
    'there is no room for that much',
    () => asking([ask(2, 1, 10, 5000, { untaken: 95 })], { settings: { ...defaults, maxMessages: 100 } }),
  ],
  ['AsksWithinRoom', 'it asks for too many gaps at once', () => gaps()],
  [
    'AsksWithinRoom',
    'it asks for too many gaps at once, all of which have come and are in doubt',
    () => gaps(...odd.map(n => passed('Came', n)), ...odd.map(n => passed('Begged', n))),
  ],
  [
    'AsksWithinRoom',
    'it asks for too many gaps, all of which had come and were handed over',
    () => gaps(...odd.flatMap(n => [passed('Came', n), passed('Handed', n), passed('Begged', n)])),
  ],
  ['RunIsNamed', 'nobody has named the run', () => asking([ask(2, 5, 5, 5000, { epoch: undefined })])],
  ['StoreIsAsked', 'nobody could be asked but the store', () => stored([])],
  ['StoreIsAsked', 'it was asked for another only', () => stored([ask(2, 3, 3, 4000)])],
  ['AskedAgainLater', 'it asks twice', () => asking([ask(2, 5, 9, 5000), ask(3, 9, 9, 5010)])],
  [
    'AskedAgainLater',
    'it asks again at once for what did not come',
    () =>
      asking([
        ask(2, 5, 9, 5000),
        { _tag: 'Ended', at: 5005, local: 5005, origin, asked: 2, last: 4 },
        ask(3, 5, 9, 5005),
      ]),
  ],
  [
    'AskedAnew',
    'it waits out its patience from before a disconnect',
    () =>
      asking(
        [ask(2, 5, 5, 5000), { _tag: 'Reconnected', at: 5100, local: 5001 }, ask(3, 5, 5, 5500), came(3, 5, 5510)],
        {
          addressing: 'perSender',
        },
      ),
  ],
  [
    'GivenTime',
    'it is given up soon after it was asked for',
    () =>
      asking([ask(2, 2, 2, 6000)], {}, book =>
        book.publish(3).message(1).gap(2, 2, 4000).lost(2, 2, 'unresolved', 7000),
      ),
  ],
  [
    'GivenTime',
    'it is given up while it is being filled',
    () =>
      asking([ask(2, 2, 3, 4000), came(2, 2, 6900)], {}, book => {
        book.publish(4).message(1).gap(2, 3, 4000)
        const data = payloadOf(2, 3)
        book.hand(
          {
            _tag: 'Message',
            ...about,
            number: nearest(2),
            verdict: 'Recovered',
            data,
            headers: undefined,
            reply: undefined,
          },
          6900,
        )
        book.lost(3, 3, 'unresolved', 7000)
      }),
  ],
  [
    'GivenTime',
    'it is given up though it came, and found no room',
    () =>
      asking([ask(2, 2, 2, 4000), came(2, 2, 6900)], {}, book =>
        book.publish(3).message(1).gap(2, 2, 4000).lost(2, 2, 'unresolved', 7000),
      ),
  ],
  ['GivenTime', 'it is never asked for', () => neverAsked([sight('Head', { at: 6500, head: headOf(6) })])],
  [
    'GivenTime',
    'it is never asked for, though its sender was heard since it has gone on after its farewell',
    () =>
      neverAsked([
        sight('Head', { head: headOf(4, { state: 'ended' }) }),
        sight('Came', { number: 5 }),
        sight('Head', { at: 6500, head: headOf(4) }),
        sight('Came', { at: 6600, number: 6 }),
      ]),
  ],
  [
    'GapsToldOnce',
    'a gap is told twice',
    () => asking([], {}, book => book.publish(3).message(1).gap(2).gap(2).lost(2)),
  ],
  ['GapsToldOnce', 'a gap has no numbers', () => asking([], {}, book => book.publish(3).message(1).gap(3, 2))],
  [
    'QueueBounded',
    'more waits than may be kept',
    () => {
      const book = new Book({ settings: { ...defaults, maxMessages: 100 } })
      book.chronicle.exchange.steps.set(book.life, [])
      book.chronicle.exchange.untaken.set(book.life, 300)
      return book.chronicle
    },
  ],
  [
    'QueueBounded',
    'it is told of loss though it does not keep up',
    () => {
      const book = new Book({ settings: { ...defaults, maxMessages: 100 } })
      book.chronicle.exchange.untimely.push({ life: book.life, at: 5000, waiting: 100 })
      return book.chronicle
    },
  ],
  [
    'WhatCameIsTold',
    'the last message of a plain client is forgotten',
    () => {
      const book = new Book({ came: new Map([[3, 4000]]) }).publish(3).message(1).message(2)
      book.chronicle.runs.splice(0, 1, { ...book.run, isMute: true })
      book.chronicle.exchange.steps.set(book.life, [])
      return book.chronicle
    },
  ],
  [
    'PlacesFreed',
    'the only one that was alive has ended',
    () =>
      asking([], { settings: { ...defaults, maxOrigins: 1 } }, book => {
        const { run } = book.publish(1)
        book.message(1).hand({ _tag: 'Ended', ...about, last: nearest(1) }, 4500)
        Object.assign(run, { endedAt: 4400, end: 'Closed' })
        const subject = 'updates.b.1'
        const data = payloadOf(0, 3)
        book.hand(
          { _tag: 'Unsequenced', subject, reason: 'TooManyOrigins', data, headers: undefined, reply: undefined },
          9000,
        )
      }),
  ],
]
