// How a receiver begins with a run, resumes it, leaves it for another one, or finds two.
import { describe, expect, it } from '@jest/globals'
import * as M from '../../../src/core/internal/OrderedMap.ts'
import type { Head } from '../../../src/core/protocol/Head.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import { check, ignoring, isFarBehind, isIgnored, latest } from '../../../src/core/receiver/follow.ts'
import { joining } from '../../../src/core/receiver/OriginState.ts'
import * as Probe from '../../../src/core/receiver/Probe.ts'
import { defaults } from '../../../src/core/receiver/settings.ts'
import type { Options, Talk } from './receiverHarness.ts'
import { deliveries, following, headOf, run, single, stepOf, talk } from './receiverHarness.ts'

const nearest = SequenceNumber.nearest
const next = (head: number, changes: Partial<Head> = {}): Head => headOf(head, { epoch: run(2), ...changes })
const from = (first: number): Partial<Head> => ({ start: nearest(first), first })

/** A check in which only the other run answers: with this head. */
const enters = (t: Talk, head: Head): string[] => [...t.isAnswered(head), ...t.passes(defaults.requestTimeout)]

describe('an epoch that was checked', () => {
  const at = (now: number, lastRequestId = 5) => stepOf({ now, lastRequestId, settings: { heartbeatGrace: 1000 } })
  const origin = joining<string>(single(), { _tag: 'New' }, Probe.awaiting(stepOf(), 1))
  const head = headOf(0)

  it('is ignored for heartbeatGrace, then twice as long each time', () => {
    const once = ignoring(at(0), [], run(1))
    const twice = ignoring(at(2000), once, run(1))
    expect(twice).toMatchObject([{ epoch: run(1), ignoredUntil: 4000, wait: 2000 }])
    const isIgnoredAt = (now: number) => isIgnored(at(now), { ...origin, others: once }, { head, requestId: undefined })
    expect([999, 1000].map(isIgnoredAt)).toEqual([true, false])
  })

  it('is not ignored if it answers a later request', () => {
    const others = ignoring(at(0), [], run(1))
    const answers = [5, 6].map(requestId => isIgnored(at(1), { ...origin, others }, { head, requestId }))
    expect(answers).toEqual([true, false])
    expect(isIgnored(at(1), { ...origin, others }, { head: next(0), requestId: undefined })).toBe(false)
  })

  it('keeps the number where it was left', () => {
    const left = ignoring(at(0), [], run(1), { next: 7 })
    expect(ignoring(at(0), left, run(1))).toMatchObject([{ next: 7 }])
    expect(ignoring(at(0), left, run(1), { next: 9 })).toMatchObject([{ next: 9 }])
  })

  it('is forgotten when 64 others were checked since', () => {
    const all = Array.from({ length: 66 }, (_, i) => run(i))
    const others = all.reduce((known: ReturnType<typeof ignoring>, epoch) => ignoring(at(0), known, epoch), [])
    expect([others.length, others[0]?.epoch, others.at(-1)?.epoch]).toEqual([64, run(2), run(65)])
  })
})

describe('the later of an answer and a heartbeat', () => {
  const step = stepOf({ settings: { maxJump: 10 } })

  it.each<[string, Head, Head | undefined, boolean]>([
    ['no heartbeat', headOf(5), undefined, false],
    ['a higher heartbeat', headOf(5), headOf(6), true],
    ['a lower heartbeat', headOf(5), headOf(4), false],
    ['an ended heartbeat with the same number', headOf(5), headOf(5, { state: 'ended' }), true],
    ['a live heartbeat with the same number', headOf(5, { state: 'ended' }), headOf(5), false],
    ['an ended heartbeat with a lower number', headOf(5), headOf(4, { state: 'ended' }), false],
    ['a heartbeat of another run', headOf(5), next(6), false],
    ['a heartbeat up to maxJump ahead', headOf(5), headOf(15), true],
    ['a heartbeat further ahead', headOf(5), headOf(16), false],
  ])('is %s', (_, answer, heartbeat, isHeartbeat) => {
    expect(latest(step, answer, heartbeat)).toBe(isHeartbeat ? heartbeat : answer)
  })
})

