// What a receiver does if nobody answers its probe.
import { describe, expect, it } from '@jest/globals'
import * as M from '../../../src/core/internal/OrderedMap.ts'
import type { Position } from '../../../src/core/protocol/Positions.ts'
import type { Options, Talk } from './receiverHarness.ts'
import { alice, deliveries, following, headOf, ofMute, run, talk } from './receiverHarness.ts'

const saved = (position: Omit<Position, 'origin'>, origin = 'updates'): Options => ({
  start: { v: 1, positions: [{ origin, ...position }] },
})
const next = headOf(0, { epoch: run(2) })

/** Nobody listens to the open request, nor to its repetitions. */
const isUnheard = (t: Talk): string[] => {
  t.isUnheard()
  t.passes(100)
  t.isUnheard()
  t.passes(400)
  t.isUnheard()
  return t.passes(0)
}
/** Fills the limits of the consumer with this many messages outside of the sequence. */
const stray = (t: Talk, count: number): void => {
  const message = { _tag: 'Unsequenced', subject: 'x', reason: 'NoNumber', data: '', headers: undefined } as const
  for (let i = 0; i < count; i++)
    t.on({ _tag: 'UnsequencedReceived', message: { ...message, reply: undefined }, bytes: 1 })
}

describe('a saved origin whose sender does not answer', () => {
  it('is asked again every 800 ms, and at the deadline', () => {
    const t = talk({ ...saved({ number: 4 }), gapTimeout: 3500 })
    const times: number[] = []
    for (let ms = 1; ms < 3500; ms++) if (t.passes(1).includes('ask updates')) times.push(ms)
    expect(times).toEqual([100, 300, 700, 1500, 2300, 3100])
    expect([t.passes(1), t.state()]).toEqual([['lost 5- gone'], undefined])
  })

  it('is reported as gone, unless its sender had closed', () => {
    expect(deliveries(talk(saved({ number: 4, ended: true })).passes(9000))).toEqual([])
    expect(deliveries(talk(saved({ number: 4 })).passes(9000))).toEqual(['lost 5- gone'])
  })

  it('starts with a heartbeat at once, without waiting for the deadline', () => {
    const t = talk({ ...saved({ number: 4, epoch: run(1) }), gapTimeout: 9000 })
    t.hears(headOf(6))
    expect(t.passes(1500)).toContain('gap 5-6 Heartbeat')
  })

  it('is reported as gone only when there is room', () => {
    const t = talk({ ...saved({ number: 4 }), maxMessages: 2 })
    stray(t, 2)
    expect([deliveries(t.passes(9000)), t.state()?._tag]).toEqual([[], 'Joining'])
    t.takes(2)
    expect(deliveries(t.passes(9000))).toEqual(['lost 5- gone'])
  })

  it('follows what a stream holds after its number', () => {
    const t = talk({ ...saved({ number: 4 }, alice().name), addressing: 'perSender', stored: true })
    t.passes(1500)
    expect(deliveries(t.holds([1, 2], [7, 8]))).toEqual(['gap 5-8 Stream', 'silent mute'])
    expect(t.state()?.stored).toMatchObject({ _tag: 'Known', later: [], answers: 1 })
  })

  it('waits for the stream as long as it is asked again', () => {
    const t = talk({ ...saved({ number: 4 }, alice().name), addressing: 'perSender', stored: true })
    t.passes(1500)
    t.holds()
    expect(deliveries(t.passes(900))).toEqual([])
    const said = t.passes(100)
    expect(said).toContain(`stream ${alice().name} 5-${Number.MAX_SAFE_INTEGER}`)
  })
})

