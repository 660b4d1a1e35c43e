import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as M from '../../../src/core/internal/OrderedMap.ts'
import type { Head } from '../../../src/core/protocol/Head.ts'
import type { Origin } from '../../../src/core/protocol/Origin.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import type { Known } from '../../../src/core/receiver/OriginState.ts'
import { probeOf } from '../../../src/core/receiver/OriginState.ts'
import * as Receiver from '../../../src/core/receiver/Receiver.ts'
import { defaults } from '../../../src/core/receiver/settings.ts'
import type { Deed, Plan } from './lossyWorld.ts'
import { play } from './lossyWorld.ts'
import type { Options, Rig } from './receiverHarness.ts'
import { alice, arrival, headOf, rig, run, said, single, told } from './receiverHarness.ts'

/**
 * A receiver of one origin, driven by numbers. Its outputs: `3`, `5 AfterGap`, `lost 3-4 unresolved`, `ask updates`.
 */
interface Talk extends Rig {
  readonly gets: (...numbers: number[]) => string[]
  readonly hears: (head: Head) => string[]
  /** Answers its last head request, or this one. */
  readonly isAnswered: (head: Head, requestId?: number) => string[]
  /** Nobody listens to its last head request, nor to its repetitions. */
  readonly isRefused: () => string[]
  readonly passes: (ms: number) => string[]
  readonly takes: (deliveries: number, bytes?: number) => string[]
}

const talk = (
  options: Options = {},
  origin: Origin = options.addressing === 'perSender' ? alice() : single(),
): Talk => {
  const r = rig(options)
  r.on({ _tag: 'Started' })
  return {
    ...r,
    gets: (...numbers) => numbers.flatMap(n => said(r.on({ _tag: 'MessageReceived', origin, arrival: arrival(n) }))),
    hears: head => said(r.on({ _tag: 'HeartbeatReceived', origin, head })),
    isAnswered: (head, requestId = r.requestId()) => said(r.on({ _tag: 'HeadAnswered', requestId, origin, head })),
    isRefused: () => {
      const refuse = () => r.on({ _tag: 'HeadRefused', requestId: r.requestId(), origin: origin.name })
      refuse()
      r.wait(defaults.requestTimeout)
      refuse()
      r.wait(defaults.requestTimeout * 4)
      refuse()
      return said(r.wait(0))
    },
    passes: ms => said(r.wait(ms)),
    takes: (deliveries, bytes = deliveries) => said(r.on({ _tag: 'Consumed', deliveries, bytes })),
  }
}

const stateOf = (t: Talk): Known<string> => {
  const state = t.self().table.origins.entries()[0]?.value.state
  if (state === undefined || state._tag === 'Joining') throw new Error('no origin is followed')
  return state
}

/** A receiver that follows run 1 from its start. */
const following = (options: Options = {}, head = 0): Talk => {
  const t = talk(options)
  t.isAnswered(headOf(head))
  return t
}

/** Another run answers, and the followed run does not. */
const enters = (t: Talk, head: Head): string[] => [...t.isAnswered(head), ...t.passes(defaults.requestTimeout)]

/** A receiver whose requests nobody answers. It follows a plain client from this number. */
const ofMute = (first: number, options: Options = {}): Talk => {
  const t = talk(options)
  t.gets(first)
  t.passes(2000)
  return t
}