describe('a head', () => {
  it.each([
    [20, false],
    [21, true],
  ])('is far behind if more than maxJump numbers above it are settled: %d', (settled, expectation) => {
    expect(isFarBehind(stepOf({ settings: { maxJump: 10 } }), headOf(10), settled + 1)).toBe(expectation)
  })
})

describe('the first head', () => {
  it('refutes what is above it in `single`, and accepts up to maxJump more in `perSender`', () => {
    const first = (addressing: 'single' | 'perSender', ...numbers: number[]) => {
      const t = talk({ addressing, maxJump: 10, start: 'all' })
      t.gets(...numbers)
      return deliveries(t.isAnswered(headOf(3))).filter(w => w.startsWith('unsequenced') || w.startsWith('gap'))
    }
    expect(first('single', 4)).toEqual(['unsequenced updates.4 Refuted', 'gap 1-3 Heartbeat'])
    expect(first('perSender', 13)).toEqual(['gap 1-12 Data'])
    expect(first('perSender', 14)).toEqual(['unsequenced updates.alice.@0000000001.14 Refuted', 'gap 1-3 Heartbeat'])
    expect(first('perSender', 13, 23)).toEqual(['gap 1-12 Data', 'gap 14-22 Data'])
  })

  it.each<[string, (t: Talk) => void, string]>([
    ['a number that arrived twice', t => t.gets(2, 2), 'Checking'],
    ['a heartbeat of another run', t => t.hears(next(3)), 'Checking'],
    ['a heartbeat of its run', t => t.hears(headOf(3)), 'Following'],
    ['nothing else', () => {}, 'Following'],
  ])('is checked in `single` after %s', (_, happens, state) => {
    const t = talk()
    happens(t)
    t.isAnswered(headOf(3))
    expect(t.state()?._tag).toBe(state)
  })

  it('is not checked in `perSender` after a number that arrived twice', () => {
    const t = talk({ addressing: 'perSender' })
    t.gets(2, 2)
    t.isAnswered(headOf(3))
    expect(t.state()?._tag).toBe('Following')
  })

  it('counts the age of its run from the heartbeat', () => {
    // The run began 200 ms before the receiver.
    const t = talk({ requestAttempts: 1, requestTimeout: 300 })
    t.passes(100)
    t.hears(headOf(3, { age: 300 }))
    expect(t.passes(400)).toContain('began 3')
    const younger = talk({ requestAttempts: 1, requestTimeout: 300 })
    younger.passes(100)
    younger.hears(headOf(3, { age: 100 }))
    expect(younger.passes(400)).toContain('began 0')
  })

  it('that is a heartbeat, as nobody answers, may be followed by messages', () => {
    const t = talk({ start: 'all', maxJump: 10, requestAttempts: 1 })
    t.gets(13, 24)
    t.hears(headOf(3))
    expect(deliveries(t.passes(500))).toEqual(['gap 1-12 Data', 'unsequenced updates.24 Refuted'])
  })

  it('of an ended run reports its end', () => {
    const t = talk()
    expect(t.isAnswered(headOf(3, { state: 'ended' }))).toEqual(['began 3', 'ended 3'])
  })
})

