// What single heads lead to, at the limits of each rule.
import { describe, expect, it } from '@jest/globals'
import type { Head } from '../../../src/core/protocol/Head.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import type { Witness } from '../../../src/core/receiver/OriginState.ts'
import { decide } from '../../../src/core/receiver/onHead.ts'
import type { Options, Talk } from './receiverHarness.ts'
import { alice, arrival, headOf, rig, run, single, stepOf, talk, words } from './receiverHarness.ts'

const from = SequenceNumber.nearest

describe('the first heartbeat of an origin', () => {
  const receiverAge = 5000
  const hears = (changes: Partial<Head>, options: Options = {}, ...before: number[]): string[] => {
    const t = talk(options)
    t.passes(receiverAge)
    t.gets(...before)
    return t.hears(headOf(0, { age: 0, ...changes }))
  }

  it.each<[string, Partial<Head>]>([
    ['just begun', {}],
    ['as old as the receiver', { age: receiverAge }],
  ])('starts at once with a run that has sent nothing: %s', (_, changes) => {
    expect(hears(changes)).toEqual(['began 0'])
  })

  it.each<[string, Partial<Head>, Options, ReadonlyArray<number>]>([
    ['older than the receiver', { age: receiverAge + 1 }, {}, []],
    ['with a message sent', { head: 1 }, {}, []],
    ['that starts above 1', { start: from(7), first: 7, head: 6 }, {}, []],
    ['that has ended', { state: 'ended' }, {}, []],
    ['whose first message has arrived', {}, {}, [1]],
  ])('does not start with a run %s, before it is confirmed', (_, changes, options, before) => {
    expect(hears(changes, options, ...before).filter(w => w.startsWith('began'))).toEqual([])
  })

  it('does not start with a run of unknown age, before it is confirmed', () => {
    const { age: _, ...head } = headOf(0)
    expect(talk().hears(head)).toEqual([])
  })

  it('does not start with an empty run in place of a saved one, before it is confirmed', () => {
    const t = talk({ start: { v: 1, positions: [{ origin: 'updates', number: from(4) }] } })
    expect(t.hears(headOf(0, { age: 0 }))).toEqual([])
  })
})

describe('messages far ahead', () => {
  /** Follows run 1 at 10, and has received a number beyond `maxJump`. */
  const far = (...numbers: number[]) => {
    const t = talk({ maxJump: 100, mode: 'arrival' })
    t.isAnswered(headOf(10), 1)
    t.gets(...numbers)
    return t
  }
  const delivered = (said: string[]): string[] => said.filter(s => /^\d|^unsequenced/.test(s))

  it.each([
    ['up to `maxJump` above the head are delivered', [180], headOf(80), ['180 AfterGap']],
    ['beyond it are refuted', [181], headOf(80), ['unsequenced updates.181 Refuted']],
    ['from the start of the run on are delivered', [111], headOf(150, { start: from(111) }), ['111 AfterGap']],
    ['below that are refuted', [111], headOf(150, { start: from(112) }), ['unsequenced updates.111 Refuted']],
  ])('%s', (_, numbers, head, expected) => {
    expect(delivered(far(...numbers).isAnswered(head))).toEqual(expected)
  })

  it('are delivered before the end, if an ended heartbeat confirms them', () => {
    const t = far(111)
    t.gets(11)
    const said = t.hears(headOf(105, { state: 'ended' }))
    expect(delivered(said)).toEqual(['111 AfterGap'])
  })

  it('are refuted by an ended heartbeat that does not reach them', () => {
    const t = far(1000)
    expect(delivered(t.hears(headOf(10, { state: 'ended' })))).toEqual(['unsequenced updates.1000 Refuted'])
  })
})

describe('a run without a known epoch', () => {
  /** Follows a sender that did not answer, from `numbers` on. */
  const unnamed = (options: Options, ...numbers: number[]) => {
    const t = talk(options)
    t.gets(...numbers)
    t.passes(5000)
    return t
  }

  it.each<[string, Head]>([
    ['its head is the newest number', headOf(6)],
    ['its head is ahead', headOf(8)],
    ['it starts with the next number', headOf(7, { start: from(7), first: 7 })],
  ])('gets the name of a heartbeat if %s', (_, head) => {
    const t = unnamed({}, 5, 6)
    expect(t.hears(head).filter(w => w.startsWith('ask'))).toEqual([])
    // Its own name does not open a check again.
    expect(t.hears({ ...head, head: 8 }).filter(w => w.startsWith('ask'))).toEqual([])
  })

  it.each<[string, Head]>([
    ['its head is behind', headOf(5)],
    ['it starts above the next number', headOf(8, { start: from(8), first: 8 })],
  ])('is checked if a heartbeat can not be its own: %s', (_, head) => {
    expect(unnamed({}, 5, 6).hears(head)).toContain('ask updates')
  })
})

