// What a reconnect and new room change.
import { describe, expect, it } from '@jest/globals'
import * as M from '../../../src/core/internal/OrderedMap.ts'
import { bufferOf, probeOf } from '../../../src/core/receiver/OriginState.ts'
import type { Talk } from './receiverHarness.ts'
import { alice, deliveries, following, headOf, ofMute, run, talk } from './receiverHarness.ts'

const ask = `ask ${alice().name}`

/** Disconnected for so many ms. */
const away = (t: Talk, ms = 10): string[] => {
  t.leaves()
  t.passes(ms)
  return t.returns()
}
const next = headOf(0, { epoch: run(2) })
const waiting = (t: Talk): number[] => {
  const s = t.state()
  return [...M.entries(s && probeOf(s)?.pending)].map(e => e.key)
}
const firstGap = (t: Talk) => {
  const s = t.state()
  return M.min(s && bufferOf(s)?.missing)?.value
}

describe('a reconnect', () => {
  it('makes a receiver request everything that is missing again, at once', () => {
    const t = following({ addressing: 'perSender' })
    t.gets(3)
    expect(away(t)).toEqual(['ask all', 'replay 1-2'])
    expect(t.state()).toMatchObject({ unansweredSince: t.now() - 10 })
  })

  it('ends a time without answers', () => {
    const t = following()
    t.gets(3)
    t.passes(100)
    away(t)
    expect(t.state()).toMatchObject({ _tag: 'Checking', unansweredSince: Number.POSITIVE_INFINITY })
  })

  it('checks a run in `single`, and only its own answer counts', () => {
    const t = following()
    const before = t.requestId()
    away(t)
    expect([t.gets(1), t.isAnswered(headOf(1), before), t.isAnswered(headOf(1))]).toEqual([[], [], ['1']])
  })

  it('continues without a check in `perSender`', () => {
    const t = following({ addressing: 'perSender' })
    away(t)
    expect([t.gets(1), t.state()?._tag]).toEqual([['1'], 'Following'])
  })

  it('makes far numbers wait for a new answer', () => {
    const t = following({ addressing: 'perSender', maxJump: 10 })
    t.gets(99)
    const before = t.requestId()
    away(t)
    expect(waiting(t)).toEqual([99])
    expect(t.isAnswered(headOf(0), before)).toEqual([])
    expect(t.isAnswered(headOf(0))).toEqual([`unsequenced ${t.origin.name}.99 Refuted`])
  })

  it('makes the first head wait for a new answer, and keeps the messages that wait', () => {
    const t = talk()
    t.gets(3)
    const before = t.requestId()
    expect([away(t), t.isAnswered(headOf(3), before), waiting(t)]).toEqual([['ask all'], [], [3]])
    expect(t.isAnswered(headOf(3))).toEqual(['began 2', '3'])
  })

  it('starts a check from the beginning, without the heads from before', () => {
    const t = following()
    t.gets(1)
    t.hears(next)
    t.isAnswered(next)
    t.gets(2)
    away(t)
    expect(t.state()).toMatchObject({ own: undefined, other: undefined, before: undefined, checkedAt: t.now() - 10 })
    expect([waiting(t), t.isAnswered(headOf(2))]).toEqual([[2], ['2']])
  })

  it('asks for a late head again', () => {
    const t = following({ addressing: 'perSender' })
    expect(t.passes(5500)).toEqual([ask])
    away(t)
    expect(t.passes(499).filter(w => w === ask)).toEqual([ask])
  })

  it('keeps numbers that wait for a neighbour', () => {
    const t = ofMute(7, { maxJump: 10 })
    t.gets(99)
    t.gets(3)
    away(t)
    expect([t.state()?._tag, waiting(t)]).toEqual(['Unvouched', [99]])
    expect(deliveries(t.passes(2000))).toEqual([
      'unsequenced updates.99 Unconfirmed',
      'unsequenced updates.3 Unconfirmed',
    ])
  })

  it('does not end a conflict', () => {
    const t = following()
    t.hears(next)
    t.isAnswered(headOf(0))
    t.isAnswered(next)
    away(t)
    expect(t.gets(1)).toEqual(['unsequenced updates.1 Conflict'])
  })

  it('makes a receiver ask the stream again', () => {
    const t = following({ addressing: 'perSender', stored: true })
    t.passes(6000)
    t.holds()
    t.passes(1000)
    t.holds()
    expect(away(t)).toEqual(['ask all', `stream ${t.origin.name} 1-${Number.MAX_SAFE_INTEGER}`])
    expect(t.state()?.stored).toMatchObject({ answers: 0 })
  })

  it('makes a receiver ask the stream again about an origin that it does not know yet', () => {
    const t = talk({ addressing: 'perSender', stored: true, start: 'all' })
    t.gets(3)
    t.passes(1500)
    expect(t.state()?.stored._tag).toBe('Requested')
    away(t)
    expect(t.state()?.stored._tag).toBe('Unknown')
  })
})