describe.each(['single', 'perSender'] as const)('a receiver (%s)', addressing => {
  const begin = (options: Options = {}) => following({ addressing, ...options })

  it('delivers messages in order if they arrive in order', () => {
    expect(begin().gets(1, 2, 3)).toEqual(['1', '2', '3'])
  })

  it('reports a gap that a later message reveals, and holds that message until the gap is filled', () => {
    const t = begin()
    expect(t.gets(1, 4)).toEqual(['1', 'gap 2-3 Data'])
    expect(t.gets(3)).toEqual([])
    expect(t.gets(2)).toEqual(['2 Late', '3 Late', '4 AfterGap'])
  })

  it('reports a gap that only a heartbeat reveals', () => {
    const t = begin()
    expect([t.gets(1), t.hears(headOf(3))]).toEqual([['1'], ['gap 2-3 Heartbeat']])
    expect(t.passes(1999)).toEqual([])
    expect(t.passes(1)).toEqual(['lost 2-3 unresolved'])
  })

  it('does not mark a message as in order if a heartbeat has revealed missing ones before it', () => {
    const t = begin({ mode: 'arrival' })
    t.hears(headOf(2))
    expect(t.gets(3, 4)).toEqual(['3 AfterGap', '4'])
    t.hears(headOf(5))
    expect(t.gets(6)).toEqual(['6 AfterGap'])
  })

  it('gives up a gap at its timeout, and continues behind it', () => {
    const t = begin()
    expect(t.gets(2, 3, 5)).toEqual(['gap 1-1 Data', 'gap 4-4 Data'])
    expect(t.passes(2000)).toEqual(['lost 1-1 unresolved', '2 AfterGap', '3', 'lost 4-4 unresolved', '5 AfterGap'])
  })

  it('delivers at once in the mode arrival, with a verdict', () => {
    const t = begin({ mode: 'arrival' })
    expect(t.gets(1, 4, 2, 5)).toEqual(['1', 'gap 2-3 Data', '4 AfterGap', '2 Late', '5'])
    expect(t.passes(2000)).toEqual(['lost 3-3 unresolved'])
  })

  it('drops duplicates of held messages and of delivered messages', () => {
    for (const mode of ['ordered', 'arrival'] as const) {
      const t = begin({ mode })
      t.gets(1, 3, 4)
      const asks = addressing === 'single' ? ['ask updates'] : []
      expect([t.gets(3, 4), t.isAnswered(headOf(4)), t.passes(150)]).toEqual([asks, [], []])
      expect(t.self().usage.duplicates).toBe(2)
    }
  })

  it('reports silence after the promised time and its grace, requests the head before, and reports the end', () => {
    const t = begin()
    t.hears(headOf(0, { max: 500 }))
    expect(t.passes(999)).toEqual([])
    expect(t.passes(1)).toEqual(addressing === 'single' ? ['ask updates'] : ['ask updates.alice.@0000000001'])
    expect(t.passes(499)).toEqual([])
    expect(t.passes(1)).toEqual(['silent 500'])
    expect(t.hears(headOf(1))).toEqual(['resumed', 'gap 1-1 Heartbeat'])
  })

  it('accepts each message as a sign of life', () => {
    const t = begin()
    for (let n = 1; n < 10; n++) expect([t.passes(4000), t.gets(n)]).toEqual([[], [`${n}`]])
  })

  it('accepts a heartbeat that is far ahead only if its sender confirms it', () => {
    const t = begin({ maxJump: 100 })
    expect(t.hears(headOf(100))).toEqual(['gap 1-100 Heartbeat'])
    expect(t.hears(headOf(201))).toEqual([addressing === 'single' ? 'ask updates' : `ask ${alice().name}`])
    const ask = t.requestId()
    expect([t.hears(headOf(201)), t.gets(100), t.requestId() - ask]).toEqual([[], [], 0])
    expect(t.passes(100)).toHaveLength(1)
    expect(t.isAnswered(headOf(201))).toEqual(['gap 101-201 Heartbeat'])
  })

  it('starts with the lowest number that arrived, though it did not fit', () => {
    const t = talk({ addressing, maxMessages: 1 })
    t.gets(8, 6, 7)
    expect(t.isAnswered(headOf(8))).toEqual(['gap 6-7 Data'])
  })

  it('does not take two consecutive numbers as a jump while its sender can answer', () => {
    const t = begin({ maxJump: 100 })
    t.gets(1)
    const ask = addressing === 'single' ? 'ask updates' : `ask ${alice().name}`
    expect([t.gets(500), t.gets(501, 502), t.gets(2)]).toEqual([[ask], [], ['2']])
    expect(t.passes(100)).toEqual([ask])
    expect(t.isAnswered(headOf(2))).toEqual(
      [500, 501, 502].map(n => `unsequenced ${addressing === 'single' ? 'updates' : alice().name}.${n} Refuted`),
    )
  })

  it('reports the end once, when everything before it is settled', () => {
    const t = begin()
    t.gets(1)
    expect(t.hears(headOf(2, { state: 'ended' }))).toEqual(['gap 2-2 Heartbeat'])
    expect(t.gets(2)).toEqual(['2 Late', 'ended 2'])
    expect([t.hears(headOf(2, { state: 'ended' })), t.passes(60_000)]).toEqual([[], []])
  })

  it('accepts a far jump only if its sender confirms it', () => {
    const t = begin({ maxJump: 100 })
    const asks = addressing === 'single' ? ['ask updates'] : ['ask updates.alice.@0000000001']
    expect(t.gets(1, 500)).toEqual(['1', ...asks])
    expect(t.gets(2)).toEqual(['2'])
    expect(t.isAnswered(headOf(500))).toEqual(['gap 3-499 Data'])
    expect(t.passes(2000)).toEqual(['lost 3-499 unresolved', '500 AfterGap'])
  })

  it('accepts a number that is exactly maxJump ahead', () => {
    const t = begin({ maxJump: 100 })
    expect(t.gets(100)).toEqual(['gap 1-99 Data'])
  })

  it('delivers a far jump that the sender refutes as unsequenced', () => {
    const t = begin({ maxJump: 100 })
    t.gets(1, 500)
    expect(t.isAnswered(headOf(1))).toEqual([expect.stringMatching(/^unsequenced updates\S*\.500 Refuted$/)])
    expect(t.gets(2)).toEqual(['2'])
  })

  it('requests the head four times for a far jump, then reports the jump as unconfirmed', () => {
    const t = begin({ maxJump: 100 })
    t.gets(500)
    expect(t.passes(1499).filter(s => s.startsWith('ask'))).toHaveLength(3)
    expect(t.passes(1)).toEqual([])
    expect(t.passes(2000)).toEqual([expect.stringContaining('500 Unconfirmed')])
  })

  it('checks a far head that answers an earlier probe', () => {
    const t = begin({ maxJump: 100 })
    expect(t.isAnswered(headOf(500))).toEqual([expect.stringMatching(/^ask /)])
  })

  it('does not revoke an end for a head that is too far ahead', () => {
    const t = begin({ maxJump: 100, requestAttempts: 1 })
    expect(t.hears(headOf(0, { state: 'ended' }))).toEqual(['ended 0'])
    t.hears(headOf(500))
    expect(t.passes(20_000)).toEqual([])
  })

  it('does not revoke an end for a late heartbeat with a lower number', () => {
    const t = begin()
    t.gets(1)
    t.hears(headOf(9))
    t.hears(headOf(1, { state: 'ended' }))
    t.hears(headOf(5))
    expect(t.passes(2000)).toEqual(['lost 2-9 unresolved', 'ended 1'])
  })

  it('ignores a late heartbeat', () => {
    const t = begin()
    t.gets(1, 2, 3)
    expect(t.hears(headOf(1))).toEqual([])
  })

  it('does not check its start once a message has arrived from there on', () => {
    const onward: Array<(t: Talk) => string[]> = [t => t.gets(8), t => t.hears(headOf(6))]
    for (const goOn of onward) {
      const t = talk({ addressing })
      t.hears(headOf(5))
      goOn(t)
      expect(t.hears(headOf(3))).toEqual([])
    }
  })

  it('stays where the first answer made it begin, if its sender confirms that', () => {
    const t = talk({ addressing })
    t.isAnswered(headOf(500_000), 1)
    const requests = t.isAnswered(headOf(5), 1)
    expect(requests).toEqual(addressing === 'single' ? [] : [expect.stringMatching(/^ask updates/)])
    expect([...t.gets(500_001), ...t.isAnswered(headOf(500_001))]).toEqual(['500001'])
  })

  it('continues if nobody listens to the request about a late heartbeat', () => {
    const t = begin()
    t.passes(5500)
    t.on({ _tag: 'HeadRefused', requestId: t.requestId(), origin: addressing === 'single' ? 'updates' : alice().name })
    expect(t.passes(500)).toEqual(['silent 5000'])
  })

  it('ignores an ended heartbeat that is too far ahead', () => {
    const t = begin({ maxJump: 100 })
    t.hears(headOf(500, { state: 'ended' }))
    t.isAnswered(headOf(0))
    expect(t.passes(10_000).at(-1)).toEqual('silent 5000')
  })

  it('starts with the first number of a run that is younger than itself', () => {
    const t = talk({ addressing })
    t.passes(5000)
    t.gets(3)
    expect(t.isAnswered(headOf(3, { age: 100 }))).toEqual(['gap 1-2 Data'])
  })

  it('starts with the first number seen of a run that is older than itself', () => {
    const t = talk({ addressing })
    t.gets(8, 7)
    expect(t.isAnswered(headOf(8))).toEqual(['7', '8'])
  })

  it('starts with the next message of a run that is a little older than itself', () => {
    const t = talk({ addressing })
    t.passes(5000)
    t.gets(3)
    expect(t.isAnswered(headOf(3, { age: 6000 }))).toEqual(['3'])
  })

  it('repeats the request to all after 100 ms, then 200 and 400, for any requests to one sender meanwhile', () => {
    const t = talk({ addressing })
    t.passes(50)
    t.gets(5)
    const times: number[] = []
    for (let ms = 51; ms <= 2000; ms++) if (t.passes(1).includes('ask all')) times.push(ms)
    expect(times).toEqual([100, 300, 700])
  })

  it('counts a refusal only for the last request to all', () => {
    const t = talk({ addressing })
    t.on({ _tag: 'HeadRefused', requestId: 99, origin: undefined })
    expect(t.passes(10_000)).toEqual(['ask all', 'ask all', 'ask all'])
    expect(said(t.on({ _tag: 'HeadRefused', requestId: 1, origin: undefined }))).toEqual([])
  })

  it('repeats the request to all until it is answered', () => {
    const t = talk({ addressing })
    expect([t.passes(99), t.passes(1), t.passes(10_000)]).toEqual([[], ['ask all'], ['ask all', 'ask all']])
  })

  it('repeats it only once if nobody listens', () => {
    const t = talk({ addressing })
    expect(said(t.on({ _tag: 'HeadRefused', requestId: 1, origin: undefined }))).toEqual([])
    expect(t.passes(10_000)).toEqual(['ask all'])
  })

  it('reports that nobody can confirm the tail of a sender without heartbeats', () => {
    const t = talk({ addressing })
    t.gets(5)
    expect(t.passes(2000).filter(s => !s.startsWith('ask'))).toEqual(['silent mute', '5'])
    expect(t.gets(6, 8, 7)).toEqual(['6', 'gap 7-7 Data', '7 Late', '8 AfterGap'])
  })

  it("starts again at the sender's head if it started with a heartbeat far ahead of it", () => {
    const t = talk({ addressing })
    const requestId = t.requestId()
    expect(t.hears(headOf(500_000))).toEqual([])
    expect(t.isAnswered(headOf(5), requestId)).toEqual([])
    expect(t.isAnswered(headOf(3), requestId)).toEqual([])
    expect(t.gets(6, 7)).toEqual(['6', '7'])
    expect(t.isAnswered(headOf(3), requestId)).toEqual([])
    expect(t.gets(8)).toEqual(['8'])
  })

  it('starts again at a lower heartbeat if that is repeated without an answer, or answered', () => {
    const doubting = (): Talk => {
      const t = talk({ addressing })
      t.hears(headOf(500_000))
      t.hears(headOf(5, { age: 2e9 }))
      return t
    }
    const answered = doubting()
    expect([answered.isAnswered(headOf(5)), answered.gets(6)]).toEqual([[], ['6']])
    const unanswered = doubting()
    unanswered.passes(1600)
    expect([unanswered.hears(headOf(5, { age: 2e9 + 200 })), unanswered.gets(6)]).toEqual([[], ['6']])
  })

  it('learns from the sender that the far number of its start was never sent', () => {
    const t = talk({ addressing })
    t.gets(Number.MAX_SAFE_INTEGER)
    t.passes(2000)
    expect(t.hears(headOf(6))).toEqual([expect.stringMatching(/^ask /)])
    expect(t.isAnswered(headOf(6))).toEqual([
      `restarted ? after ${Number.MAX_SAFE_INTEGER}, @0000000001 from 1`,
      'resumed',
      'gap 1-6 Heartbeat',
    ])
    expect(t.gets(1)).toEqual(['1 Late'])
  })

  it("returns to the sender's numbers if it accepted a forged number while nobody answered", () => {
    const t = following({ addressing }, 5)
    t.gets(6)
    t.passes(6000)
    t.gets(100_000, 100_001)
    t.passes(4000)
    expect(stateOf(t).buffer.next).toBe(100_002)
    t.hears(headOf(6))
    const requests = [...t.hears(headOf(6)), ...t.gets(7)]
    expect(requests).toEqual([expect.stringMatching(/^ask updates/)])
    expect(t.isAnswered(headOf(7))).toEqual(['restarted @0000000001 after 100001, @0000000001 from 7', '7'])
    expect(t.gets(8)).toEqual(['8'])
  })

  it('does not check a heartbeat of its sender that is behind by less than maxJump', () => {
    const t = following({ addressing }, 5)
    t.gets(...Array.from({ length: 20 }, (_, i) => i + 6))
    expect(t.hears(headOf(6))).toEqual([])
  })

  it('pauses timeouts while disconnected, and sends a request to all after the reconnect', () => {
    const t = begin()
    t.gets(1, 3)
    t.passes(500)
    t.on({ _tag: 'Disconnected' })
    expect(t.passes(60_000)).toEqual([])
    expect(said(t.on({ _tag: 'Reconnected' }))).toEqual(['ask all'])
    t.isAnswered(headOf(3))
    expect(t.passes(1499)).toEqual([])
    expect(t.passes(1)).toEqual(['lost 2-2 unresolved', '3 AfterGap'])
  })

  it('counts the time from the first of two disconnect events', () => {
    const t = begin()
    t.gets(1, 3)
    t.on({ _tag: 'Disconnected' })
    t.passes(3000)
    t.on({ _tag: 'Disconnected' })
    t.passes(3000)
    t.on({ _tag: 'Reconnected' })
    t.isAnswered(headOf(3))
    expect(t.passes(1999)).toEqual([])
  })

  it('learns from the answer what it missed while disconnected', () => {
    const t = begin()
    t.on({ _tag: 'Disconnected' })
    t.on({ _tag: 'Reconnected' })
    expect(t.isAnswered(headOf(3))).toEqual(['gap 1-3 Heartbeat'])
  })

  it('stops at 2^53-1', () => {
    const last = Number.MAX_SAFE_INTEGER
    const t = begin({ maxJump: 10 })
    t.gets(last)
    expect(t.isAnswered(headOf(last))).toEqual([`gap 1-${last - 1} Data`])
    expect(t.passes(2000)).toEqual([`lost 1-${last - 1} unresolved`, `${last} AfterGap`])
    expect(t.hears(headOf(last))).toEqual([])
  })
})