describe('an ended origin', () => {
  const ended = () => {
    const t = talk({ maxJump: 100 })
    t.isAnswered(headOf(2), 1)
    t.hears(headOf(2, { state: 'ended' }))
    return t
  }

  it.each([
    ['the last number again', 2, []],
    ['a number behind', 1, []],
    ['a number too far ahead', 103, []],
    ['the next number', 3, ['gap 3-3 Heartbeat']],
    ['the last number within `maxJump`', 102, ['gap 3-102 Heartbeat']],
  ])('continues if its run goes on: a heartbeat with %s', (_, head, expected) => {
    expect(
      ended()
        .hears(headOf(head))
        .filter(w => w.startsWith('gap')),
    ).toEqual(expected)
  })

  it('gives way at the second heartbeat of a run that answers no requests', () => {
    const t = ended()
    const next = headOf(1, { epoch: run(2) })
    t.hears(next)
    expect(t.passes(5000).filter(w => w.startsWith('restarted'))).toEqual([])
    expect([...t.hears(next), ...t.passes(2000)]).toContain(`restarted ${run(1)} after 2, ${run(2)} from 1`)
  })

  it('is checked when another run is heard', () => {
    expect(ended().hears(headOf(1, { epoch: run(2) }))).toContain('ask updates')
  })
})