describe('a check that finds the same run', () => {
  const checked = (options: Options = {}) => {
    const t = following(options)
    t.gets(1)
    t.hears(next(0))
    return t
  }

  it('accepts numbers up to maxJump above the head, and refutes those below the start', () => {
    const t = talk({ maxJump: 10 })
    t.isAnswered(headOf(4, from(5)))
    t.gets(5)
    t.hears(next(0))
    t.gets(3, 15, 20, 31)
    expect(deliveries([...t.isAnswered(headOf(5, from(5))), ...t.passes(100)])).toEqual([
      'unsequenced updates.3 Refuted',
      'gap 6-14 Data',
      'gap 16-19 Data',
      'unsequenced updates.31 Refuted',
    ])
  })

  it('ignores the other run, but not if that answers this check late', () => {
    const t = checked()
    const requestId = t.requestId()
    t.isAnswered(headOf(1))
    t.passes(200)
    expect(t.state()?._tag).toBe('Following')
    expect([t.hears(next(0)), t.isAnswered(next(0), requestId)]).toEqual([[], ['ask updates']])
    expect(t.state()).toMatchObject({ other: { head: { epoch: run(2) }, by: 'answer' } })
  })

  it('ends a silence', () => {
    const t = following()
    t.passes(6000)
    t.gets(1)
    expect(t.isAnswered(headOf(1))).toEqual(['resumed', '1'])
  })

  it('leaves an end as it is if the run has not gone on', () => {
    const t = following()
    t.gets(1, 2)
    t.hears(headOf(2, { state: 'ended' }))
    t.gets(1)
    expect([t.isAnswered(headOf(2)), t.state()]).toMatchObject([
      [],
      { _tag: 'Ended', end: { last: 2, reported: true } },
    ])
    t.passes(200)
    t.gets(1)
    expect([t.isAnswered(headOf(3)), t.state()?._tag]).toEqual([['gap 3-3 Heartbeat', 'replay 3-3'], 'Following'])
  })
})

describe('a check that finds another run', () => {
  it('settles the one before, and begins with the number in the head', () => {
    const t = following()
    t.gets(1, 3)
    t.hears(next(2))
    expect(deliveries(enters(t, next(2)))).toEqual([
      'lost 2-2 gone',
      '3 AfterGap',
      `restarted ${run(1)} after 3, ${run(2)} from 1`,
      'gap 1-2 Heartbeat',
    ])
    expect(t.state()).toMatchObject({ others: [{ epoch: run(1), next: 4 }], epoch: run(2) })
  })

  it('gives each message to its run', () => {
    const t = following({ mode: 'arrival' })
    t.gets(1, 2, 6)
    t.hears(next(3))
    t.gets(5, 7)
    expect(deliveries(enters(t, next(3)))).toEqual([
      '5 Late',
      'unsequenced updates.7 BetweenRuns',
      'lost 3-4 gone',
      `restarted ${run(1)} after 6, ${run(2)} from 1`,
      'gap 1-3 Heartbeat',
    ])
  })

  it('counts a parked message below the new run as a duplicate', () => {
    const t = following()
    t.gets(1, 2, 3)
    t.gets(3)
    t.gets(3)
    expect(deliveries(enters(t, next(6, from(5))))).toEqual([
      `restarted ${run(1)} after 3, ${run(2)} from 5`,
      'gap 5-6 Heartbeat',
    ])
    expect(t.self().usage.duplicates).toBe(2)
  })

  it.each([
    [10, ['gap 1-9 Data', '10 AfterGap']],
    [11, []],
  ])('accepts what arrived after its answer up to maxJump above its head: %d', (number, expected) => {
    const t = following({ maxJump: 10, mode: 'arrival' })
    t.hears(next(0))
    t.isAnswered(next(0))
    t.gets(number)
    const said = deliveries(t.passes(200))
    expect(said.filter(w => !/^(restarted|unsequenced)/.test(w))).toEqual(expected)
  })

  it('accepts numbers that follow one another beyond maxJump', () => {
    const t = following({ maxJump: 10, mode: 'arrival' })
    t.hears(next(0))
    t.isAnswered(next(0))
    t.gets(10, 20)
    expect(deliveries(t.passes(200)).at(-1)).toBe('20 AfterGap')
  })

  it('continues a run that it has followed before where it left it', () => {
    const t = following()
    t.gets(1, 2, 3)
    t.hears(next(0))
    enters(t, next(0))
    t.passes(1500)
    t.hears(headOf(5))
    expect(deliveries(enters(t, headOf(5)))).toEqual([
      `restarted ${run(2)} after 0, ${run(1)} from 4`,
      'gap 4-5 Heartbeat',
    ])
    expect(t.state()?.others.map(o => o.epoch)).toEqual([run(2)])
  })

  it('continues it there, though its heartbeat is behind and nobody answers', () => {
    const t = following()
    t.gets(1, 2, 3)
    t.hears(next(0))
    enters(t, next(0))
    t.passes(1500)
    t.hears(headOf(1))
    expect(deliveries(t.passes(1500))).toEqual([`restarted ${run(2)} after 0, ${run(1)} from 4`])
  })

  it('begins after its head if it answers that it has not come so far', () => {
    const t = following()
    t.gets(1, 2, 3)
    t.hears(next(0))
    enters(t, next(0))
    t.passes(1500)
    t.hears(headOf(1))
    expect(deliveries(enters(t, headOf(1)))).toEqual([`restarted ${run(2)} after 0, ${run(1)} from 2`])
  })

  it('does not continue a run where it left another one', () => {
    const t = following()
    t.gets(1, 2, 3)
    t.hears(next(0))
    enters(t, next(0))
    const third = headOf(5, { epoch: run(3) })
    t.hears(third)
    expect(deliveries(enters(t, third))[0]).toBe(`restarted ${run(2)} after 0, ${run(3)} from 1`)
  })

  it('forgets a run without a name', () => {
    const t = talk()
    t.gets(7)
    t.passes(2000)
    t.hears(headOf(3))
    expect(deliveries(enters(t, headOf(3)))[0]).toBe(`restarted ? after 7, ${run(1)} from 1`)
    expect(t.state()?.others).toEqual([])
  })

  it('does not give it the numbers above its head if it sent only heartbeats', () => {
    const t = following()
    t.hears(next(0))
    t.passes(500)
    t.hears(next(0))
    t.gets(1)
    expect(deliveries(t.passes(1500))).toEqual([
      'unsequenced updates.1 BetweenRuns',
      `restarted ${run(1)} after 0, ${run(2)} from 1`,
    ])
  })

  it('takes its messages in order, and one that arrived twice as a duplicate', () => {
    const t = following()
    t.gets(1, 2, 3)
    t.gets(3, 3, 1, 2)
    expect(deliveries(enters(t, next(3)))).toEqual([`restarted ${run(1)} after 3, ${run(2)} from 1`, '1', '2', '3'])
    expect(t.self().usage.duplicates).toBe(1)
  })

  it('reports the end of a run that has ended already', () => {
    const t = following()
    t.hears(next(0))
    expect(deliveries(enters(t, next(0, { state: 'ended' })))).toEqual([
      `restarted ${run(1)} after 0, ${run(2)} from 1`,
      'ended 0',
    ])
  })
})

