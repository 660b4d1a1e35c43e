import { describe, expect, it } from '@jest/globals'
import type { Epoch } from '../../../src/core/protocol/Epoch.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import type { Delivery } from '../../../src/core/receiver/Delivery.ts'
import * as Deliveries from '../../../src/core/receiver/Delivery.ts'
import { explain } from '../../../src/core/receiver/explain.ts'
import { run, single } from './receiverHarness.ts'

const { name, subject } = single()
const about = { origin: name, subject, sender: undefined }
const n = SequenceNumber.nearest
const content = { data: 'x', headers: undefined, reply: undefined }

const verdicts = ['InOrder', 'AfterGap', 'Late', 'Recovered', 'Unchecked'] as const
const reasons = ['unresolved', 'evicted', 'tooLarge', 'unreadable', 'overflow', 'gone', 'ambiguous'] as const
const strays = ['NoNumber', 'NoSender', 'TooManyOrigins', 'Refuted', 'Unconfirmed', 'BetweenRuns', 'Conflict'] as const

const purposes = ['messages', 'heartbeats', 'head requests', 'replay requests', 'answers', 'stream requests'] as const
const request = { operation: 'publish', subject: '_SEQ.REPLAY.updates.17', rule: '_SEQ.REPLAY.updates.*' } as const

const all: ReadonlyArray<Delivery<string>> = [
  ...verdicts.map(verdict => ({ _tag: 'Message', ...about, number: n(7), verdict, ...content }) as const),
  { _tag: 'Gap', ...about, first: n(3), last: n(3), noticedBy: 'Data' },
  { _tag: 'Gap', ...about, first: n(3), last: n(9), noticedBy: 'Heartbeat' },
  ...reasons.map(reason => ({ _tag: 'Lost', ...about, first: n(3), last: n(9), reason }) as const),
  { _tag: 'Lost', ...about, first: n(3), last: undefined, reason: 'gone' },
  { _tag: 'Restarted', ...about, from: run(1), to: run(2), after: 9, start: n(1) },
  { _tag: 'Restarted', ...about, from: run(1), to: run(1), after: 9, start: n(1) },
  { _tag: 'Restarted', ...about, from: undefined, to: undefined, after: 9, start: n(1) },
  { _tag: 'Conflict', ...about, epoch: run(1), rival: run(2) },
  { _tag: 'Conflict', ...about, epoch: undefined, rival: run(2) },
  { _tag: 'Silent', ...about, promised: 5000 },
  { _tag: 'Silent', ...about, promised: undefined },
  { _tag: 'Resumed', ...about },
  { _tag: 'Ended', ...about, last: 9 },
  ...strays.map(reason => ({ _tag: 'Unsequenced', subject: 'updates.x', reason, ...content }) as const),
  { _tag: 'Overflowed', count: 3, origins: 0 },
  { _tag: 'Mismatch', origin: name, expected: 'single' },
  { _tag: 'Mismatch', origin: name, expected: 'perSender' },
  { _tag: 'StreamSilent', streams: ['UPDATES'] },
  { _tag: 'Unverified', subject: 'updates.1\u001b[2J', count: 2 },
  ...purposes.map(purpose => ({ _tag: 'NotPermitted', ...request, purpose }) as const),
  { _tag: 'NotPermitted', operation: 'subscribe', subject: 'updates.*', rule: 'updates.*', purpose: 'messages' },
]

const inWords = all.map(d => [JSON.stringify(d), d] as const)

describe('explain', () => {
  it.each(inWords)('describes %s in a sentence', (_, d) => {
    const sentence = explain(d)
    expect(sentence).toMatch(/\.$/)
    expect(sentence).not.toMatch(/undefined|null|NaN|\[object|\.\.|[,:(] ?[.,)]| {2}/)
  })

  it('has a different sentence for each delivery', () => {
    expect(new Set(all.map(explain)).size).toBe(all.length)
  })

  it('escapes control and bidirectional characters of a subject', () => {
    const subject = 'updates.\u001b[31m\u202e\n\u0085\u2028é'
    expect(explain({ _tag: 'Unsequenced', subject, reason: 'NoNumber', ...content })).toMatch(
      /^updates\.\\u001b\[31m\\u202e\\u000a\\u0085\\u2028é: /,
    )
  })

  it('separates a restart from a number that was followed although it was forged', () => {
    const of = (from: Epoch | undefined, to: Epoch | undefined) =>
      explain({ _tag: 'Restarted', ...about, from, to, after: 9, start: n(4) })
    expect(of(run(1), run(1))).toMatch(/the number 9 was not sent .* continues at 4/)
    expect(of(run(1), run(2))).toMatch(/has restarted/)
    expect(of(undefined, undefined)).toMatch(/has restarted/)
  })

  it('names the streams that do not answer', () => {
    expect(explain({ _tag: 'StreamSilent', streams: ['UPDATES', 'OLD'] })).toMatch(/^No answer .* UPDATES, OLD holds/)
  })

  it('counts missing messages', () => {
    expect(all.map(explain).filter(s => s.includes('missing so far'))).toEqual([
      'updates: 1 message missing so far (3), noticed by a later message.',
      'updates: 7 messages missing so far (3 to 9), noticed by a heartbeat.',
    ])
  })

  it('counts lost messages if their number is known', () => {
    expect(all.map(explain).filter(s => s.includes(' lost ('))).toMatchObject([
      ...reasons.map(() => expect.stringContaining('7 messages lost (3 to 9): ')),
      expect.stringContaining('messages lost (3 and all after it): '),
    ])
  })

  it('names the remedy for a message that cannot be sent or read again', () => {
    const of = (reason: 'tooLarge' | 'unreadable') =>
      explain({ _tag: 'Lost', ...about, first: n(3), last: n(3), reason })
    expect(of('tooLarge')).toContain('raise max_payload')
    expect(of('unreadable')).toContain('header names')
  })

  it('names the option that resolves a mismatch', () => {
    const of = (expected: 'single' | 'perSender') => explain({ _tag: 'Mismatch', origin: name, expected })
    expect(of('single')).toContain("Set addressing: 'perSender' here, or 'single' at the sender")
    expect(of('perSender')).toContain("Set addressing: 'single' here, or 'perSender' at the sender")
  })
})

describe('a delivery', () => {
  it.each(all)('maps its payload, if it has one, and nothing else: $_tag', d => {
    const mapped = Deliveries.map((s: string) => s.length)(d)
    expect(mapped).toEqual('data' in d ? { ...d, data: 1 } : d)
  })
})