describe('a receiver of the addressing perSender', () => {
  it('expects a heartbeat again after a message of a sender whose silence had no room for a report', () => {
    const t = following({ addressing: 'perSender', maxMessages: 4 })
    t.gets(1, 2, 3, 4)
    t.passes(60_000)
    expect([...t.takes(1), ...t.gets(5)]).toEqual(['5'])
    t.takes(4)
    expect(t.passes(60_000).filter(w => w.startsWith('silent'))).toHaveLength(1)
  })

  const begin = (options: Options = {}) => following({ addressing: 'perSender', ...options })
  const ask = `ask ${alice().name}`
  const back = (t: Talk): string[] => said([...t.on({ _tag: 'Disconnected' }), ...t.on({ _tag: 'Reconnected' })])

  it('accepts a number above the first head: it was sent later', () => {
    const t = talk({ addressing: 'perSender' })
    t.gets(7)
    expect(t.isAnswered(headOf(5))).toEqual(['gap 6-6 Data'])
    expect(t.gets(6)).toEqual(['6 Late', '7 AfterGap'])
  })

  it('drops a number below what is settled, without a request', () => {
    const t = begin()
    expect([t.gets(1, 2, 1), t.self().usage.duplicates]).toEqual([['1', '2'], 1])
  })

  it('continues at once after a reconnect, and expects heartbeats as before', () => {
    const t = begin()
    t.hears(headOf(0, { max: 500 }))
    expect(t.passes(1000)).toEqual([ask])
    expect([back(t), t.gets(1)]).toEqual([['ask all'], ['1']])
    t.isAnswered(headOf(1, { max: 500 }))
    expect([back(t), t.passes(1000)]).toEqual([['ask all'], ['ask all', 'ask all', 'ask all', ask]])
    expect(t.passes(500)).toEqual(['silent 500'])
  })

  it('does not accept a jump by an answer from before a reconnect', () => {
    const t = begin({ maxJump: 100 })
    expect(t.gets(500)).toEqual([ask])
    const before = t.requestId()
    back(t)
    expect(t.gets(1)).toEqual(['1'])
    expect(t.isAnswered(headOf(1), before)).toEqual([])
    expect(t.isAnswered(headOf(1))).toEqual([`unsequenced ${alice().name}.500 Refuted`])
  })

  it('takes two consecutive far numbers as a sign of life, with the same promised interval', () => {
    const t = following({ addressing: 'perSender', maxJump: 100 })
    t.hears(headOf(0, { max: 3000 }))
    t.gets(500)
    t.passes(1500)
    expect(t.gets(501)).toEqual(['gap 1-499 Data'])
    const isSilence = (w: string): boolean => w.startsWith('silent')
    expect([t.passes(3999).filter(isSilence), t.passes(1)]).toEqual([[], ['silent 3000']])
  })

  it('takes a message as the end of a silence, with the same promised interval', () => {
    const t = following({ addressing: 'perSender' })
    t.hears(headOf(0, { max: 500 }))
    expect(t.passes(1500).at(-1)).toBe('silent 500')
    expect(t.gets(1)).toEqual(['resumed', '1'])
    expect([t.passes(1499).at(-1), t.passes(1)]).toEqual([`ask ${alice().name}`, ['silent 500']])
  })
})

describe('a receiver of the addressing single', () => {
  it('requests the head for a number below what is settled, and drops it if the run is the same', () => {
    const t = following()
    expect(t.gets(1, 2, 2, 1, 3)).toEqual(['1', '2', 'ask updates'])
    expect(t.isAnswered(headOf(3))).toEqual(['3'])
    expect([t.passes(150), t.self().usage.duplicates]).toEqual([[], 2])
  })

  it('accepts a number above the answer that it waited for: it was sent later', () => {
    const t = following()
    t.gets(1)
    t.on({ _tag: 'Disconnected' })
    t.on({ _tag: 'Reconnected' })
    t.gets(2, 3)
    expect(t.isAnswered(headOf(2))).toEqual(['2', '3'])
  })

  it('keeps its start if a lower answer is from before a reconnect', () => {
    const t = talk()
    t.hears(headOf(500_000))
    t.on({ _tag: 'Disconnected' })
    t.on({ _tag: 'Reconnected' })
    expect([t.isAnswered(headOf(5), 1), t.isAnswered(headOf(500_000))]).toEqual([[], []])
    expect(t.gets(500_001)).toEqual(['500001'])
  })

  it('does not take two runs as one that repeats its head', () => {
    const t = following({ requestAttempts: 1 })
    t.hears(headOf(0, { epoch: run(2), age: 0 }))
    t.passes(10_000)
    expect(t.hears(headOf(0, { epoch: run(3), age: 1000 }))).toEqual(['ask updates'])
  })

  it('restarts after a broken promise on two consecutive seen numbers, if nobody listens', () => {
    const t = following()
    t.gets(1, 2, 3)
    expect(t.passes(6000)).toEqual(['ask updates', 'silent 5000'])
    t.gets(1, 2)
    expect(t.isRefused()).toEqual(['restarted @0000000001 after 3, ? from 1', '1', '2'])
  })

  it('does not restart on two seen numbers while the promise holds, though nobody listens', () => {
    const t = following()
    t.gets(1, 2, 3)
    t.gets(1, 2)
    expect(t.isRefused()).toEqual([])
  })

  it('requests the head once for a late heartbeat, however often it is woken meanwhile', () => {
    const t = following({ requestTimeout: 10, gapTimeout: 60_000 })
    t.gets(1, 3)
    expect(t.passes(6000)).toEqual(['ask updates', 'silent 5000'])
  })

  it('ignores a refusal if a later request was not refused', () => {
    const t = following()
    t.gets(1, 2, 3)
    t.passes(6000)
    t.gets(1, 2)
    t.on({ _tag: 'HeadRefused', requestId: t.requestId(), origin: 'updates' })
    expect(t.passes(10_000).filter(s => s.startsWith('restarted'))).toEqual([])
  })

  it('does not take repeated messages of a silent sender as a restart, though nobody answered while it was away', () => {
    const t = following()
    t.gets(1, 2, 3)
    t.passes(6000)
    t.gets(2)
    expect(t.passes(1500).filter(s => !s.startsWith('ask'))).toEqual([])
    expect(t.gets(1, 2, 3)).toEqual(['ask updates'])
    expect(t.isAnswered(headOf(3))).toEqual(['resumed'])
    expect(t.gets(4)).toEqual(['4'])
  })

  it('does not take repeated messages of a silent sender as a restart, though only one request was sent', () => {
    const t = following({ requestAttempts: 1 })
    t.gets(1, 2, 3)
    t.passes(6000)
    t.gets(1, 2)
    expect(t.passes(500)).toEqual([])
    expect(t.isAnswered(headOf(3))).toEqual(['resumed'])
  })

  it('does not take repeated messages of a silent sender as a restart, though the connection is lost before the answer', () => {
    const t = following()
    t.gets(1, 2, 3)
    t.passes(6000)
    t.gets(2, 3, 4, 5)
    expect(t.passes(1500).filter(s => !s.startsWith('ask'))).toEqual(['4', '5'])
    expect(t.self().usage.duplicates).toBe(2)
    expect(t.hears(headOf(6))).toEqual(['resumed', 'gap 6-6 Heartbeat'])
    expect(stateOf(t).epoch).toBe(run(1))
  })

  it('counts a refusal only for a request of this check', () => {
    const inVain = (requestId: (last: number) => number): string[] => {
      const t = following()
      t.hears(headOf(0, { epoch: run(2) }))
      t.on({ _tag: 'HeadRefused', requestId: requestId(t.requestId()), origin: 'updates' })
      return t.passes(1500)
    }
    expect(inVain(last => last - 1)).toEqual(['ask updates', 'ask updates', 'ask updates'])
    expect(inVain(last => last)).toEqual(['ask updates'])
  })

  it('does not take an answer from before a reconnect as the first head', () => {
    const t = talk()
    t.gets(5)
    const before = t.requestId()
    t.on({ _tag: 'Disconnected' })
    t.on({ _tag: 'Reconnected' })
    expect(t.isAnswered(headOf(5), before)).toEqual([])
    expect(t.isAnswered(headOf(5))).toEqual(['5'])
  })

  it('holds everything after a reconnect, also behind a far jump, until its sender has answered', () => {
    const t = following()
    t.gets(100_000)
    t.on({ _tag: 'Disconnected' })
    t.on({ _tag: 'Reconnected' })
    expect(t.gets(1)).toEqual([])
    expect(t.isAnswered(headOf(1))).toEqual(['1', 'unsequenced updates.100000 Refuted'])
  })

  it('repeats the request of a check after 100 ms, then 200 and 400, and gives up after 800 more', () => {
    const t = following()
    t.gets(1)
    t.hears(headOf(0, { epoch: run(2) }))
    t.gets(2)
    const times: number[] = []
    for (let ms = 1; ms < 1500; ms++) if (t.passes(1).length > 0) times.push(ms)
    expect([times, t.passes(1)]).toEqual([[100, 300, 700], ['2']])
  })

  it('sends one request for any number of messages under check', () => {
    const t = following()
    t.gets(1, 2, 3)
    expect(t.gets(1, 2, 3, 1, 2, 3, 4, 5)).toEqual(['ask updates'])
  })

  it('does not take a late heartbeat of an old run as the one of pending messages', () => {
    const t = talk()
    t.gets(1, 2)
    expect(t.hears(headOf(5))).toEqual([])
    expect(t.isAnswered(headOf(2, { epoch: run(2) }))).toEqual(['1', '2', 'ask updates'])
    expect([t.isAnswered(headOf(2, { epoch: run(2) })), t.passes(defaults.requestTimeout)]).toEqual([[], []])
    expect(t.gets(3)).toEqual(['3'])
  })

  it('repeats the request of a check on time, though it is woken for a gap meanwhile', () => {
    const t = following({ maxJump: 100, gapTimeout: 150 })
    t.gets(2, 500)
    const times: number[] = []
    for (let ms = 1; ms <= 300; ms++) if (t.passes(1).includes('ask updates')) times.push(ms)
    expect(times).toEqual([100, 300])
  })

  it('gives up no gap during a check, and does not wake endlessly when the timeout passes', () => {
    const t = following()
    t.gets(1, 3)
    t.passes(1900)
    t.hears(headOf(0, { epoch: run(2) }))
    expect(t.passes(1499).filter(s => !s.startsWith('ask'))).toEqual([])
    expect(t.passes(1)).toEqual(['lost 2-2 unresolved', '3 AfterGap'])
  })

  it('does not request the head for a late heartbeat if a request is pending', () => {
    const t = following({ requestTimeout: 10_000 })
    t.passes(5000)
    expect(t.hears(headOf(0, { epoch: run(2) }))).toEqual(['ask updates'])
    expect(t.passes(900)).toEqual([])
  })

  it('identifies an unnamed run that it follows from below its start by its head', () => {
    const t = talk({ start: { from: SequenceNumber.first }, gapTimeout: 60_000 })
    t.gets(5)
    t.passes(2000)
    expect(t.hears(headOf(6, { start: SequenceNumber.nearest(5) }))).toEqual(['resumed', 'gap 6-6 Heartbeat'])
  })

  it.each<[string, Options['start']]>([
    ['number', { from: SequenceNumber.nearest(5) }],
    ['position', { v: 1, positions: [{ origin: 'updates', number: 4 }] }],
  ])('identifies it by its messages, from any start above a %s', (_, start) => {
    const t = talk({ ...(start === undefined ? {} : { start }), gapTimeout: 60_000 })
    t.gets(9)
    t.passes(2000)
    expect(t.hears(headOf(10, { start: SequenceNumber.nearest(9) }))).toEqual(['resumed', 'gap 10-10 Heartbeat'])
  })

  it('delivers as unsequenced what the first known run cannot have sent', () => {
    const t = talk()
    t.gets(7)
    expect(t.isAnswered(headOf(0, { age: 0 }))).toEqual(['unsequenced updates.7 Refuted'])
    expect(t.gets(1)).toEqual(['1'])
  })

  it('delivers as unsequenced what arrived from below the start of the first known run', () => {
    const t = talk()
    t.gets(3)
    expect(t.isAnswered(headOf(12, { start: SequenceNumber.nearest(10) }))).toEqual([
      'unsequenced updates.3 Refuted',
      'gap 10-12 Heartbeat',
    ])
  })

  it('learns the tail from an ended heartbeat, though no answer arrives', () => {
    const t = following()
    t.gets(1)
    t.on({ _tag: 'Disconnected' })
    t.on({ _tag: 'Reconnected' })
    expect(t.hears(headOf(3, { state: 'ended' }))).toEqual([])
    expect(t.passes(1500).filter(s => !s.startsWith('ask'))).toEqual(['gap 2-3 Heartbeat'])
    expect(t.passes(2000)).toEqual(['lost 2-3 unresolved', 'ended 3'])
  })

  it('learns the tail from an ended heartbeat, though the answer to its request is older', () => {
    const t = following()
    t.gets(1)
    t.on({ _tag: 'Disconnected' })
    t.on({ _tag: 'Reconnected' })
    expect(t.hears(headOf(3, { state: 'ended' }))).toEqual([])
    expect(t.isAnswered(headOf(2))).toEqual(['gap 2-3 Heartbeat'])
    expect(t.passes(2000)).toEqual(['lost 2-3 unresolved', 'ended 3'])
  })

  it('revokes an end if its sender is live again', () => {
    const t = following({ addressing: 'perSender' })
    t.gets(1)
    expect(t.hears(headOf(1, { state: 'ended' }))).toEqual(['ended 1'])
    expect(t.hears(headOf(1))).toEqual([])
    expect(t.hears(headOf(2))).toEqual(['gap 2-2 Heartbeat'])
    expect(t.gets(2, 3)).toEqual(['2 Late', '3'])
    expect(t.hears(headOf(3, { state: 'ended' }))).toEqual(['ended 3'])
  })

  it('reports an end when nothing is missing, including numbers behind it', () => {
    const t = following()
    t.gets(1)
    t.hears(headOf(9))
    expect(t.hears(headOf(1, { state: 'ended' }))).toEqual([])
    expect(t.passes(2000)).toEqual(['lost 2-9 unresolved', 'ended 1'])
  })

  it('reports that nobody confirms what follows an end', () => {
    const t = following()
    t.gets(1)
    t.hears(headOf(1, { state: 'ended' }))
    expect(t.gets(2)).toEqual(['ask updates'])
    expect(t.passes(1500).filter(s => !s.startsWith('ask'))).toEqual(['silent mute', '2'])
    expect(M.size(t.self().table.idle)).toBe(1)
  })

  it('reports a silence once until it ends, for any messages of a sender without heartbeats', () => {
    const t = following()
    t.passes(6000)
    t.gets(1)
    t.passes(1500)
    t.gets(2)
    expect(t.passes(60_000)).toEqual([])
    expect(t.hears(headOf(2))).toEqual(['resumed'])
  })
})