describe('a check that finds its run behind what is settled', () => {
  it('starts that again at the lowest number that waits, not below its start', () => {
    const t = talk()
    t.isAnswered(headOf(4, from(5)))
    t.gets(5, 6, 7, 8, 9, 10)
    t.gets(5, 3)
    expect(deliveries(t.isAnswered(headOf(6, from(5))))).toEqual([
      `restarted ${run(1)} after 10, ${run(1)} from 5`,
      '5',
      'gap 6-6 Heartbeat',
    ])
  })

  it('resumes it after a reconnect, as its answer may be older than its messages', () => {
    const t = following()
    t.gets(1, 2, 3)
    t.leaves()
    t.returns()
    expect([t.isAnswered(headOf(1)), t.state()?._tag]).toEqual([[], 'Following'])
  })

  it('starts it again if the check began before a reconnect', () => {
    const t = following()
    t.gets(1, 2, 3)
    t.hears(next(0))
    t.leaves()
    t.returns()
    expect(t.isAnswered(headOf(1))).toEqual([`restarted ${run(1)} after 3, ${run(1)} from 2`])
  })

  it('does not give it what arrived after the answer of another run, which has ended', () => {
    const t = following()
    t.gets(1, 2, 3, 4, 5)
    t.hears(next(0))
    t.isAnswered(next(0, { state: 'ended' }))
    t.gets(9)
    expect(deliveries(t.isAnswered(headOf(3)))).toEqual([
      'unsequenced updates.9 BetweenRuns',
      `restarted ${run(1)} after 5, ${run(1)} from 4`,
    ])
  })

  it('leaves a closed run closed, if that has come no further than the numbers after its end', () => {
    const t = following({ gapTimeout: 60_000 })
    t.gets(1)
    t.hears(headOf(9))
    t.hears(headOf(1, { state: 'ended' }))
    t.gets(10)
    t.isAnswered(headOf(5))
    expect(t.state()?._tag).toBe('Ended')
  })
})

