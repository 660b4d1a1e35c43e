// Parked messages: how long a message whose number was seen waits, and what it turns out to be.
import { describe, expect, it } from '@jest/globals'
import * as Q from '../../../src/core/internal/Queue.ts'
import { named } from '../../../src/core/receiver/follow.ts'
import type { Joining } from '../../../src/core/receiver/OriginState.ts'
import { joining } from '../../../src/core/receiver/OriginState.ts'
import * as Probe from '../../../src/core/receiver/Probe.ts'
import * as Parked from '../../../src/core/receiver/parked.ts'
import * as B from '../../../src/core/receiver/ReorderBuffer.ts'
import { arrival, headOf, said, single, stepOf, talk } from './receiverHarness.ts'

const begun: Joining<string> = joining(single(), { _tag: 'New' }, Probe.awaiting(stepOf(), 1))

/** The origin after its run was named. */
const following = named<string>(begun, { buffer: B.startingAt(4), requestAt: 0, unansweredSince: 0 }, headOf(3), {
  contact: { _tag: 'Silent', max: 500, reported: true },
})

describe('a parked message', () => {
  const at = 1000
  /** Messages 1 and 2 are parked, 50 ms apart. */
  const parked = (step = stepOf({ now: at })) => {
    const one = Parked.park(step, following, arrival(1))
    return Parked.park({ ...step, now: at + 50 }, one, arrival(2))
  }

  it('waits for 150 ms, each from its own arrival', () => {
    const s = parked()
    expect(Parked.dueAt(s)).toBe(at + 150)
    const released = [149, 150, 199, 200].map(ms => {
      const step = stepOf({ now: at + ms, messages: 2, bytes: 2 })
      const after = Parked.releaseDue(step, s)
      return [step.duplicates, step.messages, step.bytes, Parked.dueAt(after)]
    })
    expect(released).toEqual([
      [0, 2, 2, at + 150],
      [1, 1, 1, at + 200],
      [1, 1, 1, at + 200],
      [2, 0, 0, Number.POSITIVE_INFINITY],
    ])
  })

  it.each([
    ['since it was parked', at, ['unsequenced updates.1 Conflict'], 0],
    ['only before', at - 1, [], 1],
  ])('is of a second sender if another epoch was heard %s', (_, otherHeardAt, delivered, duplicates) => {
    const step = stepOf({ now: at + 150, messages: 2, bytes: 2 })
    Parked.releaseDue(step, { ...parked(), otherHeardAt })
    expect([said(step.out), step.duplicates]).toEqual([delivered, duplicates])
  })

  it('waits for the answer while a probe is open', () => {
    const s = Parked.park(stepOf(), begun, arrival(1))
    expect([Parked.dueAt(s), Parked.releaseDue(stepOf({ now: 1e6 }), s)]).toEqual([Number.POSITIVE_INFINITY, s])
  })

  it.each([
    [at, [0, 1]],
    [at - 149, [0, 1]],
    [at - 150, [0, 1]],
    [at - 151, [1, 0]],
  ])('without room is a duplicate unless another epoch was heard within 150 ms (at %d)', (otherHeardAt, counts) => {
    const step = stepOf({ now: at, settings: { maxBytes: 0 } })
    const s = { ...following, otherHeardAt }
    expect([Parked.park(step, s, arrival(1)), step.duplicates, step.overflowed]).toEqual([s, ...counts])
  })

  it('is released with all others that are due, not with later ones', () => {
    const step = stepOf({ now: at })
    const s = Parked.park({ ...step, now: at + 100 }, parked(step), arrival(3))
    const late = stepOf({ now: at + 200, messages: 3, bytes: 3 })
    expect([Parked.dueAt(Parked.releaseDue(late, s)), late.duplicates]).toEqual([at + 250, 2])
  })

  it('waits for the answer of a check, too', () => {
    const t = talk()
    t.isAnswered(headOf(0))
    t.gets(1, 1, 1)
    t.passes(400)
    expect([t.state()?._tag, Q.size(t.state()?.parked), t.self().usage.duplicates]).toEqual(['Checking', 1, 0])
  })

  it('is returned in order of arrival, and its room is released', () => {
    const step = stepOf({ now: at })
    const s = [5, 3, 5].reduce((to, n) => Parked.park(step, to, arrival(n)), following)
    expect([step.messages, step.bytes]).toEqual([3, 3])
    expect(Parked.takeAll(step, s.parked).map(a => a.number)).toEqual([5, 3, 5])
    expect([step.messages, step.bytes]).toEqual([0, 0])
  })

  it('is a copy', () => {
    const step = stepOf({ settings: { retain: data => `copy of ${data}` } })
    expect(Parked.takeAll(step, Parked.park(step, following, arrival(1)).parked).map(a => a.data)).toEqual([
      'copy of m1',
    ])
  })
})