describe('a check', () => {
  const next = (head: number, changes: Partial<Head> = {}): Head => headOf(head, { epoch: run(2), ...changes })
  /** A check that run 2 has caused, with 2 settled. */
  const checking = () => {
    const t = talk()
    t.isAnswered(headOf(0))
    t.gets(1, 2)
    t.hears(next(0))
    const s = t.state()
    if (s?._tag !== 'Checking') throw new Error('no check')
    return s
  }
  const said = (head: Head, by: Witness['by'], at = 5): Witness => ({ head, by, at })
  const [own, ownEnd] = [headOf(2), headOf(2, { state: 'ended' })]
  const [other, otherEnd] = [next(3), next(3, { state: 'ended' })]

  it.each<[string, Witness | undefined, Witness | undefined, string | undefined]>([
    ['no head', undefined, undefined, undefined],
    ['only the heartbeat that caused it', undefined, said(other, 'cause'), undefined],
    ['only heartbeats of the followed run', said(own, 'heartbeat'), said(other, 'cause'), 'Following 1'],
    ['only the answer of the followed run', said(own, 'answer'), said(other, 'heartbeat', 9), 'Following 1'],
    ['only heartbeats of the other run', undefined, said(other, 'heartbeat'), 'Following 2'],
    ['only the answer of the other run', said(own, 'heartbeat', 9), said(other, 'answer'), 'Following 2'],
    ['heartbeats of both, of the other run last', said(own, 'heartbeat'), said(other, 'heartbeat', 6), 'Following 2'],
    ['heartbeats of both at once', said(own, 'heartbeat'), said(other, 'heartbeat'), 'Following 1'],
    [
      'heartbeats of both, of the followed run last',
      said(own, 'heartbeat', 6),
      said(other, 'heartbeat'),
      'Following 1',
    ],
    ['answers of both', said(own, 'answer'), said(other, 'answer'), 'Conflicted 1'],
    ['answers of both, as the followed run has ended', said(ownEnd, 'answer'), said(other, 'answer'), 'Following 2'],
    ['answers of both, as the other run has ended', said(own, 'answer'), said(otherEnd, 'answer'), 'Following 1'],
    ['answers of both, as both have ended', said(ownEnd, 'answer'), said(otherEnd, 'answer'), 'Ended 2'],
    ['an answer that is behind what is settled', said(headOf(1), 'answer'), undefined, 'Following 1'],
  ])('is decided by %s', (_, own, other, expected) => {
    const after = decide(stepOf(), { ...checking(), own, other })
    expect(after && `${after._tag} ${Number(after.epoch?.slice(1))}`).toBe(expected)
  })

  it('starts its run again if an answer is behind what is settled', () => {
    const step = stepOf()
    decide(step, { ...checking(), own: said(headOf(1), 'answer'), other: undefined })
    expect(words(step.out)).toEqual([`restarted ${run(1)} after 2, ${run(1)} from 2`])
  })

  it.each<[string, Witness | undefined, Witness | undefined, string]>([
    ['resumes its run at once', said(own, 'answer'), undefined, 'Following'],
    ['waits for room before a restart', undefined, said(other, 'answer'), 'Checking'],
    ['waits for room before a conflict', said(own, 'answer'), said(other, 'answer'), 'Checking'],
  ])('%s', (_, own, other, expected) => {
    const step = stepOf({ unprocessedMessages: 1, settings: { maxMessages: 1 } })
    const after = decide(step, { ...checking(), own, other })
    expect([after?._tag, step.waitsForRoom]).toEqual([expected, expected === 'Checking'])
  })

  it('waits for the other run as long as the first answer took, and requestTimeout', () => {
    for (const [first, second] of [
      [headOf(2), next(3)],
      [next(3), headOf(2)],
    ] as const) {
      const t = talk({ requestTimeout: 200 })
      t.isAnswered(headOf(0))
      t.gets(1, 2)
      t.hears(next(3))
      t.passes(70)
      t.isAnswered(first)
      expect([t.passes(269), t.state()?._tag]).toEqual([[], 'Checking'])
      expect(t.isAnswered(second)).toEqual([`conflict ${run(1)} ${run(2)}`])
    }
    const t = talk({ requestTimeout: 200 })
    t.isAnswered(headOf(0))
    t.hears(next(3))
    t.passes(70)
    t.isAnswered(headOf(0))
    expect([t.passes(269), t.state()?._tag, t.passes(1), t.state()?._tag]).toEqual([[], 'Checking', [], 'Following'])
  })

  it('is over with the answer of the followed run if no other one was heard', () => {
    const t = talk()
    t.isAnswered(headOf(0))
    t.gets(1, 1)
    t.isAnswered(headOf(1))
    expect(t.state()?._tag).toBe('Following')
  })

  it('records one other run: the last that was heard, or the first that has answered', () => {
    const t = talk({ requestTimeout: 60_000 })
    const others = () => {
      const s = t.state()
      return s?._tag === 'Checking' ? [s.other?.head.epoch, s.other?.by] : []
    }
    t.isAnswered(headOf(0))
    t.hears(next(0))
    t.hears(headOf(0, { epoch: run(3) }))
    expect(others()).toEqual([run(3), 'heartbeat'])
    t.isAnswered(next(0))
    expect(others()).toEqual([run(2), 'answer'])
    t.hears(headOf(0, { epoch: run(3) }))
    t.isAnswered(headOf(0, { epoch: run(3) }))
    expect(others()).toEqual([run(2), 'answer'])
    t.hears(next(1))
    expect(others()).toEqual([run(2), 'answer'])
  })

  it('notes when another run was heard, though that is ignored', () => {
    const t = talk()
    t.isAnswered(headOf(0))
    t.hears(next(0))
    t.isAnswered(headOf(0))
    t.passes(200)
    t.hears(next(0))
    expect(t.state()).toMatchObject({ _tag: 'Following', otherHeardAt: t.now() })
    t.gets(1, 1)
    t.passes(10)
    t.hears(next(0))
    expect(t.state()).toMatchObject({ _tag: 'Checking', otherHeardAt: t.now(), other: undefined })
  })
})

describe('another run', () => {
  const next = (head: number, changes: Partial<Head> = {}): Head => headOf(head, { epoch: run(2), ...changes })
  const following = (options: Options = {}) => {
    const t = talk(options)
    t.isAnswered(headOf(0))
    return t
  }
  /** Run 2 was checked with the request 2, and only run 1 answered. */
  const checked = () => {
    const t = following()
    t.hears(next(0))
    t.isAnswered(headOf(0))
    t.passes(1200)
    return t
  }
  const other = (t: Talk) => {
    const s = t.state()
    return s?._tag === 'Checking' ? s.other?.by : undefined
  }

  it.each<[string, (t: Talk) => string[], Witness['by']]>([
    ['its first heartbeat is only a cause for a check', t => t.hears(headOf(0, { epoch: run(3) })), 'cause'],
    ['its first answer is only a cause for a check', t => t.isAnswered(headOf(0, { epoch: run(3) })), 'cause'],
    ['its second heartbeat counts if nobody answers', t => t.hears(next(0)), 'heartbeat'],
    ['its answer to an earlier request counts as a heartbeat', t => t.isAnswered(next(0), 1), 'heartbeat'],
    ['its answer to the request of the check before counts', t => t.isAnswered(next(0), 2), 'answer'],
  ])('is checked: %s', (_, says, by) => {
    const t = checked()
    expect([says(t), other(t)]).toEqual([['ask updates'], by])
  })

  it('that answers the request for a far number is checked without another request', () => {
    const t = following({ maxJump: 10 })
    t.gets(99)
    expect([t.isAnswered(next(0)), t.state()]).toMatchObject([
      [],
      { _tag: 'Checking', otherHeardAt: t.now(), other: { by: 'answer' } },
    ])
    expect(t.passes(100)).toEqual([
      'unsequenced updates.99 BetweenRuns',
      `restarted ${run(1)} after 0, ${run(2)} from 1`,
    ])
  })

  it('may answer twice: the later head counts', () => {
    const t = following()
    t.hears(next(0))
    t.isAnswered(next(0))
    t.isAnswered(next(2))
    expect(t.passes(100)).toContain('gap 1-2 Heartbeat')
  })

  it('may answer twice: it owns what arrived since the first answer', () => {
    const t = following()
    t.hears(next(0))
    t.isAnswered(next(0))
    t.gets(1)
    t.isAnswered(next(0))
    expect(t.passes(100)).toEqual([`restarted ${run(1)} after 0, ${run(2)} from 1`, '1'])
  })
})