describe('a receiver (single) that starts a new run', () => {
  const second = (head: number, start = 1): Head =>
    headOf(head, { epoch: run(2), start: SequenceNumber.nearest(start), first: start })

  it('delivers the pending messages of the new run, and the rest as unsequenced', () => {
    const t = following({ mode: 'arrival' })
    t.gets(1, 2, 3, 4, 5)
    expect([t.hears(second(3)), t.gets(2, 3, 6, 9)]).toEqual([['ask updates'], []])
    expect(enters(t, second(3))).toEqual([
      'unsequenced updates.6 BetweenRuns',
      'unsequenced updates.9 BetweenRuns',
      `restarted ${run(1)} after 5, ${run(2)} from 1`,
      'gap 1-1 Data',
      '2 AfterGap',
      '3',
    ])
    expect(t.gets(4)).toEqual(['4'])
  })

  it('delivers the pending messages that the old run still missed', () => {
    const t = following({ mode: 'arrival' })
    t.gets(1, 2, 5)
    expect([t.hears(second(101, 100)), t.gets(3, 100)]).toEqual([['ask updates'], []])
    expect(enters(t, second(101, 100))).toEqual([
      '3 Late',
      'lost 4-4 gone',
      `restarted ${run(1)} after 5, ${run(2)} from 100`,
      '100',
      'gap 101-101 Heartbeat',
    ])
  })

  it('delivers the pending messages up to the last known number of the old run', () => {
    const t = following()
    t.gets(1)
    t.hears(headOf(2))
    t.hears(second(100, 100))
    t.gets(2)
    expect(enters(t, second(100, 100)).slice(0, 2)).toEqual([
      '2 Late',
      `restarted ${run(1)} after 2, ${run(2)} from 100`,
    ])
  })

  it('holds everything when it hears of the new run, though it waited for a far number of the old one', () => {
    const t = following({ maxJump: 100 })
    expect(t.gets(1, 500)).toEqual(['1', 'ask updates'])
    expect([t.hears(second(2)), t.gets(2)]).toEqual([['ask updates'], []])
    expect(enters(t, second(2))).toEqual([
      'unsequenced updates.500 BetweenRuns',
      `restarted ${run(1)} after 1, ${run(2)} from 1`,
      'gap 1-1 Data',
    ])
  })

  it('settles everything below the start of the new run', () => {
    const t = following()
    t.hears(second(7, 5))
    t.isAnswered(second(7, 5))
    const out = t.wait(defaults.requestTimeout)
    expect(out.flatMap(o => (o._tag === 'Deliver' && o.delivery._tag === 'Restarted' ? [o.settled] : []))).toEqual([4])
  })
})

describe('a receiver (single) that assumed a new run', () => {
  /** It has followed run 1 up to 3, and then two numbers of a run without a known epoch. */
  const guessing = (): Talk => {
    const t = following()
    t.gets(1, 2, 3)
    t.passes(6000)
    t.gets(1, 2)
    t.isRefused()
    return t
  }
  const left = (t: Talk) => stateOf(t).others.map(o => o.epoch)

  it('learns the epoch of the new run at once', () => {
    expect(guessing().hears(headOf(3, { epoch: run(2) }))).toEqual(['resumed', 'gap 3-3 Heartbeat'])
  })

  it('remembers only the run that had an epoch', () => {
    const t = guessing()
    t.gets(1, 2)
    t.isRefused()
    expect(left(t)).toEqual([run(1)])
  })
})

