// What single messages lead to, at the limits of each rule.
import { describe, expect, it } from '@jest/globals'
import * as M from '../../../src/core/internal/OrderedMap.ts'
import * as Q from '../../../src/core/internal/Queue.ts'
import { probeOf } from '../../../src/core/receiver/OriginState.ts'
import type { Options, Talk } from './receiverHarness.ts'
import { deliveries, following, headOf, ofMute, run, talk } from './receiverHarness.ts'

const waiting = (t: Talk): number[] => {
  const s = t.state()
  return [...M.entries(s && probeOf(s)?.pending)].map(e => e.key)
}
const below = (t: Talk): number[] => {
  const s = t.state()
  return s?._tag === 'Unvouched' ? [...M.entries(s.below?.pending)].map(e => e.key) : []
}
const duplicates = (t: Talk): number => t.self().usage.duplicates

describe('a message that waits for a probe', () => {
  it.each<[Options['addressing'], number, number]>([
    ['single', 1, 0],
    ['perSender', 0, 1],
  ])('and arrives twice (%s) may be of two senders only in `single`', (addressing = 'single', parked, dropped) => {
    const t = talk({ addressing })
    t.gets(5, 5)
    expect([waiting(t), Q.size(t.state()?.parked), duplicates(t)]).toEqual([[5], parked, dropped])
  })
})

describe('a number that was seen', () => {
  it('is a duplicate in `perSender`', () => {
    const t = following({ addressing: 'perSender' })
    expect([t.gets(1, 1), duplicates(t), t.state()?._tag]).toEqual([['1'], 1, 'Following'])
  })

  it('is parked without a request within 150 ms of the last check, while another one is parked', () => {
    const t = following()
    t.gets(1, 2)
    t.gets(1)
    t.passes(10)
    t.isAnswered(headOf(2))
    expect([t.passes(139), t.gets(2)]).toEqual([[], []])
    expect(t.state()?._tag).toBe('Following')
    expect([t.passes(1), t.gets(2)]).toEqual([[], ['ask updates']])
  })

  it('is checked if none is parked', () => {
    const t = following({ requestTimeout: 10 })
    t.gets(1)
    t.hears(headOf(0, { epoch: run(2) }))
    t.isAnswered(headOf(1))
    t.passes(20)
    expect([t.state()?._tag, t.gets(1)]).toEqual(['Following', ['ask updates']])
  })
})

describe('a number that is far ahead', () => {
  it.each([
    [10, ['gap 1-9 Data', 'replay 1-9']],
    [11, ['ask updates']],
  ])('waits for its sender from above maxJump on: %d', (number, said) => {
    expect(following({ maxJump: 10 }).gets(number)).toEqual(said)
  })

  it('shares its request with other far numbers', () => {
    const t = following({ maxJump: 10 })
    expect([t.gets(99, 50), waiting(t)]).toEqual([['ask updates'], [50, 99]])
  })
})

describe('a message after a silence', () => {
  it('is checked in `single`', () => {
    const t = following()
    t.passes(6000)
    expect([t.gets(1), t.state()?._tag]).toEqual([['ask updates'], 'Checking'])
  })

  it('is accepted in `perSender`, and the next heartbeat is due after the promised time', () => {
    const t = following({ addressing: 'perSender' })
    t.passes(6000)
    expect(t.gets(1)).toEqual(['resumed', '1'])
    expect(t.state()).toMatchObject({ contact: { _tag: 'Expected', max: 5000, dueAt: t.now() + 5000 } })
  })
})

describe('a message after the end', () => {
  const closed = (options: Options = {}) => {
    const t = following(options)
    t.gets(1, 3)
    t.hears(headOf(5, { state: 'ended' }))
    return t
  }

  it.each(['single', 'perSender'] as const)('that was still missing arrives late (%s)', addressing => {
    const t = closed({ addressing })
    expect([t.gets(2), t.gets(4, 5), t.state()?._tag]).toEqual([
      ['2 Late', '3 AfterGap'],
      ['4 Late', '5 Late', 'ended 5'],
      'Ended',
    ])
  })

  it('is a duplicate in `perSender` if its number was seen', () => {
    const t = closed({ addressing: 'perSender' })
    expect([t.gets(1, 3), duplicates(t)]).toEqual([[], 2])
  })

  it.each([1, 6])('is checked in `single`: %d', number => {
    const t = closed()
    expect([t.gets(number), waiting(t)]).toEqual([['ask updates'], [number]])
  })

  it('continues the run in `perSender`, and nobody confirms what follows', () => {
    const t = closed({ addressing: 'perSender' })
    t.gets(2, 4, 5)
    expect([t.gets(6), t.state()]).toMatchObject([['silent mute', '6'], { _tag: 'Unvouched', refused: false }])
  })
})