describe('a head', () => {
  const saved: Options['start'] = { v: 1, positions: [{ origin: 'updates', number: 6 }] }

  it('does not name a run from a saved position on, if it starts above the next number', () => {
    const t = talk({ start: saved })
    t.gets(3)
    t.passes(1500)
    expect(t.hears(headOf(8, { start: from(8) }))).toEqual(['ask updates'])
  })

  it('of a run that has sent nothing does not start it if a message had no room', () => {
    const t = talk({ maxMessages: 0 })
    t.gets(1)
    expect(t.hears(headOf(0, { age: 0 }))).toEqual([])
  })

  it('names a run without a name if it is exactly maxJump ahead', () => {
    const t = talk({ maxJump: 10 })
    t.gets(7)
    t.passes(2000)
    expect(t.hears(headOf(17))).toEqual(['resumed', 'gap 8-17 Heartbeat', 'replay 8-17'])
  })
})

describe('a conflict', () => {
  const other = (i: number, changes: Partial<Head> = {}): Head => headOf(0, { epoch: run(i), ...changes })
  const conflicted = () => {
    const t = talk({ heartbeatGrace: 1000 })
    t.isAnswered(headOf(0, { max: 1000 }))
    t.gets(1)
    t.hears(other(2, { max: 1000 }))
    t.isAnswered(headOf(1, { max: 1000 }))
    t.isAnswered(other(2, { max: 1000 }))
    return t
  }
  const live = (t: Talk): number[] => {
    const s = t.state()
    return s?._tag === 'Conflicted' ? s.live.map(l => Number(l.head.epoch.slice(1))) : []
  }

  it('records each epoch once, and at most 16', () => {
    const t = conflicted()
    for (let i = 1; i <= 20; i++) t.hears(other(i, { max: 1000 }))
    expect(live(t)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1))
    t.hears(other(3, { max: 1000 }))
    expect(live(t).at(-1)).toBe(3)
  })

  it('ends with the last but one epoch that closes', () => {
    const t = conflicted()
    t.hears(other(3))
    expect([t.hears(other(2, { state: 'ended' })), live(t)]).toEqual([[], [1, 3]])
    expect(t.hears(headOf(1, { state: 'ended' }))).toEqual(['ask updates'])
    expect(t.state()).toMatchObject({
      heard: { head: { epoch: run(3) } },
      others: [{ epoch: run(2) }, { epoch: run(1) }],
    })
  })

  it('ignores an epoch that has closed', () => {
    const t = conflicted()
    t.hears(other(3))
    t.hears(other(2, { state: 'ended' }))
    t.hears(other(2))
    expect(live(t)).toEqual([1, 3])
  })

  it('ends with the last but one epoch that falls silent', () => {
    const t = conflicted()
    t.passes(500)
    t.hears(other(2, { max: 1000 }))
    expect([t.passes(1499), t.passes(1)]).toEqual([[], ['ask updates']])
    expect(t.state()).toMatchObject({
      reason: { _tag: 'ConflictOver', from: run(1), after: 1 },
      heard: { head: { epoch: run(2) } },
      others: [{ epoch: run(1) }],
    })
  })

  it('does not end while earlier messages are missing', () => {
    const t = talk({ gapTimeout: 60_000 })
    t.isAnswered(headOf(0))
    t.gets(2)
    t.hears(other(2))
    t.isAnswered(headOf(2))
    t.isAnswered(other(2))
    expect([t.hears(other(2, { state: 'ended' })), t.state()?._tag]).toEqual([[], 'Conflicted'])
    expect(t.recovers(1)).toEqual(['1 Recovered', '2 AfterGap', 'ask updates'])
  })

  it('leaves the epoch that closed last, if both have', () => {
    const t = talk({ gapTimeout: 60_000 })
    t.isAnswered(headOf(0))
    t.gets(2)
    t.hears(other(2))
    t.isAnswered(headOf(2))
    t.isAnswered(other(2))
    t.hears(headOf(2, { state: 'ended' }))
    t.hears(other(2, { state: 'ended' }))
    t.recovers(1)
    expect(t.state()).toMatchObject({ _tag: 'Joining', heard: { head: { epoch: run(2), state: 'ended' } } })
  })
})

