// Two senders on one `single` subject, and restarts: which run the receiver follows, and what it does with the messages
// of both.
import { describe, expect, it } from '@jest/globals'
import type { Head } from '../../../src/core/protocol/Head.ts'
import { explain } from '../../../src/core/receiver/explain.ts'
import { parkTime } from '../../../src/core/receiver/parked.ts'
import { defaults } from '../../../src/core/receiver/settings.ts'
import type { Options, Rig } from './receiverHarness.ts'
import { arrival, headOf, rig, run, said, single } from './receiverHarness.ts'

const origin = single()
const old = (head: number, changes: Partial<Head> = {}): Head => headOf(head, changes)
const next = (head: number, changes: Partial<Head> = {}): Head => headOf(head, { epoch: run(2), ...changes })
const third = (head: number): Head => headOf(head, { epoch: run(3) })

interface Talk {
  readonly rig: Rig
  readonly gets: (...numbers: number[]) => string[]
  readonly hears: (head: Head) => string[]
  readonly isAnswered: (head: Head) => string[]
  readonly passes: (ms: number) => string[]
}

const withoutRequests = (words: string[]): string[] => words.filter(w => !w.startsWith('ask'))

/** A receiver that follows run 1 from its start. */
const following = (options: Options = {}): Talk => {
  const r = rig(options)
  r.on({ _tag: 'Started' })
  r.on({ _tag: 'HeadAnswered', requestId: 1, origin, head: old(0) })
  return {
    rig: r,
    gets: (...numbers) => numbers.flatMap(n => said(r.on({ _tag: 'MessageReceived', origin, arrival: arrival(n) }))),
    hears: head => said(r.on({ _tag: 'HeartbeatReceived', origin, head })),
    isAnswered: head => said(r.on({ _tag: 'HeadAnswered', requestId: r.requestId(), origin, head })),
    passes: ms => said(r.wait(ms)),
  }
}

/** A receiver that has found runs 1 and 2 alive. */
const conflicted = (options: Options = {}): Talk => {
  const t = following(options)
  t.gets(1, 2, 3)
  t.hears(next(1))
  t.isAnswered(old(3))
  expect(t.isAnswered(next(1))).toEqual([`conflict ${run(1)} ${run(2)}`])
  return t
}