describe('a silence', () => {
  it('of a sender that was silent already is not reported again', () => {
    const t = following({ addressing: 'perSender' })
    expect([deliveries(t.passes(6000)), deliveries(t.passes(60_000))]).toEqual([['silent 5000'], []])
  })

  it.each<[string, (t: Talk) => void]>([
    ['it follows', () => {}],
    ['it checks', t => t.hears(next)],
  ])('is reported when there is room, in a sequence that %s', (_, happens) => {
    const t = following({ maxMessages: 2, requestTimeout: 60_000 })
    t.gets(1, 2)
    happens(t)
    expect([deliveries(t.passes(7000)), deliveries(t.takes(2))]).toEqual([[], ['silent 5000']])
    expect(deliveries([...t.takes(1), ...t.takes(0)])).toEqual([])
  })
})

describe('new room', () => {
  it('repeats the request for a head whose decision waited for it, and keeps the messages', () => {
    const t = following({ maxMessages: 2 })
    t.gets(1, 2)
    t.hears(next)
    t.gets(3)
    t.passes(2000)
    expect(t.takes(1)).toEqual(['ask updates'])
    expect(t.state()).toMatchObject({ probe: { tries: 1, dropped: { first: 3, last: 3 } } })
  })

  it('does not repeat a request that is on its way', () => {
    const t = following({ maxMessages: 2 })
    t.gets(1, 2)
    t.hears(next)
    t.gets(3)
    expect(t.takes(2)).toEqual([])
  })

  it('gives dropped numbers a new deadline, and requests them', () => {
    const t = following({ maxMessages: 2, gapTimeout: 700 })
    t.gets(1, 2, 3, 4)
    t.passes(300)
    expect(t.takes(2)).toEqual(['replay 3-4'])
    expect(firstGap(t)).toMatchObject({ first: 3, last: 4, deadline: t.now() + 700 })
  })

  it('requests the head again, once there is room, for a far number that waited for it', () => {
    const t = following({ addressing: 'perSender', maxMessages: 2, maxJump: 10 })
    t.gets(1, 2)
    t.gets(99)
    t.passes(2000)
    expect(t.takes(2)).toEqual([ask])
  })

  it.each([3, 99])('leaves the time of a number that waits for a neighbour as it is: %d', number => {
    const t = ofMute(7, { maxMessages: 5, maxBytes: 10, maxJump: 10, gapTimeout: 700 })
    // There is no room for this message, but for the next one.
    t.getsBytes(9, 20)
    t.gets(number)
    t.passes(300)
    t.takes(3, 1)
    expect(t.passes(399).filter(w => w.startsWith('unsequenced'))).toEqual([])
    expect(t.passes(1)).toContain(`unsequenced updates.${number} Unconfirmed`)
  })

  it('is used after a check, not during it', () => {
    const t = following({ maxMessages: 2, requestTimeout: 5000 })
    t.gets(1, 2, 3)
    t.gets(1)
    t.takes(2)
    expect(M.size(t.self().table.waiting)).toBe(1)
    expect(t.isAnswered(headOf(3))).toEqual(['replay 3-3'])
  })

  it('is used for the report that nobody confirms what follows an end', () => {
    const t = following({ addressing: 'perSender', maxMessages: 2 })
    t.gets(1)
    t.hears(headOf(1, { state: 'ended' }))
    expect([t.gets(2), t.takes(2, 1)]).toEqual([[], ['silent mute']])
  })

  it.each([3, 99])('gives a number that waits for a neighbour another gapTimeout: %d', number => {
    const t = ofMute(7, { maxMessages: 3, maxJump: 10, gapTimeout: 700 })
    t.gets(8)
    t.gets(number)
    const isOpen = (): boolean => {
      const s = t.state()
      return s?._tag === 'Unvouched' && (s.below !== undefined || s.far !== undefined)
    }
    t.passes(2000)
    t.takes(3, 2)
    expect([isOpen(), t.passes(699), isOpen(), t.passes(1), isOpen()]).toEqual([
      true,
      [],
      true,
      ['overflowed 1'],
      false,
    ])
  })
})
