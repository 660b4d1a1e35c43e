import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as Row from '../../src/cli/AuditRow.ts'
import * as Epoch from '../../src/core/protocol/Epoch.ts'
import type { Head } from '../../src/core/protocol/Head.ts'
import * as SequenceNumber from '../../src/core/protocol/SequenceNumber.ts'
import * as Subject from '../../src/core/protocol/Subject.ts'
import type { Delivery, Verdict } from '../../src/core/receiver/Delivery.ts'
import { accepted } from './accepted.ts'

const about = { origin: 'updates', subject: accepted(Subject.parse('updates')), sender: undefined }
const n = SequenceNumber.nearest

type Event = (now: number) => (row: Row.AuditRow) => Row.AuditRow
type OfOrigin = Extract<Delivery<unknown>, { readonly origin: string }>

const delivered =
  (d: OfOrigin): Event =>
  now =>
    Row.onDelivery(d, now)

const message = (number: number, verdict: Verdict): OfOrigin => ({
  ...about,
  _tag: 'Message',
  number: n(number),
  verdict,
  data: undefined,
  headers: undefined,
  reply: undefined,
})

const lost = (first: number, last: number | undefined): OfOrigin => ({
  ...about,
  _tag: 'Lost',
  first: n(first),
  last: last === undefined ? undefined : n(last),
  reason: 'unresolved',
})

const silent: OfOrigin = { ...about, _tag: 'Silent', promised: 5000 }

const head = (newest: number, epoch: string, state: Head['state'] = 'live'): Head => ({
  v: 1,
  epoch: accepted(Epoch.parse(epoch)),
  start: n(1),
  first: 1,
  head: newest,
  after: 50,
  max: 5000,
  state,
})

const run = (...events: ReadonlyArray<Event>): Row.AuditRow =>
  events.reduce((row, event, i) => event(i * 1000)(row), Row.create('updates'))

const numbers = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.constantFrom<Verdict>('InOrder', 'AfterGap', 'Late', 'Recovered')),
)

describe('the row of an origin', () => {
  it('counts every message once, and knows the highest number in any order', () => {
    fc.assert(
      fc.property(numbers, messages => {
        const row = run(...messages.map(([number, verdict]) => delivered(message(number, verdict))))
        expect(row.messages).toBe(messages.length)
        expect(row.newest).toBe(Math.max(0, ...messages.map(([number]) => number)))
        expect(row.recovered).toBe(messages.filter(([, v]) => v === 'Recovered').length)
        expect(row.late).toBe(messages.filter(([, v]) => v === 'Late').length)
      }),
    )
  })

  it('adds up losses, whatever arrives between them', () => {
    const ranges = fc.array(fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.nat(50)))
    fc.assert(
      fc.property(ranges, numbers, (losses, messages) => {
        const row = run(
          ...messages.map(([number, verdict]) => delivered(message(number, verdict))),
          ...losses.map(([first, more]) => delivered(lost(first, first + more))),
        )
        expect(row.lost).toBe(losses.reduce((sum, [, more]) => sum + more + 1, 0))
        expect(row.isLossOpen).toBe(false)
      }),
    )
  })

  it('counts a loss without a known end as at least one', () => {
    expect(run(delivered(lost(5, undefined)))).toMatchObject({ lost: 1, isLossOpen: true, newest: 5 })
  })

  it('measures a silence until the sender is heard again, and remembers the longest', () => {
    const resumed: OfOrigin = { ...about, _tag: 'Resumed' }
    const during = run(delivered(silent), delivered(message(1, 'InOrder')))
    expect(Row.silenceOf(during, 5000)).toBe(5000)
    const after = run(delivered(silent), delivered(resumed), delivered(silent), delivered(silent), delivered(resumed))
    expect(after).toMatchObject({ silences: 3, silentSince: undefined, longestSilence: 2000 })
    expect(Row.longestSilenceOf(after, 99_000)).toBe(2000)
  })

  it('does not call a sender silent that never promised heartbeats', () => {
    expect(run(delivered({ ...about, _tag: 'Silent', promised: undefined }))).toMatchObject({
      silences: 0,
      silentSince: undefined,
    })
  })

  it('learns of tail loss, age and end by heartbeats, and lets numbers go back only for another run', () => {
    const beat =
      (h: Head): Event =>
      now =>
        Row.onHeartbeat(h, now)
    expect(run(beat(head(7, '@aaaaaaaaaa')), beat(head(5, '@aaaaaaaaaa')))).toMatchObject({
      newest: 7,
      heartbeatAt: 1000,
    })
    expect(run(beat(head(7, '@aaaaaaaaaa')), beat(head(2, '@bbbbbbbbbb')))).toMatchObject({ newest: 2 })
    expect(run(beat(head(7, '@aaaaaaaaaa', 'ended'))).isEnded).toBe(true)
  })
})