describe('a new origin whose sender does not answer', () => {
  it('is forgotten if no message of it arrived', () => {
    const t = talk()
    t.on({ _tag: 'HeartbeatReceived', origin: t.origin, head: headOf(3) })
    expect(t.state()?._tag).toBe('Joining')
    const refused = talk({ stored: true, start: 'all', addressing: 'perSender' })
    refused.passes(500)
    refused.holds([1, 2])
    refused.passes(1500)
    expect(refused.state()?._tag).toBe('Unvouched')
  })

  it('waits for room', () => {
    const full = talk({ maxMessages: 2 })
    stray(full, 2)
    full.gets(5)
    expect([deliveries(full.passes(5000)), full.self().wakeAt]).toEqual([[], Number.POSITIVE_INFINITY])
  })

  it('starts with its lowest number', () => {
    const t = talk()
    t.gets(7, 5)
    expect(deliveries(t.passes(1500))).toEqual(['silent mute', '5', 'gap 6-6 Data'])
  })

  it('is not requested from a stream if only new messages are wanted', () => {
    const t = talk({ stored: true })
    t.gets(5)
    const said = t.passes(1500)
    expect([said.includes('began 4'), said.filter(w => w.startsWith('stream')).length]).toEqual([true, 1])
    const all = talk({ stored: true, start: 'all' })
    all.gets(5)
    expect([all.passes(1500).includes('began 4'), all.state()?._tag]).toEqual([false, 'Joining'])
  })

  it('starts with its numbers if the stream does not answer within gapTimeout', () => {
    const t = talk({ stored: true, start: 'all', gapTimeout: 700 })
    t.gets(5)
    t.passes(1500)
    expect([deliveries(t.passes(699)), deliveries(t.passes(1))]).toEqual([[], ['silent mute', '5']])
  })

  it('starts with what a stream holds and with what has arrived, if no other run can have used the numbers', () => {
    const t = talk({ stored: true, start: 'all', addressing: 'perSender', mode: 'arrival' })
    t.gets(5)
    t.passes(1500)
    expect(deliveries(t.holds([3, 4], [8, 9]))).toEqual(['gap 3-4 Stream', 'silent mute', '5 AfterGap'])
    const lower = talk({ stored: true, start: 'all', addressing: 'perSender' })
    lower.gets(5)
    lower.passes(1500)
    expect(deliveries(lower.holds([8, 9]))).toEqual(['gap 5-9 Stream', 'silent mute', '5 Late'])
  })

  it('starts with what has arrived, not with what a stream holds of a possibly earlier run', () => {
    const t = talk({ stored: true, start: 'all' })
    t.gets(5)
    t.passes(1500)
    expect(deliveries(t.holds([1, 3]))).toEqual(['silent mute', '5'])
  })

  it('starts with a message for which there was no room, too', () => {
    const t = talk({ stored: true, start: 'all', maxMessages: 2 })
    stray(t, 2)
    t.gets(5)
    t.takes(2)
    t.passes(1500)
    expect(deliveries(t.holds([1, 3]))).toEqual(['silent mute', 'gap 5-5 Data'])
  })

  it('is reported as ambiguous up to the last number that a stream holds, and not followed', () => {
    const t = talk({ stored: true, start: 'all' })
    t.passes(500)
    t.holds([3, 5], [8, 9])
    expect([deliveries(t.passes(1500)), t.state()]).toEqual([['lost 3-9 ambiguous'], undefined])
  })

  it('decides about the answer of a stream when there is room', () => {
    const full = talk({ stored: true, start: 'all', addressing: 'perSender', maxMessages: 2 })
    stray(full, 2)
    full.gets(5)
    full.takes(2)
    full.passes(1500)
    stray(full, 2)
    expect([deliveries(full.holds([5, 6])), full.state()?._tag]).toEqual([[], 'Joining'])
    full.takes(2)
    expect(deliveries(full.passes(1500))).toEqual(['gap 5-6 Stream', 'silent mute'])
  })
})

describe('two consecutive numbers that were seen', () => {
  const silentOf = (t: Talk): void => {
    t.gets(1, 2, 3)
    t.passes(6000)
  }

  it.each<[string, () => Talk, (t: Talk) => string[], boolean]>([
    ['the run has no name', () => ofMute(7), t => t.passes(1500), true],
    [
      'its sender is silent, and nobody listens',
      () => {
        const t = following()
        silentOf(t)
        return t
      },
      isUnheard,
      true,
    ],
    [
      'its sender is silent, and does not answer',
      () => {
        const t = following()
        silentOf(t)
        return t
      },
      t => t.passes(1500),
      false,
    ],
    [
      'its sender is heard, but nobody listens',
      () => {
        const t = following()
        t.gets(1, 2, 3)
        return t
      },
      isUnheard,
      false,
    ],
  ])('are a restart or duplicates: %s', (_, begin, unanswered, isRestart) => {
    const t = begin()
    t.gets(1, 2)
    expect(deliveries(unanswered(t)).some(w => w.startsWith('restarted'))).toBe(isRestart)
    expect(t.self().usage.duplicates).toBe(0)
    expect(isRestart ? t.gets(3) : t.gets(2)).toEqual(isRestart ? ['3'] : expect.anything())
  })

  it('are the first that are consecutive: lower ones are not confirmed', () => {
    const t = ofMute(9)
    t.gets(1, 3, 6, 7)
    expect(deliveries(t.passes(1500))).toEqual([
      'unsequenced updates.1 Unconfirmed',
      'unsequenced updates.3 Unconfirmed',
      'restarted ? after 9, ? from 6',
      '6',
      '7',
    ])
    expect([t.passes(5000), t.self().usage.duplicates]).toEqual([[], 0])
  })

  it('restart a run whose tail nobody can confirm: a silence that was not reported is', () => {
    const t = following()
    t.gets(1, 2, 3)
    t.hears(headOf(3, { state: 'ended' }))
    t.gets(4)
    isUnheard(t)
    t.gets(1, 2)
    expect(deliveries(isUnheard(t))).toEqual([`restarted ${run(1)} after 4, ? from 1`, '1', '2'])
    expect(t.state()).toMatchObject({ contact: { _tag: 'Silent', max: undefined }, refused: true })
  })

  it('are checked again if they arrived twice', () => {
    const t = ofMute(9)
    t.gets(1, 2, 3)
    t.gets(1, 2, 3)
    expect(deliveries(t.passes(1500))).toEqual(['restarted ? after 9, ? from 1', '1', '2', '3'])
    const s = t.state()
    expect(s?._tag === 'Checking' ? [...M.entries(s.probe.pending)].map(e => e.key) : []).toEqual([1, 2, 3])
  })

  it('restart at most what they reach: dropped numbers above them are missing', () => {
    const t = ofMute(9, { maxMessages: 6 })
    t.gets(1, 2)
    t.gets(5)
    t.takes(2, 1)
    expect(deliveries(t.passes(1500))).toEqual(['restarted ? after 9, ? from 1', '1', '2', 'gap 3-5 Data'])
  })
})

