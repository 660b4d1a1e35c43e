// Broken histories for the rules of notices, requests and answers: see broken.ts.

import type { Head } from '../../src/core/protocol/Head.ts'
import { nearest } from '../../src/core/protocol/SequenceNumber.ts'
import type { Answer } from '../../src/core/sender/ReplayQueue.ts'
import type { Rule } from './auditor.ts'
import { about, Book, runOf } from './broken.ts'
import type { Chronicle, Life, Run, Service, Traffic } from './chronicle.ts'
import { blank } from './chronicle.ts'
import { payloadOf } from './content.ts'
import { epochOf } from './names.ts'

const { origin } = about

const headOf = (epoch: number, state: Head['state'] = 'live'): Head => ({
  ...{ v: 1, epoch: epochOf(epoch), start: nearest(1), first: 1, head: 1, age: 10, after: 50, max: 1000 },
  state,
})

// --- notices

const heard = (at: number, epoch = 1, state: Head['state'] = 'live'): Traffic => ({
  ...{ at, local: at, _tag: 'Head', origin, requestId: undefined },
  head: headOf(epoch, state),
})

/** A sender publishes one message, which is delivered. Then its run ends in this way. */
const over = (end: Run['end'], traffic: Traffic[] = []): Book => {
  const book = new Book({ traffic }).publish(1).message(1)
  Object.assign(book.run, end === 'Live' ? {} : { end, endedAt: 3500 })
  return book
}

const silent = { _tag: 'Silent', ...about, promised: 1000 } as const
const resumed = { _tag: 'Resumed', ...about } as const
const ended = (last: number) => ({ _tag: 'Ended', ...about, last }) as const
const mismatch = { _tag: 'Mismatch', origin, expected: 'single' } as const
const conflict = { _tag: 'Conflict', ...about, epoch: epochOf(1), rival: epochOf(2) } as const

/** Two runs are live at once, and a receiver hears both. */
const two = (): Chronicle => {
  const book = new Book({ traffic: [1, 2, 1, 2, 1, 2].map((n, i) => heard(5000 + i, n)) })
  book.chronicle.runs.push(runOf(2))
  return book.chronicle
}

export const brokenNotices: ReadonlyArray<readonly [Rule, string, () => Chronicle]> = [
  ['SilenceReported', 'a sender is dead, and nothing is said', () => over('Crashed').chronicle],
  ['SilenceReported', 'a sender is alive, and silent to the end', () => over('Live').hand(silent).chronicle],
  ['SilenceReported', 'it is reported twice', () => over('Crashed').hand(silent).hand(silent).chronicle],
  ['SilenceReported', 'it ends, and was not reported', () => over('Live').hand(resumed).chronicle],
  [
    'SilenceReported',
    'it was heard just before',
    () =>
      over('Live', [heard(3800)])
        .hand(silent)
        .hand(resumed).chronicle,
  ],
  [
    'EndReported',
    'a sender has closed, and nothing is said',
    () => over('Closed', [heard(3400, 1, 'ended')]).chronicle,
  ],
  ['EndReported', 'it names another number', () => over('Closed').hand(ended(3)).chronicle],
  ['EndReported', 'a sender is alive', () => over('Live').hand(ended(1)).chronicle],
  [
    'EndReported',
    'a number before it is missing',
    () => new Book({}, { end: 'Closed', endedAt: 3500 }).publish(2).message(1).gap(2).hand(ended(2)).chronicle,
  ],
  ['ConflictReported', 'two senders are heard in turns, and none is reported', two],
  ['ConflictReported', 'there is one sender', () => over('Live').hand(conflict).chronicle],
  ['NoticesOnce', 'a gap is reported again', () => over('Live').gap(2).gap(2).chronicle],
  ['NoticesOnce', 'a mismatch is reported again', () => over('Live').hand(mismatch).hand(mismatch).chronicle],
]

// --- requests