describe('the run before', () => {
  it('of a saved position is ignored for a while, unless it is the one that answers', () => {
    const start = { v: 1, positions: [{ origin: 'updates', number: 3, epoch: run(1) }] } as const
    const others = (head: Head) => {
      const t = talk({ start })
      t.isAnswered(head)
      return t.state()?.others.map(o => o.epoch)
    }
    expect([others(next(5)), others(headOf(5))]).toEqual([[run(1)], []])
  })

  it('of a conflict is ignored for a while if a third one answers', () => {
    const t = following()
    t.hears(next(0))
    t.isAnswered(headOf(0))
    t.isAnswered(next(0))
    t.hears(next(0, { state: 'ended' }))
    t.isAnswered(headOf(0, { epoch: run(3) }))
    expect(t.state()?.others.map(o => o.epoch)).toEqual([run(2), run(1)])
    // Its heartbeat caused the check.
    expect(t.state()).toMatchObject({ _tag: 'Checking', other: { head: { epoch: run(1) }, by: 'cause' } })
  })
})

describe('a conflict', () => {
  it('ends when a run was not heard for its promised time and the grace', () => {
    const t = following({ heartbeatGrace: 600 })
    t.hears(next(0, { max: 900 }))
    t.isAnswered(headOf(0, { max: 400 }))
    t.isAnswered(next(0, { max: 900 }))
    const s = t.state()
    expect(s?._tag === 'Conflicted' ? s.live.map(l => [l.head.epoch, l.dueAt - t.now()]) : []).toEqual([
      [run(1), 1000],
      [run(2), 1500],
    ])
  })

  it('reports the end of a silence, and counts what had no room', () => {
    const t = following({ maxMessages: 4 })
    t.passes(6000)
    t.gets(1, 2, 3)
    t.hears(next(0))
    t.isAnswered(headOf(0))
    expect(deliveries(t.isAnswered(next(0))).slice(0, 2)).toEqual([`conflict ${run(1)} ${run(2)}`, 'resumed'])
    expect(t.self().usage.overflowed).toBe(1)
  })

  it('forgets that its epochs were ignored, and no others', () => {
    const t = following()
    t.gets(1)
    for (const head of [next(0), headOf(0, { epoch: run(3) })]) {
      t.hears(head)
      t.isAnswered(headOf(1))
      t.passes(1200)
    }
    t.hears(next(0))
    t.isAnswered(headOf(1))
    t.isAnswered(next(0))
    expect(t.state()).toMatchObject({ _tag: 'Conflicted', others: [{ epoch: run(3) }] })
  })
})

describe('a check', () => {
  it('takes over what waits for a far number or a neighbour', () => {
    const t = talk({ maxJump: 10 })
    t.gets(7)
    t.passes(2000)
    t.gets(99)
    t.gets(3)
    const s = t.state()
    if (s?._tag !== 'Unvouched') throw new Error('it is followed')
    const checking = check(stepOf(), s)
    expect([...M.entries(checking.probe.pending)].map(e => e.key)).toEqual([3, 99])
    expect(checking).toMatchObject({ isNewProbe: true, contact: s.contact, end: undefined })
  })

  it('does not count as new if its probe was sent before', () => {
    const t = following()
    const s = t.state()
    if (s?._tag !== 'Following') throw new Error('it is not followed')
    const step = stepOf()
    const probe = Probe.awaiting<string>(step, 1)
    expect([check(step, s, { probe }).isNewProbe, check(step, s, { probe }).probe, step.out]).toEqual([
      false,
      probe,
      [],
    ])
  })
})