describe('a check that nobody answers', () => {
  it('waits for room before it decides', () => {
    const t = following({ maxMessages: 3 })
    t.gets(1, 2, 3)
    t.gets(1)
    expect([t.passes(5000).filter(w => !w.startsWith('ask')), t.state()?._tag]).toEqual([[], 'Checking'])
    expect(t.takes(3)).toContain('ask updates')
  })

  it('ignores the run whose heartbeat caused it, until that is heard a second time', () => {
    const t = following()
    t.hears(next)
    t.passes(1500)
    expect(t.state()).toMatchObject({ others: [{ epoch: run(2) }] })
    expect([t.hears(next), t.passes(1000), t.hears(next)]).toEqual([[], [], ['ask updates']])
  })

  it('leaves a closed origin closed if nothing has arrived', () => {
    const t = following()
    t.gets(1, 2)
    t.hears(headOf(2, { state: 'ended' }))
    t.hears(next)
    expect([deliveries(t.passes(1500)), t.state()]).toMatchObject([
      [],
      { _tag: 'Ended', end: { last: 2, reported: true } },
    ])
  })

  it('opens a closed origin if a message has arrived', () => {
    const t = following()
    t.hears(headOf(0, { state: 'ended' }))
    t.gets(1)
    expect([deliveries(t.passes(1500)), t.state()?._tag]).toEqual([['silent mute', '1'], 'Unvouched'])
  })

  it('opens a closed origin if a message has arrived for which there was no room', () => {
    const t = following({ maxMessages: 2 })
    t.hears(headOf(0, { state: 'ended' }))
    stray(t, 1)
    t.gets(1)
    t.takes(2, 1)
    expect([deliveries(t.passes(1500)), t.state()?._tag]).toEqual([['silent mute', 'gap 1-1 Data'], 'Unvouched'])
  })
})

describe('a far number that nobody confirms', () => {
  it('waits for a neighbour, for gapTimeout', () => {
    const t = following({ maxJump: 10, gapTimeout: 700 })
    t.gets(99)
    t.passes(1500)
    expect([t.state()?._tag, t.passes(699), t.passes(1)]).toEqual([
      'Unvouched',
      [],
      ['unsequenced updates.99 Unconfirmed'],
    ])
  })

  it('is confirmed by the last heartbeat', () => {
    const t = following({ maxJump: 10, mode: 'arrival' })
    t.gets(99)
    t.hears(headOf(100))
    expect(deliveries(t.passes(1500))).toEqual(['gap 1-98 Data', '99 AfterGap', 'gap 100-100 Heartbeat'])
  })

  it('waits for room before it is decided', () => {
    const t = following({ maxJump: 10, maxMessages: 3 })
    t.gets(1, 2)
    t.gets(99)
    stray(t, 1)
    t.takes(1)
    stray(t, 1)
    expect([deliveries(t.passes(1500)), t.state()?._tag]).toEqual([[], 'Unvouched'])
    const full = following({ maxJump: 10, maxMessages: 2 })
    full.gets(1, 2, 99)
    full.passes(1500)
    expect([full.state()?._tag, M.size(full.self().table.waiting)]).toEqual(['Following', 1])
    expect(full.takes(2)).toEqual(['ask updates'])
  })
})

describe('a number without a neighbour', () => {
  it('that arrived during a check waits for one from then on', () => {
    const t = ofMute(7, { gapTimeout: 5000 })
    t.hears(headOf(3))
    t.gets(3)
    expect([deliveries(t.passes(1500)), t.state()?._tag]).toEqual([[], 'Unvouched'])
    expect(deliveries(t.passes(5000))).toEqual(['unsequenced updates.3 Unconfirmed'])
  })

  it.each([
    ['low', 3],
    ['far', 99],
  ])('waits for room before it is delivered: a %s one', (_, number) => {
    const t = ofMute(7, { maxJump: 10, maxMessages: 3, gapTimeout: 700 })
    t.gets(8)
    t.gets(number)
    t.passes(5000)
    expect([t.self().wakeAt, M.size(t.self().table.waiting)]).toEqual([Number.POSITIVE_INFINITY, 1])
  })
})