describe('a heartbeat of a second epoch', () => {
  it('starts a check, and nothing is delivered until an answer arrives', () => {
    const t = following()
    expect([t.gets(1), t.hears(next(0)), t.gets(2, 3)]).toEqual([['1'], ['ask updates'], []])
  })

  it('is a restart if the new epoch answers and the followed one does not', () => {
    const t = following()
    t.gets(1, 2)
    t.hears(next(0))
    expect(t.isAnswered(next(0))).toEqual([])
    expect(t.passes(defaults.requestTimeout)).toEqual([`restarted ${run(1)} after 2, ${run(2)} from 1`])
  })

  it('owns the messages that arrive after its answer, although that answer counts none of them', () => {
    const t = following()
    t.gets(1, 3)
    t.hears(next(0))
    t.gets(4)
    t.isAnswered(next(0))
    expect([t.gets(1, 2), t.passes(defaults.requestTimeout)]).toEqual([
      [],
      [
        'unsequenced updates.4 BetweenRuns',
        'lost 2-2 gone',
        '3 AfterGap',
        `restarted ${run(1)} after 3, ${run(2)} from 1`,
        '1',
        '2',
      ],
    ])
  })

  it('is a restart at once if the followed run has ended', () => {
    const t = following()
    expect(t.hears(old(0, { state: 'ended' }))).toEqual(['ended 0'])
    t.hears(next(0))
    expect(t.isAnswered(next(0))).toEqual([`restarted ${run(1)} after 0, ${run(2)} from 1`])
  })

  it('is a restart at once if the followed run is silent', () => {
    const t = following()
    t.passes(6000)
    t.hears(next(0))
    expect(t.isAnswered(next(0))).toEqual([`restarted ${run(1)} after 0, ${run(2)} from 1`, 'resumed'])
  })

  it('changes nothing if only the followed run answers, and is ignored for one second, then for two', () => {
    const t = following()
    t.gets(1)
    const asks: number[] = []
    for (let ms = 0; ms < 3500; ms += 100) {
      const words = t.hears(next(0))
      if (words.includes('ask updates')) {
        asks.push(ms)
        t.isAnswered(old(1))
      }
      t.passes(100)
    }
    expect(asks).toEqual([0, 1100, 3200])
    expect(t.gets(2)).toEqual(['2'])
  })

  it('is a conflict if both answer, in either order', () => {
    for (const heads of [
      [old(1), next(4)],
      [next(4), old(1)],
    ]) {
      const t = following()
      t.gets(1)
      t.hears(next(4))
      expect(heads.flatMap(h => t.isAnswered(h))).toEqual([`conflict ${run(1)} ${run(2)}`])
    }
  })

  it('makes the receiver follow the new run if nobody answers and its heartbeat was the last', () => {
    const t = following()
    t.hears(next(0))
    t.passes(500)
    t.hears(next(0))
    expect(withoutRequests(t.passes(1500))).toEqual([`restarted ${run(1)} after 0, ${run(2)} from 1`])
  })

  it('does not make the receiver follow the new run if nobody answers and the followed run was heard last', () => {
    const t = following()
    t.hears(next(0))
    t.passes(500)
    t.hears(next(0))
    t.hears(old(0))
    expect(withoutRequests(t.passes(1500))).toEqual([])
    expect(t.gets(1)).toEqual(['1'])
  })

  it('does not start a run after one unconfirmed heartbeat, but after the second', () => {
    const t = following()
    t.hears(next(0))
    expect(withoutRequests(t.passes(2600))).toEqual([])
    t.hears(next(0))
    expect(withoutRequests(t.passes(1600))).toEqual([`restarted ${run(1)} after 0, ${run(2)} from 1`])
  })

  it('does not deliver messages again if the receiver returns to a run', () => {
    const t = following()
    t.gets(1, 2, 3)
    t.hears(next(0))
    t.isAnswered(next(0))
    t.passes(defaults.requestTimeout)
    t.passes(2000)
    t.hears(old(5))
    t.isAnswered(old(5))
    expect(withoutRequests(t.passes(defaults.requestTimeout))).toEqual([
      `restarted ${run(2)} after 0, ${run(1)} from 4`,
      'gap 4-5 Heartbeat',
    ])
  })
})

describe('a message whose number was seen', () => {
  it('is dropped as a duplicate after 150 ms, while the sequence continues', () => {
    const t = following()
    t.gets(1, 2)
    expect(t.gets(1)).toEqual(['ask updates'])
    expect([t.isAnswered(old(2)), t.gets(3)]).toEqual([[], ['3']])
    expect(t.passes(parkTime)).toEqual([])
    expect(t.rig.self().usage).toMatchObject({ duplicates: 1, messages: 4 - 1 })
  })

  it('makes the receiver request the head once, for any number of them', () => {
    const t = following()
    t.gets(1, 2, 3)
    expect(t.gets(1, 2, 3)).toEqual(['ask updates'])
    t.isAnswered(old(3))
    expect(t.gets(1, 2, 3)).toEqual([])
    expect(t.passes(parkTime)).toEqual([])
    expect(t.rig.self().usage.duplicates).toBe(6)
  })

  it('is delivered as unsequenced if another epoch is heard within 150 ms', () => {
    const t = following()
    t.gets(1, 2)
    t.gets(1)
    t.isAnswered(old(2))
    t.passes(50)
    t.hears(next(1))
    t.isAnswered(old(2))
    expect(withoutRequests(t.passes(2000))).toEqual(['unsequenced updates.1 Conflict'])
  })

  it('belongs to the new run if the sender has restarted', () => {
    const t = following()
    t.gets(1, 2, 3, 1, 2)
    t.isAnswered(next(3))
    expect(t.passes(defaults.requestTimeout)).toEqual([
      `restarted ${run(1)} after 3, ${run(2)} from 1`,
      '1',
      '2',
      'gap 3-3 Heartbeat',
    ])
  })

  it('is kept twice while a probe is open, since it may be of two senders', () => {
    const t = following()
    t.gets(1)
    t.hears(next(2))
    expect(t.gets(2, 2)).toEqual([])
    expect([...t.isAnswered(old(2)), ...t.isAnswered(next(2))]).toEqual([
      `conflict ${run(1)} ${run(2)}`,
      'unsequenced updates.2 Conflict',
      'unsequenced updates.2 Conflict',
    ])
  })

  it('is counted as overflowed if there is no room while another epoch is heard', () => {
    const t = following({ maxMessages: 4 })
    t.gets(1)
    t.gets(1)
    t.isAnswered(old(1))
    t.hears(next(1))
    t.gets(2, 1)
    t.isAnswered(old(1))
    t.rig.on({ _tag: 'Consumed', deliveries: 1, bytes: 1 })
    expect(t.isAnswered(next(1))).toEqual([
      `conflict ${run(1)} ${run(2)}`,
      'unsequenced updates.1 Conflict',
      'unsequenced updates.2 Conflict',
    ])
    expect(said(t.rig.on({ _tag: 'Consumed', deliveries: 3, bytes: 2 }))).toEqual(['overflowed 1'])
  })
})