describe('a heartbeat of the followed run', () => {
  it.each([
    [10, ['gap 1-10 Heartbeat', 'replay 1-10']],
    [11, ['ask updates']],
  ])('waits for an answer from above maxJump on: %d', (head, said) => {
    const t = talk({ maxJump: 10 })
    t.isAnswered(headOf(0))
    expect(t.hears(headOf(head))).toEqual(said)
  })

  it('that is far ahead is a sign of life', () => {
    const t = talk({ maxJump: 10, addressing: 'perSender' })
    t.isAnswered(headOf(0))
    t.passes(6000)
    expect(t.hears(headOf(99, { max: 700 }))).toEqual(['resumed', `ask ${t.origin.name}`])
    expect(t.state()).toMatchObject({ contact: { dueAt: t.now() + 700 } })
  })

  it('opens one check in `perSender`, if nothing but a heartbeat far ahead has named its start', () => {
    const t = talk({ maxJump: 10, addressing: 'perSender', requestAttempts: 1 })
    t.hears(headOf(99))
    t.passes(1000)
    expect([t.state()?._tag, t.hears(headOf(5)), t.state()?._tag]).toEqual([
      'Following',
      [`ask ${t.origin.name}`],
      'Checking',
    ])
    t.passes(1000)
    t.hears(headOf(5))
    expect([t.hears(headOf(5)), t.state()?._tag]).toEqual([[], 'Following'])
  })

  it('names a run without a name, and what waits is decided with it', () => {
    const t = talk({ maxJump: 10 })
    t.gets(7)
    t.passes(2000)
    t.gets(3)
    expect([t.hears(headOf(9)), t.state()]).toMatchObject([
      ['resumed', 'gap 8-9 Heartbeat', 'replay 8-9'],
      { _tag: 'Following', epoch: run(1), far: undefined },
    ])
    expect(t.self().usage.duplicates).toBe(0)
    expect([t.passes(150).filter(w => w.startsWith('unsequenced')), t.self().usage.duplicates]).toEqual([[], 1])
  })

  it.each<[string, Partial<Head>]>([
    ['live', {}],
    ['ended', { state: 'ended' }],
    ['of a run that starts with the next number', { start: from(8) }],
  ])('that is far ahead and %s names a run without a name, but waits for an answer', (_, changes) => {
    const t = talk({ maxJump: 10 })
    t.gets(7)
    t.passes(2000)
    expect(t.hears(headOf(99, changes))).toEqual(['resumed', 'ask updates'])
    expect(t.state()).toMatchObject({ _tag: 'Following', epoch: run(1), buffer: { highest: 7 } })
  })
})

describe('a late heartbeat of a sender that answers no requests', () => {
  /** What follows a head below the messages: 1 and 3 have arrived, and the receiver has started without a head. */
  const follows = (addressing: 'single' | 'perSender', changes: Partial<Head>, first = 1): string[] => {
    const origin = addressing === 'single' ? single() : alice(1)
    const r = rig({ addressing, gapTimeout: 60_000 })
    r.on({ _tag: 'Started' })
    for (const n of [first, first + 2]) r.on({ _tag: 'MessageReceived', origin, arrival: arrival(n) })
    r.wait(5000)
    const heard = r.on({ _tag: 'HeartbeatReceived', origin, head: headOf(0, changes) })
    return words([...heard, ...r.wait(4000)]).filter(w => /^(lost|restarted|resumed)/.test(w))
  }

  it('names the run in perSender, because the origin has no other one', () => {
    expect(follows('perSender', {})).toEqual(['resumed'])
  })

  it.each<[string, 'single' | 'perSender', Partial<Head>, number]>([
    ['in single, where it may be of another run', 'single', {}, 1],
    ['that says that the run has ended', 'perSender', { state: 'ended' }, 1],
    ['that is more than `maxJump` behind', 'perSender', {}, 100_000],
  ])('does not name a run %s', (_, addressing, changes, first) => {
    expect(follows(addressing, changes, first)).not.toEqual(['resumed'])
  })
})
