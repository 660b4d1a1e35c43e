import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import type { Delivery, Gap, LossReason, Lost } from '../../../src/core/receiver/Delivery.ts'
import type { ConnectionEvent, LossLog, LossReport, Observation } from '../../../src/core/receiver/LossReport.ts'
import * as Losses from '../../../src/core/receiver/LossReport.ts'
import type { Happening } from './receiverHarness.ts'
import { arrival, following, run, single } from './receiverHarness.ts'

const { subject } = single()
const n = SequenceNumber.nearest
const aboutOf = (origin: string) => ({ origin, subject, sender: undefined })

const gap = (first: number, last = first, origin = 'updates'): Gap => ({
  _tag: 'Gap',
  ...aboutOf(origin),
  first: n(first),
  last: n(last),
  noticedBy: 'Data',
})

const lost = (first: number, last?: number, reason: LossReason = 'unresolved', origin = 'updates'): Lost => ({
  _tag: 'Lost',
  ...aboutOf(origin),
  first: n(first),
  last: last === undefined ? undefined : n(last),
  reason,
})

const observed = (delivery: Delivery<unknown>, at: number, rest: Partial<Observation> = {}): Observation => ({
  delivery,
  at,
  since: undefined,
  epoch: run(1),
  refusedBy: [],
  events: [],
  ...rest,
})

const logOf = (all: ReadonlyArray<Observation>): LossLog => all.reduce((log, o) => Losses.record(o)(log), Losses.empty)

const reportOf = (...all: ReadonlyArray<Observation>): LossReport => Losses.report(logOf(all))

/** The explanation of the only range. */
const why = (...all: ReadonlyArray<Observation>): string | undefined =>
  reportOf(...all).origins[0]?.ranges[0]?.explanation._tag

const rangesOf = ({ origins }: LossReport): ReadonlyArray<readonly [number, number | undefined, number]> =>
  origins[0]?.ranges.map(r => [r.first, r.last, r.losses] as const) ?? []

const disconnected = (at: number, until?: number): ConnectionEvent => ({ _tag: 'Disconnected', at, until })
const slow = (at: number): ConnectionEvent => ({ _tag: 'SlowConsumer', at, pending: 9 })
const refused = (at: number, to: string): ConnectionEvent => ({
  _tag: 'NotPermitted',
  at,
  operation: 'publish',
  subject: to,
})