describe('a conflict', () => {
  it('delivers all messages of both runs as unsequenced, and is reported once', () => {
    const t = conflicted()
    expect(t.gets(2, 4, 900_000)).toEqual([
      'unsequenced updates.2 Conflict',
      'unsequenced updates.4 Conflict',
      'unsequenced updates.900000 Conflict',
    ])
    expect([t.hears(next(2)), t.hears(old(4)), t.hears(third(0)), t.isAnswered(third(0))]).toEqual([[], [], [], []])
  })

  it('does not stop requests for earlier missing messages', () => {
    const t = following()
    t.gets(1, 3)
    t.hears(next(1))
    t.isAnswered(old(3))
    t.isAnswered(next(1))
    const out = t.rig.wait(2000)
    expect(out.some(o => o._tag === 'RequestReplay' && o.epoch === run(1) && o.first === 2)).toBe(true)
    expect(withoutRequests(said(out))).toEqual(['lost 2-2 unresolved', '3 AfterGap'])
  })

  it('ends when one run has closed: the receiver continues with the next message of the other', () => {
    const t = conflicted()
    t.gets(2)
    expect(t.hears(old(3, { state: 'ended' }))).toEqual(['ask updates'])
    expect(t.gets(3)).toEqual([])
    expect(t.isAnswered(next(3))).toEqual([`restarted ${run(1)} after 3, ${run(2)} from 3`, '3'])
    expect(t.gets(4)).toEqual(['4'])
  })

  it('ends when either run is silent', () => {
    const t = conflicted()
    t.gets(2)
    t.passes(3000)
    expect([t.hears(old(4)), t.passes(2999), t.passes(1)]).toEqual([[], [], ['ask updates']])
    expect(t.isAnswered(old(4))).toEqual([`restarted ${run(1)} after 3, ${run(1)} from 5`])
    expect(t.gets(5)).toEqual(['5'])
  })

  it('ends with the end of both runs', () => {
    const t = conflicted()
    t.hears(old(3, { state: 'ended' }))
    t.hears(next(2, { state: 'ended' }))
    expect(withoutRequests(t.passes(2000))).toEqual([`restarted ${run(1)} after 3, ${run(2)} from 3`, 'ended 2'])
  })

  it('counts a message without room', () => {
    const t = conflicted({ maxMessages: 6 })
    t.gets(2, 3, 4, 5)
    expect(said(t.rig.on({ _tag: 'Consumed', deliveries: 6, bytes: 5 }))).toEqual(['overflowed 2'])
  })

  it('has its own sentence for its messages', () => {
    const [d] = conflicted().rig.on({ _tag: 'MessageReceived', origin, arrival: arrival(9) })
    expect(d?._tag === 'Deliver' ? explain(d.delivery) : '').toContain('two senders use this subject at once')
  })
})

describe('after a conflict', () => {
  it('the receiver reports what it can not know, if both runs fall silent and nobody answers', () => {
    expect(withoutRequests(conflicted().passes(60_000))).toContain('lost 4- gone')
  })

  it('the receiver starts the run that was heard last, if nobody answers', () => {
    const t = conflicted()
    t.hears(old(3, { state: 'ended' }))
    t.gets(1, 2)
    expect(withoutRequests(t.passes(60_000))).toContain(`restarted ${run(1)} after 3, ${run(2)} from 1`)
  })
})