describe('a receiver of a plain client, which sends no heartbeats', () => {
  const notAsked = (words: string[]): string[] => words.filter(s => !s.startsWith('ask'))

  it('takes two consecutive numbers as a restart, and reports that nobody confirms the tail', () => {
    const t = ofMute(7)
    expect(t.gets(8, 1, 2, 3)).toEqual(['8', 'ask updates'])
    expect(notAsked(t.passes(1500))).toEqual(['restarted ? after 8, ? from 1', '1', '2', '3'])
  })

  it('takes two consecutive numbers as a restart, and delivers a single lower one as unsequenced', () => {
    const t = ofMute(7)
    t.gets(8, 3, 5, 6)
    expect(notAsked(t.passes(1500))).toEqual([
      'unsequenced updates.3 Unconfirmed',
      'restarted ? after 8, ? from 5',
      '5',
      '6',
    ])
  })

  it('takes two consecutive far numbers as a jump', () => {
    const t = ofMute(1, { maxJump: 100 })
    expect(t.gets(500, 501)).toEqual(['gap 2-499 Data'])
    expect(t.passes(2000)).toEqual(['lost 2-499 unresolved', '500 AfterGap', '501'])
  })

  it('takes two consecutive numbers as a restart, though a far one waits for its neighbour', () => {
    const t = ofMute(7, { maxJump: 100 })
    expect([t.gets(500), t.gets(1, 2)]).toEqual([[], ['ask updates']])
    expect(notAsked(t.passes(1500))).toEqual(['restarted ? after 7, ? from 1', '1', '2'])
    expect(notAsked(t.passes(2000))).toEqual(['unsequenced updates.500 Unconfirmed'])
  })

  it.each([
    [3, 1],
    [6, 1],
    [120, 9],
  ])('checks a head up to %d from %d, which cannot belong to the run it follows', (head, start) => {
    const t = ofMute(7)
    expect(t.hears(headOf(head, { start: SequenceNumber.nearest(start) }))).toEqual(['ask updates'])
  })

  it('checks a head from within a gap, which cannot belong to the run it follows', () => {
    for (const options of [{}, { start: { from: SequenceNumber.nearest(7) } }]) {
      const t = ofMute(7, options)
      t.gets(10)
      expect(t.hears(headOf(10, { start: SequenceNumber.nearest(9) }))).toEqual(['ask updates'])
    }
  })

  it('sends no more requests once its sender answers', () => {
    const t = ofMute(7)
    t.gets(3)
    t.passes(1500)
    expect(t.isAnswered(headOf(8))).toEqual(['resumed', 'gap 8-8 Heartbeat'])
  })

  it('requests confirmation of a far number as soon as its sender sends a heartbeat', () => {
    const t = ofMute(7, { maxJump: 100 })
    expect([t.gets(500), t.hears(headOf(8))]).toEqual([[], ['ask updates', 'resumed', 'gap 8-8 Heartbeat']])
    expect(t.isAnswered(headOf(9))).toEqual(['unsequenced updates.500 Refuted', 'gap 9-9 Heartbeat'])
  })

  it('ignores the same number twice', () => {
    const t = ofMute(7)
    expect(notAsked([...t.gets(3, 3, 3, 8), ...t.passes(1500)])).toEqual(['8'])
    expect(t.self().usage.messages).toBe(3)
  })

  it('takes a number that arrives twice as a duplicate when the sequence continues', () => {
    const t = ofMute(1)
    expect(notAsked([...t.gets(1, 2, 2, 3, 3, 4, 4), ...t.passes(1500)])).toEqual(['2', '3', '4'])
    t.gets(5)
    expect([t.self().usage.duplicates, t.passes(5000)]).toEqual([4, []])
  })

  it('remembers both numbers of a jump, though there was no room for the second', () => {
    const t = ofMute(1, { maxJump: 100, maxMessages: 3 })
    t.gets(500, 501)
    expect(stateOf(t).buffer.highest).toBe(501)
  })

  it('takes two consecutive numbers as a jump in either order, and the numbers below as missing', () => {
    const t = ofMute(7, { maxJump: 100 })
    const gaps = ['gap 8-299 Data', 'gap 301-499 Data']
    expect([t.gets(300), t.gets(501), t.gets(500)]).toEqual([[], [], gaps])
    expect(t.self().usage.duplicates).toBe(0)
    expect(t.passes(2000)).toEqual([
      'lost 8-299 unresolved',
      '300 AfterGap',
      'lost 301-499 unresolved',
      '500 AfterGap',
      '501',
    ])
  })

  it('does not confirm a number that is far above two consecutive numbers', () => {
    const t = ofMute(7, { maxJump: 100 })
    expect([t.gets(900_000), t.gets(500), t.gets(501)]).toEqual([[], [], ['gap 8-499 Data']])
    expect(t.passes(2000)).toContain('unsequenced updates.900000 Unconfirmed')
  })

  it('keeps a far number unconfirmed when the sequence continues and proves another a duplicate', () => {
    const t = ofMute(7, { maxJump: 100 })
    t.gets(3)
    t.passes(1500)
    expect([t.gets(500), t.gets(8), t.self().usage.duplicates]).toEqual([[], ['8'], 1])
    expect(notAsked(t.passes(2000))).toEqual(['unsequenced updates.500 Unconfirmed'])
  })

  it('keeps a far number unconfirmed when the sequence continues and proves two others duplicates', () => {
    const t = ofMute(7, { maxJump: 100 })
    t.gets(3, 5)
    expect([t.gets(500), t.gets(8), t.self().usage.duplicates]).toEqual([[], ['8'], 2])
  })

  it('continues after a reconnect, though it waits for a neighbour of a number', () => {
    const t = ofMute(7)
    t.gets(3)
    t.passes(1500)
    t.on({ _tag: 'Disconnected' })
    t.on({ _tag: 'Reconnected' })
    expect(t.gets(8)).toEqual(['8'])
  })

  it('takes a number as a duplicate when the sequence continues while it waits for a neighbour', () => {
    const t = ofMute(7)
    t.gets(3)
    t.passes(1500)
    expect([t.gets(8), probeOf(stateOf(t))]).toEqual([['8'], undefined])
    expect([t.passes(5000), t.self().usage.duplicates, t.self().usage.messages]).toEqual([[], 1, 3])
  })

  it('delivers a number without a confirming neighbour as unsequenced', () => {
    const t = ofMute(7)
    t.gets(3)
    expect(notAsked(t.passes(3500))).toEqual(['unsequenced updates.3 Unconfirmed'])
  })

  it('follows a sender that starts to send heartbeats', () => {
    const t = ofMute(7)
    expect(t.hears(headOf(8))).toEqual(['resumed', 'gap 8-8 Heartbeat'])
  })

  it('returns to a run that it wrongly assumed to be over', () => {
    const t = following()
    t.gets(1, 2, 3)
    t.passes(6000)
    t.gets(1, 2)
    t.isRefused()
    expect(t.hears(headOf(3))).toEqual([])
    t.passes(1000)
    expect(t.hears(headOf(4))).toEqual(['ask updates'])
    // It does not deliver messages of that run again.
    expect(enters(t, headOf(4))).toEqual(['restarted ? after 2, @0000000001 from 4', 'resumed', 'gap 4-4 Heartbeat'])
  })
})

describe('a receiver in a cluster, whose node learns of the subscriptions of a sender later than of its messages', () => {
  it('starts where the run starts, as its heartbeat says', () => {
    const t = talk({ addressing: 'perSender' })
    const refuse = () => t.on({ _tag: 'HeadRefused', requestId: t.requestId(), origin: alice().name })
    t.passes(5000)
    t.gets(5)
    refuse()
    t.passes(100)
    refuse()
    expect(t.hears(headOf(5, { age: 1000 }))).toEqual([])
    t.passes(400)
    refuse()
    expect(t.passes(0)).toEqual(['gap 1-4 Data'])
  })
})