describe('a loss report', () => {
  const origin = fc.constantFrom('a', 'b', 'c', 'd').map(name => `updates.${name}`)
  const anyLost = fc
    .record({
      origin,
      first: fc.integer({ min: 1, max: 60 }),
      length: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
      reason: fc.constantFrom<LossReason>('unresolved', 'evicted', 'gone'),
    })
    .map(({ origin: at, first, length, reason }) => lost(first, length && first + length - 1, reason, at))
  const anyGap = fc
    .record({ origin, first: fc.integer({ min: 1, max: 60 }), length: fc.integer({ min: 1, max: 9 }) })
    .map(({ origin: at, first, length }) => gap(first, first + length - 1, at))
  const deliveries = fc.array(fc.oneof(anyLost, anyGap), { maxLength: 200, size: 'max' })

  const sumOf = (all: ReadonlyArray<Losses.LossSummary>) => ({
    losses: all.reduce((sum, s) => sum + s.losses, 0),
    messages: all.reduce((sum, s) => sum + s.messages, 0),
    withoutEnd: all.reduce((sum, s) => sum + s.withoutEnd, 0),
  })

  it('counts what the deliveries say, in total, by origin, and in its ranges', () => {
    fc.assert(
      fc.property(deliveries, all => {
        const report = reportOf(...all.map((d, i) => observed(d, i)))
        const losses = all.filter(d => d._tag === 'Lost')
        const expected = (of: ReadonlyArray<Lost>) => ({
          losses: of.length,
          messages: of.reduce((sum, d) => sum + (d.last === undefined ? 0 : d.last - d.first + 1), 0),
          withoutEnd: of.filter(d => d.last === undefined).length,
        })
        expect(report.total).toMatchObject(expected(losses))
        expect(sumOf([...report.origins.map(o => o.total), report.others])).toEqual(expected(losses))
        for (const { origin: name, total, ranges, earlier } of report.origins) {
          expect(total).toMatchObject(expected(losses.filter(d => d.origin === name)))
          expect(sumOf([...ranges, earlier])).toEqual(sumOf([total]))
        }
      }),
    )
  })

  it('has the first and the last time of each sum', () => {
    fc.assert(
      fc.property(deliveries, all => {
        const times = all.flatMap((d, i) => (d._tag === 'Lost' ? [i] : []))
        const { total } = reportOf(...all.map((d, i) => observed(d, i)))
        expect([total.firstAt, total.lastAt]).toEqual([times[0], times.at(-1)])
      }),
    )
  })

  it('never has two adjacent ranges of the same kind', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 64 }), { size: 'max', maxLength: 64 })
    fc.assert(
      fc.property(numbers, all => {
        const ranges = rangesOf(reportOf(...all.map((first, i) => observed(lost(first, first), i))))
        const lostNumbers = new Set(all)
        const starts = all.filter(first => !lostNumbers.has(first - 1))
        expect(ranges.map(([first]) => first).sort()).toEqual(starts.sort())
        for (const [first, last = first] of ranges)
          expect(lostNumbers.has(last) && !lostNumbers.has(last + 1)).toBe(true)
      }),
    )
  })

  it.each([
    ['another reason', observed(lost(4, 5, 'evicted'), 2)],
    ['another run', observed(lost(4, 5), 2, { epoch: run(2) })],
    ['other sources that refused', observed(lost(4, 5), 2, { refusedBy: ['sender'] })],
    ['another kind of explanation', observed(lost(4, 5), 2, { events: [refused(2, '_SEQ.REPLAY.updates.4')] })],
  ])('does not join adjacent ranges with %s', (_, second) => {
    const first = observed(lost(1, 3), 1)
    const noticed = observed(gap(1, 5), 0)
    expect(rangesOf(reportOf(noticed, first, observed(lost(4, 5), 2)))).toEqual([[1, 5, 2]])
    expect(rangesOf(reportOf(noticed, first, second))).toEqual([
      [1, 3, 1],
      [4, 5, 1],
    ])
  })

  it('lists the 64 newest ranges of an origin, and sums up the others', () => {
    const all = Array.from({ length: 100 }, (_, i) => observed(lost(10 * i + 1, 10 * i + 2), i))
    const [of] = reportOf(...all).origins
    expect(of?.ranges.length).toBe(Losses.maxRanges)
    expect(of?.ranges[0]?.first).toBe(361)
    expect(of?.earlier).toEqual({ losses: 36, messages: 72, withoutEnd: 0, firstAt: 0, lastAt: 35 })
  })

  it('lists the 1,024 origins with the newest losses, and sums up the others', () => {
    const of = (i: number, at: number): Observation => observed(lost(1, 3, 'unresolved', `updates.${i}`), at)
    const all = [...Array.from({ length: 1030 }, (_, i) => of(i, i)), of(6, 2000)]
    const report = reportOf(...all, of(2000, 2001))
    expect(report.origins.length).toBe(Losses.maxOrigins)
    expect([report.origins[0]?.origin, report.origins.at(-1)?.origin]).toEqual(['updates.8', 'updates.2000'])
    expect(report.origins.find(o => o.origin === 'updates.6')?.total.losses).toBe(2)
    expect(report.others).toEqual({ losses: 7, messages: 21, withoutEnd: 0, firstAt: 0, lastAt: 7 })
  })

  it('is not changed by any other delivery', () => {
    const log = logOf([observed(gap(1), 1), observed(lost(1, 1), 2)])
    const others: ReadonlyArray<Delivery<unknown>> = [
      { _tag: 'Resumed', ...aboutOf('updates') },
      { _tag: 'Overflowed', count: 3, origins: 0 },
      { _tag: 'Ended', ...aboutOf('updates'), last: 9 },
    ]
    for (const d of others) expect(Losses.record(observed(d, 3))(log)).toBe(log)
  })
})

