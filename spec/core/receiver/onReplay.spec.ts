// Answers to replay requests: which count, and what they change.
import { describe, expect, it } from '@jest/globals'
import * as M from '../../../src/core/internal/OrderedMap.ts'
import { bufferOf } from '../../../src/core/receiver/OriginState.ts'
import type { Missing } from '../../../src/core/receiver/ReorderBuffer.ts'
import type { Talk } from './receiverHarness.ts'
import { deliveries, following, headOf, run, talk } from './receiverHarness.ts'

const gaps = (t: Talk): ReadonlyArray<Missing> => {
  const s = t.state()
  return [...M.entries(s && bufferOf(s)?.missing)].map(e => e.value)
}
const ranges = (t: Talk): string[] => gaps(t).map(m => `${m.first}-${m.last}`)

describe('a replayed message', () => {
  it.each<[string, (t: Talk) => string[], string[]]>([
    ['of the request', t => t.recovers(1), ['1 Recovered']],
    ['of the request, with its run', t => t.recovers(1, { epoch: run(1) }), ['1 Recovered']],
    ['of another run', t => t.recovers(1, { epoch: run(2) }), []],
    ['of an earlier request', t => t.recovers(1, { requestId: t.replayId() - 1 }), []],
    ['of a request that was not sent', t => t.recovers(1, { requestId: t.replayId() + 1 }), []],
    ['of a number that is not missing', t => t.recovers(6), []],
  ])('fills a gap only if it is %s', (_, answer, said) => {
    const t = following()
    t.gets(6)
    expect(answer(t)).toEqual(said)
  })

  it('that is not the first of a gap leaves the rest open, each with a new deadline', () => {
    const t = following({ gapTimeout: 2000, mode: 'arrival' })
    t.gets(6)
    t.passes(1000)
    expect(t.recovers(3)).toEqual(['3 Recovered'])
    expect(gaps(t).map(m => [m.first, m.last, m.deadline - t.now()])).toEqual([
      [1, 2, 2000],
      [4, 5, 2000],
    ])
  })

  it('makes the next repetition of a request as quick as the first', () => {
    const t = following({ gapTimeout: 60_000 })
    t.gets(4)
    t.passes(5000)
    t.recovers(1)
    const [rest] = gaps(t)
    expect([rest?.request?.tries, (rest?.request?.dueAt ?? 0) - t.now() <= 150]).toEqual([0, true])
  })

  it('without room is no progress, and waits for room', () => {
    const t = following({ maxBytes: 10, gapTimeout: 2000 })
    t.gets(4)
    t.getsBytes(1, 9)
    t.passes(500)
    expect([t.recovers(2, { bytes: 9 }), ranges(t)]).toEqual([[], ['2-3']])
    expect(gaps(t).map(m => m.deadline)).toEqual([Number.POSITIVE_INFINITY])
  })

  it('larger than maxBytes is no progress either', () => {
    const t = following({ maxBytes: 10, gapTimeout: 2000 })
    t.gets(6)
    t.passes(500)
    expect([t.recovers(3, { bytes: 11 }), ranges(t)]).toEqual([[], ['1-5']])
    expect(gaps(t).map(m => m.deadline - t.now())).toEqual([1500])
  })

  it('larger than maxBytes that is the first of a gap does not share its deadline with the rest', () => {
    const t = following({ maxBytes: 10, gapTimeout: 2000 })
    t.gets(4)
    t.passes(500)
    t.recovers(1, { bytes: 11 })
    expect(ranges(t)).toEqual(['1-1', '2-3'])
    t.recovers(2)
    expect(deliveries(t.passes(1500))).toEqual(['lost 1-1 unresolved', '2 Recovered'])
  })
})