describe('while nobody answers', () => {
  it('a number that was seen and waits is a duplicate if it is held', () => {
    const t = ofMute(7)
    t.gets(10)
    expect([t.gets(10), duplicates(t), below(t)]).toEqual([[], 1, []])
  })

  it('a number that was seen is a duplicate in `perSender`', () => {
    const t = ofMute(7, { addressing: 'perSender' })
    expect([t.gets(7), duplicates(t), below(t)]).toEqual([[], 1, []])
  })

  it('settled numbers wait for a neighbour, and two neighbours are checked', () => {
    const t = ofMute(7)
    expect([t.gets(1), t.gets(5), below(t)]).toEqual([[], [], [1, 5]])
    expect([t.gets(4), waiting(t)]).toEqual([['ask updates'], [1, 4, 5]])
  })

  it('the number directly below the next one is settled', () => {
    const t = ofMute(7)
    expect([t.gets(7), below(t)]).toEqual([[], [7]])
  })

  it.each([
    [17, ['gap 8-16 Data']],
    [18, []],
  ])('a number waits for a neighbour from above maxJump on: %d', (number, said) => {
    expect(deliveries(ofMute(7, { maxJump: 10 }).gets(number))).toEqual(said)
  })

  it('two far neighbours confirm each other and all numbers below them, not those above', () => {
    const t = ofMute(7, { maxJump: 10, mode: 'arrival' })
    t.gets(30, 60, 99)
    expect(t.gets(61)).toEqual(['gap 8-29 Data', '30 AfterGap', 'gap 31-59 Data', '60 AfterGap', '61'])
    expect(waiting(t)).toEqual([99])
  })

  it('a sequence that continues proves low numbers duplicates', () => {
    const t = ofMute(7)
    t.gets(3, 5)
    expect([t.gets(8), below(t), duplicates(t)]).toEqual([['8'], [], 2])
  })

  it('a message of a sender that has promised heartbeats expects one again', () => {
    const t = following({ addressing: 'perSender', maxJump: 10 })
    t.gets(99)
    t.passes(2000)
    expect(t.state()).toMatchObject({ _tag: 'Unvouched', contact: { _tag: 'Expected', max: 5000 } })
    t.gets(1)
    expect(t.state()).toMatchObject({ contact: { _tag: 'Expected', dueAt: t.now() + 5000 } })
    t.passes(100)
    t.gets(40)
    t.gets(41)
    expect(t.state()).toMatchObject({ contact: { _tag: 'Expected', dueAt: t.now() + 5000 } })
  })

  it('a saved position is kept after a check that found nothing', () => {
    const start = { v: 1, positions: [{ origin: 'updates', number: 41, epoch: run(7) }] } as const
    const t = talk({ start })
    t.gets(42)
    t.passes(1500)
    expect(t.hears(headOf(42))).toEqual(['ask updates'])
    t.passes(1500)
    expect(t.state()).toMatchObject({ _tag: 'Unvouched', saved: { epoch: run(7) } })
    expect(t.hears(headOf(42, { epoch: run(7) }))).toEqual(['resumed'])
  })

  it('nothing is expected from a sender without heartbeats', () => {
    const t = ofMute(7, { addressing: 'perSender' })
    expect([t.gets(8), t.passes(60_000)]).toEqual([['8'], []])
    expect(t.state()).toMatchObject({ contact: { _tag: 'Silent', max: undefined } })
  })
})

describe('in a conflict', () => {
  it('a message without room is counted, and the conflict goes on', () => {
    const t = following({ maxMessages: 2 })
    const other = headOf(0, { epoch: run(2) })
    t.hears(other)
    t.isAnswered(headOf(0))
    t.isAnswered(other)
    expect([t.gets(1), t.gets(2), t.self().usage.overflowed]).toEqual([['unsequenced updates.1 Conflict'], [], 1])
    expect(t.state()?._tag).toBe('Conflicted')
  })
})