describe('a loss is explained by', () => {
  const noticed = (since: number | undefined, at: number, ...events: ReadonlyArray<ConnectionEvent>): Observation =>
    observed(gap(3, 5), at, { since, events })
  const loss = (at: number, ...events: ReadonlyArray<ConnectionEvent>): Observation =>
    observed(lost(3, 5), at, { events })

  it.each([
    ['a disconnect before the gap was noticed', noticed(10, 20, disconnected(12, 15)), 'Disconnected'],
    ['a disconnect that has not ended', noticed(10, 20, disconnected(12)), 'Disconnected'],
    ['a disconnect that ended after the last message was read', noticed(10, 20, disconnected(9, 11)), 'Disconnected'],
    ['a slow consumer', noticed(10, 20, slow(15)), 'SlowConsumer'],
    ['a disconnect, rather than a slow consumer', noticed(10, 20, disconnected(12, 15), slow(16)), 'Disconnected'],
    ['nothing, if a disconnect ended before', noticed(10, 20, disconnected(5, 9)), 'Unexplained'],
    ['nothing, if a disconnect came later', noticed(10, 20, disconnected(21)), 'Unexplained'],
    ['nothing, if a consumer was slow before', noticed(10, 20, slow(9)), 'Unexplained'],
    ['nothing, without an event', noticed(10, 20), 'Unexplained'],
    ['nothing, if it is not known since when', noticed(undefined, 20, disconnected(12, 15)), 'Unexplained'],
  ])('%s', (_, first, expected) => {
    expect(why(first, loss(40))).toBe(expected)
  })

  it('an event since the last gap of the origin, if it is not known when it was last in sequence', () => {
    const before = observed(gap(1), 11)
    expect(why(before, noticed(undefined, 20, disconnected(12, 15)), loss(40))).toBe('Disconnected')
  })

  it.each([
    ['to request its messages', '_SEQ.REPLAY.updates.3', 'NotPermitted'],
    ['to request its head', '_SEQ.HEAD.updates', 'NotPermitted'],
    ['that is about another origin', '_SEQ.REPLAY.updates2.3', 'Unexplained'],
  ])('a missing permission %s', (_, to, expected) => {
    expect(why(noticed(10, 20), loss(40, refused(25, to)))).toBe(expected)
    expect(why(noticed(10, 20), loss(40, refused(9, to)))).toBe('Unexplained')
  })

  it('the slow application, if the receiver had no room for the messages', () => {
    const t = following({ maxMessages: 3 })
    const delivered: Array<Delivery<string>> = []
    const on = (h: Happening): void => {
      for (const o of t.on(h)) if (o._tag === 'Deliver') delivered.push(o.delivery)
    }
    for (const i of [1, 2, 3, 4, 5]) on({ _tag: 'MessageReceived', origin: t.origin, arrival: arrival(i) })
    on({ _tag: 'Consumed', deliveries: 3, bytes: 3 })
    // The sender has evicted them meanwhile.
    const [first, last] = [n(4), n(5)]
    on({
      _tag: 'ReplayRefused',
      requestId: t.self().usage.lastRequestId,
      origin: t.origin,
      epoch: run(1),
      first,
      last,
      reason: 'evicted',
    })
    expect(delivered.filter(d => d._tag !== 'Message')).toEqual([lost(4, 5, 'evicted')])
    expect(why(...delivered.map((d, i) => observed(d, i)))).toBe('SlowReceiver')
  })

  it('nothing, if the gap is forgotten', () => {
    const many = Array.from({ length: 70 }, (_, i) => observed(gap(10 * i + 1), i, { since: 0 }))
    expect(why(...many, observed(lost(1, 1), 99))).toBe('Unexplained')
    expect(why(...many, observed(lost(900, 901), 99))).toBe('SlowReceiver')
  })

  it('a disconnect in which the run ended', () => {
    const events = [disconnected(12, 15)]
    expect(why(observed(lost(7, undefined, 'gone'), 30, { since: 10, events }))).toBe('Disconnected')
    expect(why(observed(lost(7, undefined, 'gone'), 30, { since: 20, events }))).toBe('Unexplained')
  })
})