describe('a receiver without settings', () => {
  it('has the documented defaults', () => {
    const source = readFileSync(join(__dirname, '..', '..', '..', 'src', 'core', 'receiver', 'settings.ts'), 'utf8')
    const documented = [...source.matchAll(/Default `?([^`.]+?)`?\.\s+\*\/\s+readonly (\w+):/g)]
    const stated = documented.map(([, value = '', name]) => [name, value.replace(/ MiB$/, '_MiB')])
    const actual = Object.entries(Receiver.defaults).map(([name, value]) => [name, String(value)])
    expect(stated).toEqual(
      actual.map(([name, value]) => [name, name === 'maxBytes' ? `${Number(value) / 2 ** 20}_MiB` : value]),
    )
  })
})

describe('a receiver that is disconnected', () => {
  it('counts messages after the disconnect as received before it', () => {
    const t = following({ addressing: 'perSender' })
    t.on({ _tag: 'Disconnected' })
    t.passes(60_000)
    t.gets(1)
    t.on({ _tag: 'Reconnected' })
    expect(t.passes(7000)).toContain('silent 5000')
  })

  it('requests no missing messages meanwhile', () => {
    const t = following({ addressing: 'perSender' })
    const on = (h: Parameters<Rig['on']>[0]): string[] => t.on(h).map(o => o._tag)
    on({ _tag: 'Disconnected' })
    expect(on({ _tag: 'MessageReceived', origin: alice(), arrival: arrival(3) })).toEqual(['Deliver'])
    expect(t.passes(500)).toEqual([])
    expect(on({ _tag: 'Reconnected' })).toContain('RequestReplay')
  })

  it('gives up nothing when its timer fires late', () => {
    const t = following()
    t.gets(1, 3)
    t.passes(1999)
    const [, away] = Receiver.step<string>({ _tag: 'Disconnected', now: t.now() + 1 })(t.self())
    const [out] = Receiver.step<string>({ _tag: 'Tick', now: t.now() + 1 })(away)
    expect(said(out)).toEqual([])
  })
})

describe('a receiver whose timer fires', () => {
  it('sets the same timer again, as it fired too early', () => {
    const t = following()
    const [out] = Receiver.step<string>({ _tag: 'Tick', now: t.now() })(t.self())
    expect(out).toEqual([{ _tag: 'SetTimer', at: t.self().wakeAt }])
  })

  it('counts the time of remembered epochs from the reconnect', () => {
    const t = following({ maxMessages: 2 })
    t.gets(1, 2, 3)
    t.on({ _tag: 'Disconnected' })
    t.wait(60_000)
    t.takes(2)
    t.on({ _tag: 'Reconnected' })
    t.isAnswered(headOf(3))
    expect(t.passes(2000).at(-1)).toBe('lost 3-3 unresolved')
  })
})

describe('a receiver at its limits', () => {
  it('drops the newest messages of a slow consumer, and counts them as missing until there is room', () => {
    const t = following({ maxMessages: 4 })
    expect(t.gets(1, 2, 3, 4, 5, 6)).toEqual(['1', '2', '3', '4'])
    expect(t.passes(60_000)).toEqual(['ask updates'])
    expect([t.takes(4), t.self().table.waiting]).toEqual([['silent 5000'], undefined])
    expect(t.passes(2000)).toEqual(['lost 5-6 unresolved'])
  })

  it('drops held messages for one that lets the sequence continue', () => {
    const t = following({ maxMessages: 4 })
    t.gets(2, 3, 4)
    expect(t.gets(1)).toEqual(['1 Late', '2 AfterGap', '3'])
  })

  it('keeps lower messages instead of higher ones, though they are not the next', () => {
    const t = following({ maxMessages: 5 })
    t.gets(3, 5, 6)
    expect(t.gets(2, 1)).toEqual(['1 Late', '2 Late', '3 AfterGap'])
  })

  it('keeps a lower message, though that takes all of maxBytes', () => {
    const t = following({ maxBytes: 10 })
    const gets = (n: number, bytes: number) =>
      said(t.on({ _tag: 'MessageReceived', origin: single(), arrival: arrival(n, `m${n}`, bytes) }))
    gets(3, 4)
    gets(2, 10)
    expect(gets(1, 0)).toEqual(['1 Late', '2 Late'])
  })

  it('drops nothing for a message that would not fit even then, as others hold the room', () => {
    const t = following({ maxBytes: 10 })
    const other = single('other')
    const gets = (origin: Origin, n: number, bytes: number) =>
      said(t.on({ _tag: 'MessageReceived', origin, arrival: arrival(n, `m${n}`, bytes) }))
    t.on({ _tag: 'HeartbeatReceived', origin: other, head: headOf(0) })
    gets(other, 2, 7)
    gets(single(), 4, 2)
    gets(single(), 2, 4)
    expect(t.self().usage.bytes).toBe(9)
  })

  it('learns from a heartbeat what is missing, though there is no room for the report', () => {
    const t = following({ maxMessages: 1 })
    t.gets(1)
    expect([t.hears(headOf(3)), t.takes(1), t.passes(2000)]).toEqual([[], [], ['lost 2-3 unresolved']])
  })

  it('delays a loss while the consumer processes nothing, if no request is possible', () => {
    const t = ofMute(1, { maxMessages: 4, mode: 'arrival' })
    expect([t.gets(3), t.passes(4000)]).toEqual([['gap 2-2 Data', '3 AfterGap'], []])
    expect([t.takes(4, 2), t.passes(2000)]).toEqual([[], ['lost 2-2 unresolved']])
  })

  it('repeats the request of an unanswered check when there is room for its result', () => {
    const t = following({ maxMessages: 2 })
    t.gets(1, 2)
    t.hears(headOf(0, { epoch: run(2) }))
    t.passes(2000)
    expect(t.takes(2)).toEqual(['ask updates'])
  })

  it('keeps within maxBytes', () => {
    const t = following({ maxBytes: 2 })
    expect(t.gets(1, 2, 3)).toEqual(['1', '2'])
    t.takes(2)
    expect(t.passes(2000)).toEqual(['lost 3-3 unresolved'])
  })

  it('requests dropped messages as soon as half of maxBytes is processed', () => {
    const t = following({ maxBytes: 10 })
    for (const n of [1, 2, 3]) t.on({ _tag: 'MessageReceived', origin: single(), arrival: arrival(n, `m${n}`, 5) })
    t.takes(1, 5)
    expect(t.passes(2000)).toEqual(['lost 3-3 unresolved'])
  })

  it('gives up the oldest gap beyond maxGaps', () => {
    const t = following({ maxGaps: 3, mode: 'arrival' })
    t.gets(2, 4)
    expect(t.gets(6)).toEqual(['gap 5-5 Data', 'lost 1-1 overflow', '6 AfterGap'])
  })

  it('keeps within maxGaps when a noticed message does not fit', () => {
    const t = following({ maxMessages: 3, maxGaps: 2 })
    t.gets(2, 4)
    expect(t.gets(7, 9)).toEqual([])
    expect(t.hears(headOf(20))).toEqual([])
  })

  it('does not report each message without room as lost, though others have maxGaps gaps', () => {
    const t = following({ maxMessages: 4, maxGaps: 1, mode: 'arrival' })
    const other = single('other')
    t.on({ _tag: 'HeadAnswered', requestId: 1, origin: other, head: headOf(0) })
    expect(said(t.on({ _tag: 'MessageReceived', origin: other, arrival: arrival(2) }))).toEqual([
      'gap 1-1 Data',
      '2 AfterGap',
    ])
    expect([t.gets(1, 2), t.gets(3, 4, 5, 6), t.self().table.gaps]).toEqual([['1', '2'], [], 2])
    // When there is room for the report, the limit holds again.
    expect([t.takes(4, 3), t.self().table.gaps]).toEqual([['lost 3-6 overflow'], 1])
  })

  it('does not report messages without room as lost while the others exceed maxGaps for lack of room', () => {
    const t = following({ maxMessages: 4, maxGaps: 1, mode: 'arrival' })
    const [second, third] = [single('second'), single('third')]
    for (const origin of [second, third]) t.on({ _tag: 'HeadAnswered', requestId: 1, origin, head: headOf(0) })
    t.on({ _tag: 'MessageReceived', origin: second, arrival: arrival(2) })
    t.gets(1, 2)
    t.on({ _tag: 'MessageReceived', origin: third, arrival: arrival(1) })
    expect([t.gets(3, 4), t.self().table.gaps]).toEqual([[], 3])
  })

  it('keeps other origins waiting when one takes all the room that was made', () => {
    const t = talk({ maxMessages: 12, maxGaps: 1, gapTimeout: 60_000 })
    const [first, last] = [single('a'), single('z')]
    t.on({ _tag: 'HeadAnswered', requestId: 1, origin: first, head: headOf(0, { max: 60_000 }) })
    t.on({ _tag: 'HeadAnswered', requestId: 1, origin: last, head: headOf(0, { max: 500 }) })
    for (const n of [1, 3, 4, 5, 6, 7, 8]) t.on({ _tag: 'MessageReceived', origin: first, arrival: arrival(n) })
    for (const n of [1, 2, 3, 4, 5]) t.on({ _tag: 'MessageReceived', origin: last, arrival: arrival(n) })
    t.passes(5000)
    const said = t.takes(1).filter(s => !s.startsWith('ask'))
    expect(said).toEqual(['lost 2-2 overflow', '3 AfterGap', '4', '5', '6', '7'])
    expect(t.takes(12, 10)).toContain('silent 500')
  })

  it('gives up a message larger than maxBytes, though nothing else is ever processed', () => {
    const t = following({ maxBytes: 10 })
    expect(said(t.on({ _tag: 'MessageReceived', origin: single(), arrival: arrival(1, 'm1', 11) }))).toEqual([])
    expect(t.passes(2000)).toEqual(['lost 1-1 unresolved'])
  })

  it('gives up what it dropped, though all that it may hold is held behind that', () => {
    const t = following({ maxMessages: 4 })
    t.gets(1, 2, 3, 4, 5)
    for (let n = 6; n < 10; n++) {
      t.takes(1)
      t.gets(n)
    }
    expect(t.passes(2000)).toEqual(['lost 5-5 unresolved', '6 AfterGap', 'lost 7-7 unresolved', '8 AfterGap'])
  })

  it('decides a check though pending messages take all of its room', () => {
    const t = talk({ maxMessages: 3 })
    t.gets(1, 2, 3, 4)
    expect(t.passes(2000).filter(s => !s.startsWith('ask'))).toEqual(['silent mute', '1', '2'])
    t.takes(3, 2)
    expect(t.passes(2000)).toEqual(['lost 3-4 unresolved'])
  })

  it('reports as missing what arrived while nobody answered, and did not fit', () => {
    const t = talk({ maxMessages: 8, start: { from: 1 } })
    for (let n = 1; n <= 21; n++) t.gets(n)
    for (let n = 32; n <= 40; n++) t.gets(n)
    const early = t.passes(2000).filter(s => !s.startsWith('ask'))
    t.takes(8, 7)
    expect([...early, ...t.passes(4000)]).toEqual(['silent mute', ...'1234', 'gap 5-40 Data', 'lost 5-40 unresolved'])
  })

  it('starts a run that answered while there was no room as soon as there is room', () => {
    const t = following({ maxMessages: 4 })
    t.gets(1, 2, 3, 4)
    t.hears(headOf(0, { epoch: run(2) }))
    expect(t.isAnswered(headOf(0, { epoch: run(2) }))).toEqual([])
    t.takes(4)
    t.gets(5)
    expect(t.passes(2000)).toContain('restarted @0000000001 after 4, @0000000002 from 1')
  })

  it('starts a run that answered while there was no room at its last heartbeat', () => {
    const t = following({ maxMessages: 4 })
    t.gets(1, 2, 3, 4)
    t.hears(headOf(0, { epoch: run(2) }))
    t.isAnswered(headOf(0, { epoch: run(2) }))
    t.hears(headOf(2, { epoch: run(2), age: 2e9 }))
    t.takes(4)
    expect(t.passes(2000).filter(d => !d.startsWith('ask'))).toEqual([
      'restarted @0000000001 after 4, @0000000002 from 1',
      'gap 1-2 Heartbeat',
    ])
  })

  it('waits for a consumer that processes nothing, without waking endlessly, when a gap passes its timeout', () => {
    const t = following({ maxMessages: 4, mode: 'arrival' })
    expect(t.gets(1, 3, 4, 5)).toEqual(['1', 'gap 2-2 Data', '3 AfterGap', '4'])
    expect(t.passes(4000)).toEqual([])
    t.takes(4, 3)
    expect(t.passes(2000)).toContain('lost 2-2 unresolved')
  })

  it('waits for a consumer that processes nothing, though few messages take all the bytes', () => {
    const t = following({ maxBytes: 3, mode: 'arrival' })
    expect([t.gets(1, 3, 4), t.passes(4000)]).toEqual([['1', 'gap 2-2 Data', '3 AfterGap', '4'], []])
    t.takes(4, 3)
    expect(t.passes(2000)).toContain('lost 2-2 unresolved')
  })

  it('counts a number that fits between numbers without room as present', () => {
    const t = following({ maxMessages: 8 })
    t.gets(1, 2, 3, 4, 6, 7, 8)
    t.takes(2)
    t.gets(9, 10)
    expect(t.self().table.gaps).toBe(3)
  })

  it('gives up a gap at its timeout, for any changes of room', () => {
    const t = following({ maxMessages: 4 })
    t.gets(2, 3, 4)
    t.takes(1, 0)
    for (let n = 5; n < 9; n++) {
      t.gets(n)
      t.passes(450)
      t.hears(headOf(n))
    }
    expect(t.passes(200).filter(s => !s.startsWith('ask'))).toContain('lost 1-1 unresolved')
  })

  it('reports a silence when there is room, and no end of an unreported one', () => {
    const t = following({ addressing: 'perSender', maxMessages: 1 })
    expect([t.gets(1), t.passes(7000)]).toEqual([['1'], [`ask ${alice().name}`]])
    expect([t.takes(1), t.takes(1), t.hears(headOf(1))]).toEqual([['silent 5000'], [], ['resumed']])
    const other = following({ addressing: 'perSender', maxMessages: 1 })
    other.gets(1)
    other.passes(7000)
    expect(other.hears(headOf(1))).toEqual([])
  })

  it('decides an unanswered check when there is room for its result', () => {
    const t = following({ maxMessages: 2 })
    t.gets(1, 2)
    t.on({ _tag: 'MessageReceived', origin: single('other'), arrival: arrival(5) })
    expect(t.passes(3000)).toEqual(['ask other', 'ask other', 'ask other'])
    expect(t.takes(2)).toEqual(['ask other'])
    expect(t.passes(1500)).toEqual(['ask other', 'ask other', 'ask other', 'silent mute', 'gap 5-5 Data'])
  })

  it('does not count an unconfirmed far number without room as missing', () => {
    const t = following({ maxMessages: 2, maxJump: 10, requestAttempts: 1 })
    t.gets(1, 2)
    t.gets(14)
    t.takes(2)
    t.gets(3, 4)
    t.takes(2)
    expect(t.passes(1500).filter(s => s.startsWith('gap'))).toEqual([])
    const other = following({ maxMessages: 2, maxJump: 10 })
    other.gets(1, 2)
    for (const n of [5, 50]) other.on({ _tag: 'MessageReceived', origin: single('other'), arrival: arrival(n) })
    other.passes(3000)
    other.takes(2)
    expect(other.passes(1500).filter(s => s.startsWith('gap'))).toEqual([])
  })

  it('keeps all numbers without room at the tail in one gap', () => {
    const t = following({ maxMessages: 4 })
    t.gets(2, 3)
    t.takes(1, 0)
    t.gets(4, 5, 6, 7)
    expect(t.self().table.gaps).toBe(2)
  })

  it('follows no more saved origins than maxOrigins', () => {
    const positions = [1, 2, 3].map(i => ({ origin: alice(i).name, number: 0, epoch: run(i) }))
    const t = talk({ addressing: 'perSender', maxOrigins: 2, start: { v: 1, positions } })
    expect(t.self().table.origins.size).toBe(2)
  })

  it('keeps following an origin with open gaps, though it is silent', () => {
    const t = following({ addressing: 'perSender', maxOrigins: 1, gapTimeout: 60_000 })
    t.gets(1, 3)
    t.passes(10_000)
    const second = { _tag: 'MessageReceived', origin: alice(2), arrival: arrival(1) } as const
    expect(said(t.on(second))).toEqual(['unsequenced updates.alice.@0000000002.1 TooManyOrigins'])
  })

  it('starts a new run when there is room for the report', () => {
    const t = following({ maxMessages: 3 })
    const second = headOf(0, { epoch: run(2) })
    t.gets(1, 2, 3)
    expect([t.hears(second), enters(t, second)]).toEqual([['ask updates'], []])
    expect(t.takes(3)).toEqual([`restarted ${run(1)} after 3, ${run(2)} from 1`])
  })

  it('reports what it dropped during a check as lost, if it can only be of the old run', () => {
    const t = following({ maxMessages: 3 })
    t.gets(1)
    t.takes(1)
    expect([t.gets(2, 3), t.hears(headOf(1, { epoch: run(2) }))]).toEqual([['2', '3'], ['ask updates']])
    expect(t.gets(4, 5, 6)).toEqual([])
    expect(enters(t, headOf(1, { epoch: run(2) }))).toEqual([
      'unsequenced updates.4 BetweenRuns',
      'lost 4-6 gone',
      `restarted ${run(1)} after 6, ${run(2)} from 1`,
    ])
  })

  it('does not report what it dropped during a check as lost, if the new run has sent it', () => {
    const t = following({ maxMessages: 3 })
    t.gets(1, 2)
    t.hears(headOf(6, { epoch: run(2) }))
    t.gets(3, 4, 5)
    t.takes(2)
    expect(enters(t, headOf(6, { epoch: run(2) })).slice(0, 2)).toEqual([
      `restarted ${run(1)} after 2, ${run(2)} from 1`,
      'gap 1-2 Data',
    ])
  })

  it('reports what it dropped during a check as lost, if it is below the start of the new run', () => {
    const t = following({ maxMessages: 3 })
    const second = headOf(100, { epoch: run(2), start: SequenceNumber.nearest(100) })
    t.gets(1, 2)
    t.hears(second)
    t.gets(3, 4, 100)
    t.takes(2)
    expect(enters(t, second).slice(0, 4)).toEqual([
      'unsequenced updates.3 BetweenRuns',
      'gap 3-4 Data',
      'lost 3-4 gone',
      `restarted ${run(1)} after 4, ${run(2)} from 100`,
    ])
  })

  it('accepts a number that it dropped during a check, if it is exactly maxJump ahead', () => {
    const t = following({ maxMessages: 3, maxJump: 98 })
    const second = headOf(200, { epoch: run(2), start: SequenceNumber.nearest(200) })
    t.gets(1, 2)
    t.hears(second)
    t.gets(3, 4, 100)
    t.takes(2)
    expect(enters(t, second)).toContain('lost 3-100 gone')
    const other = talk({ maxMessages: 2, maxJump: 101 })
    other.gets(1, 2, 102)
    other.passes(2000)
    other.takes(2, 1)
    expect(other.passes(2000)).toEqual(['lost 2-102 unresolved'])
  })

  it('decides by the dropped numbers if no request is possible', () => {
    const t = following({ maxMessages: 2 })
    t.gets(1, 2)
    const refuse = () => t.on({ _tag: 'HeadRefused', requestId: t.requestId(), origin: 'other' })
    t.on({ _tag: 'MessageReceived', origin: single('other'), arrival: arrival(5) })
    refuse()
    t.passes(100)
    refuse()
    t.passes(400)
    refuse()
    expect([t.takes(2), t.passes(0)]).toEqual([[], ['silent mute', 'gap 5-5 Data']])
  })

  it('does not accept a far number that it dropped during a check', () => {
    const t = following({ maxMessages: 3 })
    t.gets(1, 2)
    t.hears(headOf(1, { epoch: run(2) }))
    expect(t.gets(3, 4e6)).toEqual([])
    t.takes(2)
    expect(enters(t, headOf(1, { epoch: run(2) }))).toEqual([
      'unsequenced updates.3 BetweenRuns',
      `restarted ${run(1)} after 2, ${run(2)} from 1`,
      'gap 1-1 Heartbeat',
    ])
  })

  it('starts a new run though held messages take all of its room', () => {
    const t = following({ maxMessages: 3 })
    t.gets(1)
    t.takes(1)
    t.gets(3)
    t.takes(1)
    t.gets(4, 5, 1)
    expect(enters(t, headOf(1, { epoch: run(2) }))).toEqual([
      'lost 2-2 gone',
      '3 AfterGap',
      '4',
      'lost 5-5 gone',
      'restarted @0000000001 after 5, @0000000002 from 1',
    ])
    t.takes(5, 2)
    expect(t.passes(2000)).toEqual(['lost 1-1 unresolved'])
  })

  it('reports messages of an origin beyond maxOrigins as unsequenced, but replaces an ended origin', () => {
    const t = talk({ addressing: 'perSender', maxOrigins: 1 })
    t.isAnswered(headOf(0))
    const second = { _tag: 'MessageReceived', origin: alice(2), arrival: arrival(1) } as const
    expect(said(t.on(second))).toEqual(['unsequenced updates.alice.@0000000002.1 TooManyOrigins'])
    expect(t.hears(headOf(0, { state: 'ended' }))).toEqual(['ended 0'])
    expect(said(t.on(second))).toEqual(['ask updates.alice.@0000000002'])
    expect(t.self().table.origins.size).toBe(1)
  })

  it('evicts the origin that ended first', () => {
    const t = talk({ addressing: 'perSender', maxOrigins: 3 })
    const ends = (i: number) =>
      t.on({ _tag: 'HeadAnswered', requestId: 1, origin: alice(i), head: headOf(0, { epoch: run(i), state: 'ended' }) })
    const follows = () =>
      t
        .self()
        .table.origins.entries()
        .map(e => e.key)
    for (const i of [2, 1, 3]) ends(i)
    ends(4)
    expect(follows()).toEqual([1, 3, 4].map(i => alice(i).name))
    ends(5)
    expect(follows()).toEqual([3, 4, 5].map(i => alice(i).name))
  })

  it('does not evict an origin that waits for an answer', () => {
    const t = following({ maxOrigins: 1 })
    t.passes(6000)
    t.hears(headOf(0, { epoch: run(2) }))
    const other = { _tag: 'MessageReceived', origin: single('other'), arrival: arrival(1) } as const
    expect(said(t.on(other))).toEqual(['unsequenced other.1 TooManyOrigins'])
  })

  it('ignores answers for an origin that it does not follow', () => {
    const t = following()
    const [origin, epoch, first] = [single('other'), run(1), SequenceNumber.first]
    for (const answer of [
      { _tag: 'ReplayAnswered', arrival: arrival(1) },
      { _tag: 'ReplayRefused', first, last: first, reason: 'evicted' },
      { _tag: 'ReplayEnded', last: first },
    ] as const)
      expect(t.on({ ...answer, requestId: 1, origin, epoch })).toEqual([])
  })

  it('reports later messages of a silent origin as lost when it is evicted', () => {
    const t = talk({ addressing: 'perSender', maxOrigins: 1 })
    t.isAnswered(headOf(4))
    t.passes(6000)
    const second = { _tag: 'MessageReceived', origin: alice(2), arrival: arrival(1) } as const
    expect(said(t.on(second))).toEqual(['lost 5- gone', 'ask updates.alice.@0000000002'])
  })

  it('counts the unsequenced messages that did not fit', () => {
    const t = talk({ maxMessages: 2 })
    const message = {
      subject: 'updates.x',
      reason: 'NoNumber',
      data: '',
      headers: undefined,
      reply: undefined,
    } as const
    const stray = () =>
      said(t.on({ _tag: 'UnsequencedReceived', message: { _tag: 'Unsequenced', ...message }, bytes: 1 }))
    expect([stray(), stray(), stray(), stray()].flat()).toHaveLength(2)
    expect(Receiver.isSettled(t.self())).toBe(false)
    expect(t.takes(1)).toEqual(['overflowed 2'])
    expect(Receiver.isSettled(t.self())).toBe(true)
  })

  it('reports unsequenced messages that did not fit when its consumer makes room, not at each message', () => {
    const t = following({ maxMessages: 4 })
    t.gets(2, 3, 4)
    const { data, headers, reply } = arrival(1)
    const message = { _tag: 'Unsequenced', subject: 'updates.x', reason: 'NoNumber', data, headers, reply } as const
    const stray = () => said(t.on({ _tag: 'UnsequencedReceived', message, bytes: 1 }))
    expect([stray(), stray(), stray(), stray()]).toEqual([['unsequenced updates.x NoNumber'], [], [], []])
    expect(t.takes(1, 0)).toEqual(['overflowed 3'])
  })

  it('is settled when nothing is missing, held or under check', () => {
    const t = following({ mode: 'arrival' })
    expect(Receiver.isSettled(t.self())).toBe(true)
    t.gets(1, 3)
    expect(Receiver.isSettled(t.self())).toBe(false)
    t.gets(2)
    expect(Receiver.isSettled(t.self())).toBe(true)
    t.gets(2)
    expect(Receiver.isSettled(t.self())).toBe(false)
    t.isAnswered(headOf(3))
    t.passes(150)
    expect(Receiver.isSettled(t.self())).toBe(true)
  })

  it('reports once that a sender uses the other addressing', () => {
    const t = talk()
    const other = { _tag: 'HeartbeatReceived', origin: alice(), head: headOf(0) } as const
    expect([said(t.on(other)), said(t.on(other))]).toEqual([['mismatch updates.alice.@0000000001 single'], []])
  })

  it('ignores a head with another epoch than its origin', () => {
    const t = talk({ addressing: 'perSender' })
    expect(t.hears(headOf(5, { epoch: run(2) }))).toEqual([])
    expect(t.self().table.origins.size).toBe(0)
  })
})

// --- a lossy link ---------------------------------------------------------------------------------------------------

const who = fc.nat(1)
const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      who,
      count: fc.integer({ min: 1, max: 12 }),
      bytes: fc.constantFrom(1, 5),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 10, 60, 300, 2500, 7000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('restart' as const),
      who,
      down: fc.constantFrom(0, 300, 8000),
      crash: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('away' as const), ms: fc.constantFrom(1, 100, 3000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stall' as const), ms: fc.constantFrom(10, 300, 5000) }) },
)

const plan: fc.Arbitrary<Plan> = fc.record({
  addressing: fc.constantFrom('single', 'perSender'),
  options: fc.record({
    mode: fc.constantFrom('ordered', 'arrival'),
    maxMessages: fc.constantFrom(3, 8, 1000),
    maxBytes: fc.constantFrom(4, 30, 1e6),
    maxGaps: fc.constantFrom(2, 6, 1000),
    maxJump: fc.constantFrom(5, 65_536),
  }),
  senders: fc.integer({ min: 1, max: 2 }),
  link: fc.record({
    loss: fc.constantFrom(0, 10, 40),
    repeat: fc.constantFrom(0, 20),
    delay: fc.constantFrom(1, 5, 40),
  }),
  seed: fc.nat(),
  deeds: fc.array(deed, { maxLength: 25 }),
  batch: fc.constantFrom(1, 2),
})

describe('a receiver behind a link that loses, repeats, delays and reorders', () => {
  it('delivers or reports each number once, keeps its limits and counters, and settles everything in the end', () => {
    fc.assert(
      fc.property(plan, p => {
        expect(play(p)).toEqual([])
      }),
    )
  })
})

describe('what a receiver has not settled', () => {
  const left = (t: Talk): string[] => Receiver.unsettled(t.self()).map(told)

  it('is nothing while no number is missing', () => {
    const t = following()
    t.gets(1, 2)
    expect([left(t), Receiver.isSettled(t.self())]).toEqual([[], true])
  })

  it('is nothing of an origin that it does not follow yet', () => {
    const t = talk()
    t.gets(7)
    expect(left(t)).toEqual([])
  })

  it.each([
    ['one number', [2], 'lost 1-2 unresolved'],
    ['to the last that is held', [2, 4, 5], 'lost 1-5 unresolved'],
    ['from the first that is missing', [1, 2, 4], 'lost 3-4 unresolved'],
  ])('is reported as one loss for each origin: %s', (_, numbers, expected) => {
    const t = following()
    t.gets(...numbers)
    expect(left(t)).toEqual([expected])
  })

  it('ends with the last number that is missing', () => {
    const t = following()
    t.hears(headOf(1))
    expect(left(t)).toEqual(['lost 1-1 unresolved'])
  })
})

describe('the request of a receiver to all senders', () => {
  it.each([
    ['stays open after the answer to another request', 99, ['ask all']],
    ['is not repeated after its answer', 1, []],
  ])('%s', (_, requestId, expected) => {
    const t = talk()
    t.isAnswered(headOf(0), requestId)
    expect(t.passes(defaults.requestTimeout).filter(s => s === 'ask all')).toEqual(expected)
  })

  it('is answered by more origins than it can follow', () => {
    const r = rig({ maxOrigins: 1 })
    r.on({ _tag: 'Started' })
    for (const name of ['a', 'b']) r.on({ _tag: 'HeadAnswered', requestId: 1, origin: single(name), head: headOf(0) })
    expect(
      r
        .self()
        .table.origins.entries()
        .map(({ key }) => key),
    ).toEqual(['a'])
  })
})

describe('a receiver whose head request nobody listens to', () => {
  const requestsAfter = (settings: Options, ...numbers: number[]): number => {
    const t = talk({ requestAttempts: 6, ...settings })
    t.gets(...numbers)
    t.on({ _tag: 'HeadRefused', requestId: t.requestId(), origin: single().name })
    return t.passes(60_000).filter(s => s === 'ask updates').length
  }

  it('repeats it twice if a message waits, even if there was no room for the message', () => {
    expect([requestsAfter({}, 1), requestsAfter({ maxBytes: 0 }, 1)]).toEqual([2, 2])
  })
})

describe('a receiver whose timer is due for several origins', () => {
  it('serves all of them at once', () => {
    const r = rig({ heartbeatGrace: 0 })
    r.on({ _tag: 'Started' })
    for (const [i, name] of ['a', 'b', 'c'].entries())
      r.on({ _tag: 'HeadAnswered', requestId: 1, origin: single(name), head: headOf(0, { max: i < 2 ? 300 : 60_000 }) })
    r.wait(299)
    const [out] = Receiver.step<string>({ _tag: 'Tick', now: r.now() + 1 })(r.self())
    expect(said(out)).toEqual(['silent 300', 'silent 300'])
  })
})
