// Timers of one origin: when it wakes, and what it does then.
import { describe, expect, it } from '@jest/globals'
import type { Talk } from './receiverHarness.ts'
import { alice, deliveries, headOf, run, talk } from './receiverHarness.ts'

const ask = `ask ${alice().name}`

/** A receiver of the addressing `perSender` that follows a run from its start. */
const following = (options: Parameters<typeof talk>[0] = {}): Talk => {
  const t = talk({ addressing: 'perSender', ...options })
  t.isAnswered(headOf(0, { max: 1000 }))
  return t
}
/** How long it sleeps if nothing happens. */
const sleeps = (t: Talk): number => t.self().wakeAt - t.now()

describe('an origin wakes', () => {
  it('half of heartbeatGrace after a heartbeat was due, to request the head, and at its end, to report a silence', () => {
    const t = following({ heartbeatGrace: 600 })
    expect([sleeps(t), t.passes(1299), t.passes(1)]).toEqual([1300, [], [ask]])
    expect([sleeps(t), t.passes(299), t.passes(1)]).toEqual([300, [], ['silent 1000']])
    expect(sleeps(t)).toBe(Number.POSITIVE_INFINITY)
  })

  it('to report a silence only, if it wakes so late', () => {
    const t = following()
    t.leaves()
    t.returns()
    t.isAnswered(headOf(0, { max: 0 }))
    expect(t.passes(1000)).toEqual([ask, 'silent 0'])
  })

  it('when a gap expires, and when its request is repeated', () => {
    const t = following({ requestTimeout: 100_000, gapTimeout: 800 })
    t.gets(2)
    expect([sleeps(t), t.passes(799), t.passes(1)]).toEqual([800, [], ['lost 1-1 unresolved', '2 AfterGap']])
  })

  it('not before the consumer makes room, if a gap waits for it', () => {
    const t = following({ maxMessages: 2, gapTimeout: 800 })
    t.gets(1, 2, 3)
    t.passes(2500)
    expect(sleeps(t)).toBe(Number.POSITIVE_INFINITY)
  })

  it('when a probe for a far number is due', () => {
    const t = following({ maxJump: 10, requestTimeout: 70 })
    t.gets(99)
    expect([sleeps(t), t.passes(70), sleeps(t)]).toEqual([70, [ask], 140])
  })

  it('150 ms after a message was parked', () => {
    const t = talk()
    t.isAnswered(headOf(0))
    t.gets(1, 1)
    t.isAnswered(headOf(1))
    expect([t.passes(149), t.self().usage.duplicates]).toEqual([[], 0])
    expect([t.passes(1), t.self().usage.duplicates]).toEqual([[], 1])
  })

  it('after gapTimeout if a number waits for its neighbour', () => {
    const t = talk({ gapTimeout: 800 })
    t.gets(7)
    t.passes(2000)
    t.gets(3)
    expect([sleeps(t), t.passes(799), t.passes(1)]).toEqual([800, [], ['unsequenced updates.3 Unconfirmed']])
  })

  it('when the first of two far and low numbers has waited for gapTimeout', () => {
    const t = talk({ gapTimeout: 800, maxJump: 10 })
    t.gets(7)
    t.passes(2000)
    t.gets(99)
    t.passes(300)
    t.gets(3)
    expect([t.passes(499), t.passes(1)]).toEqual([[], ['unsequenced updates.99 Unconfirmed']])
    expect([t.passes(299), t.passes(1)]).toEqual([[], ['unsequenced updates.3 Unconfirmed']])
  })

  it('when the first of a low and a far number has waited for gapTimeout', () => {
    const t = talk({ gapTimeout: 800, maxJump: 10 })
    t.gets(7)
    t.passes(2000)
    t.gets(3)
    t.passes(300)
    t.gets(99)
    expect([t.passes(500), t.passes(299), t.passes(1)]).toEqual([
      ['unsequenced updates.3 Unconfirmed'],
      [],
      ['unsequenced updates.99 Unconfirmed'],
    ])
  })

  it('when the first of two runs in a conflict is silent', () => {
    const t = talk({ heartbeatGrace: 600 })
    t.isAnswered(headOf(0, { max: 1000 }))
    const other = headOf(0, { epoch: run(2), max: 300 })
    t.hears(other)
    t.isAnswered(headOf(0, { max: 1000 }))
    t.isAnswered(other)
    expect(t.state()?._tag).toBe('Conflicted')
    expect([t.passes(899), t.passes(1)]).toEqual([[], ['ask updates']])
  })

  it('never once its sender has closed', () => {
    const t = following()
    t.hears(headOf(0, { state: 'ended' }))
    expect(t.passes(60_000)).toEqual([])
    expect(sleeps(t)).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('during a check', () => {
  const checked = () => {
    const t = talk({ requestTimeout: 50_000 })
    t.isAnswered(headOf(0, { max: 1000 }))
    t.gets(1, 3)
    t.hears(headOf(0, { epoch: run(2) }))
    return t
  }

  it('a silence is reported without another request, and no gap expires', () => {
    const t = checked()
    expect([t.passes(1999), t.passes(1), t.passes(20_000)]).toEqual([[], ['silent 1000'], []])
  })

  it('a gap that expired meanwhile is reported at once when the check is over', () => {
    const t = checked()
    t.passes(3000)
    expect(deliveries([...t.isAnswered(headOf(3)), ...t.passes(60_000)])).toContain('lost 2-2 unresolved')
  })
})