const request = (first: number, last: number, at = 5000, changes: { readonly untaken?: number } = {}): Traffic => ({
  ...{ at, local: at, _tag: 'ReplayRequest', id: at, origin, epoch: epochOf(1), first, last, untaken: 0 },
  ...changes,
})

const living = (traffic: Traffic[], life: Partial<Life> = {}): Chronicle => new Book({ traffic, ...life }).chronicle

const away = { at: 4000, local: 4000, _tag: 'Disconnected' } as const
const replay = { at: 5000, local: 5000, _tag: 'Replay', origin, requestId: 1, hasMessage: true } as const

export const brokenRequests: ReadonlyArray<readonly [Rule, string, () => Chronicle]> = [
  ['RequestsEnd', 'it asks for ever', () => living([], { lateAsks: 3 })],
  [
    'RequestsInBudget',
    'it asks a hundred times for one message',
    () => living(Array.from({ length: 100 }, (_, i) => request(2, 2, 5000 + 100 * i))),
  ],
  ['RequestsInBudget', 'it asks again at once', () => living([request(2, 2), request(2, 2, 5010)])],
  ['RequestsInBudget', 'it gets a thousand answers for one', () => living(Array.from({ length: 1000 }, () => replay))],
  ['RequestsFit', 'it asks for more than a request may be for', () => living([request(1, 5000)])],
  [
    'RequestsFit',
    'it asks for more than there is room for',
    () => living([request(1, 3000, 5000, { untaken: 65_000 })]),
  ],
  ['RequestsFit', 'it asks for messages while disconnected', () => living([away, request(2, 2)])],
  [
    'RequestsFit',
    'it asks for heads while disconnected',
    () => living([away, { at: 4100, local: 4100, _tag: 'HeadRequest', id: 2, origin }]),
  ],
]

// --- answers

type Given = Partial<Extract<Service, { _tag: 'Answer' }>> & { readonly answer: Answer }

const kept = { data: payloadOf(1, 3), headers: undefined, reply: undefined }
const message = (number: number): Given => ({ answer: { _tag: 'Message', reply: 'r.1', origin, number, kept } })
const refusal = (first: number, last: number, code: 404 | 410): Given => ({
  answer: { _tag: 'Refusal', reply: 'r.1', origin, first, last, code },
})

/** A sender has published some messages, and answers a request for 1-500 of one of its runs. */
const answering = (given: ReadonlyArray<Given>, published = 500, epoch = epochOf(1)): Chronicle => {
  const run = runOf(1, { head: published })
  const request = { origin, first: 1, last: 500, range: true, epoch, reply: 'r.1' }
  const services: Service[] = [
    { _tag: 'Request', at: 5000, run, request },
    ...given.map(g => ({ _tag: 'Answer', at: 5000, run, head: run.head, ...g }) as const),
  ]
  const limits = { messages: 1, bytes: 1, age: 1 }
  const none = { messages: 0, bytes: 0, age: 0, over: 0 }
  return {
    ...blank(),
    outboxes: [{ name: 'p0', limits, perSecond: 1000, after: 50, passed: [], services, kept: none }],
  }
}

export const brokenAnswers: ReadonlyArray<readonly [Rule, string, () => Chronicle]> = [
  ['AnswersInBudget', 'a number is answered twice', () => answering([message(1), message(1)])],
  ['AnswersInBudget', 'a number was not requested', () => answering([message(501)])],
  ['AnswersInBudget', 'a page has no end', () => answering(Array.from({ length: 257 }, (_, i) => message(i + 1)))],
  ['RefusedOnlyWhenGone', 'it holds the message', () => answering([refusal(1, 1, 410)])],
  ['RefusedOnlyWhenGone', 'it has sent what it calls not sent yet', () => answering([refusal(2, 500, 404)])],
  ['RefusedOnlyWhenGone', 'it has not sent what it calls gone', () => answering([refusal(1, 3, 410)], 0)],
  ['RefusedOnlyWhenGone', 'it sends a message of another run', () => answering([message(1)], 500, epochOf(2))],
]