describe('the end of a page', () => {
  it('requests the rest at once after progress', () => {
    const t = following()
    t.gets(9)
    t.recovers(1)
    expect(t.endsPage(1)).toEqual(['replay 2-8'])
  })

  it('requests the rest soon, but not at once, without progress', () => {
    const t = following()
    t.gets(9)
    expect([t.endsPage(0), t.passes(15)]).toEqual([[], []])
    expect(t.passes(75)).toEqual(['replay 1-8'])
  })

  it.each<[string, (t: Talk) => string[]]>([
    ['another run', t => t.endsPage(1, { epoch: run(2) })],
    ['an earlier request', t => t.endsPage(1, { requestId: t.replayId() - 1 })],
  ])('of %s changes nothing', (_, answer) => {
    const t = following()
    t.gets(9)
    t.recovers(1)
    const before = t.state()
    expect([answer(t), t.state()]).toEqual([[], before])
  })

  it('ends a time without answers', () => {
    const t = following()
    t.gets(9)
    t.endsPage(0)
    expect(t.state()).toMatchObject({ unansweredSince: Number.POSITIVE_INFINITY })
  })

  it('changes nothing before the first head and during a check', () => {
    const joining = talk()
    joining.gets(3)
    expect(joining.endsPage(1)).toEqual([])
    const t = following()
    t.gets(9)
    t.recovers(1)
    t.hears(headOf(0, { epoch: run(2) }))
    const before = t.state()
    expect([t.endsPage(1), t.state()]).toEqual([[], before])
  })

  it('shortens the delay of what was lost again, in all intervals of the request', () => {
    const t = following({ mode: 'arrival', gapTimeout: 60_000 })
    t.gets(9)
    t.passes(1000)
    t.recovers(3)
    t.recovers(6)
    t.endsPage(8)
    const delays = gaps(t).map(m => (m.request?.dueAt ?? 0) - t.now())
    expect(delays).toHaveLength(3)
    // Half of requestTimeout, with a jitter of half of that.
    for (const ms of delays) expect(Math.abs(ms - 50)).toBeLessThanOrEqual(25)
  })
})

describe('a refusal', () => {
  it.each<[string, (t: Talk) => string[], string[]]>([
    ['of the request', t => t.refuses(1, 5), ['lost 1-5 evicted', '6 AfterGap']],
    ['of the request, with its run', t => t.refuses(1, 5, { epoch: run(1) }), ['lost 1-5 evicted', '6 AfterGap']],
    ['of a later request', t => t.refuses(1, 5, { requestId: t.replayId() + 1 }), []],
    ['of another run', t => t.refuses(1, 5, { epoch: run(2) }), []],
    ['of an earlier request', t => t.refuses(1, 5, { requestId: t.replayId() - 1 }), []],
    ['of a part', t => t.refuses(1, 2), ['lost 1-2 evicted']],
    ['of numbers that were not requested', t => t.refuses(7, 9), []],
  ])('gives up numbers only if it is %s', (_, answer, said) => {
    const t = following()
    t.gets(6)
    expect(answer(t)).toEqual(said)
  })

  it('of a later request answers an earlier one, too', () => {
    const t = following({ mode: 'arrival' })
    t.gets(3, 6)
    expect(t.refuses(1, 5)).toEqual(['lost 1-2 evicted', 'lost 4-5 evicted'])
  })

  it('of an earlier request does not answer a later one', () => {
    const t = following({ mode: 'arrival' })
    t.gets(3)
    const requestId = t.replayId()
    t.gets(6)
    expect(t.refuses(1, 5, { requestId })).toEqual(['lost 1-2 evicted'])
  })

  it('from the middle of a gap leaves the numbers below it open', () => {
    const t = following()
    t.gets(6)
    expect([t.refuses(3, 4), ranges(t)]).toEqual([[], ['1-2', '3-4', '5-5']])
  })

  it('covers only what was requested', () => {
    const t = following({ maxMessages: 4 })
    t.hears(headOf(9))
    expect([t.refuses(7, 9), ranges(t)]).toEqual([[], ['1-9']])
  })

  it('ends a time without answers, and lets the rest be requested as after the first try', () => {
    const t = following({ gapTimeout: 60_000 })
    t.gets(6)
    t.passes(1000)
    t.refuses(1, 2)
    expect(t.state()).toMatchObject({ unansweredSince: Number.POSITIVE_INFINITY })
    expect(gaps(t).map(m => [m.first, m.request?.tries])).toEqual([[3, 0]])
  })

  it('that changes nothing does not end a time without answers', () => {
    const t = following()
    t.gets(6)
    const before = t.state()
    t.refuses(7, 9)
    expect(t.state()).toBe(before)
    expect(before).toMatchObject({ unansweredSince: t.now() })
  })

  it('counts for no gap during a check', () => {
    const t = following()
    t.gets(6)
    t.hears(headOf(0, { epoch: run(2) }))
    expect(t.refuses(1, 5)).toEqual([])
  })
})
