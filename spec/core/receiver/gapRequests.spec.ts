import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Epoch } from '../../../src/core/protocol/Epoch.ts'
import type { Head } from '../../../src/core/protocol/Head.ts'
import type { Origin } from '../../../src/core/protocol/Origin.ts'
import type { Position, Start } from '../../../src/core/protocol/Positions.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import type { RefusalReason } from '../../../src/core/receiver/Delivery.ts'
import * as Receiver from '../../../src/core/receiver/Receiver.ts'
import { defaults } from '../../../src/core/receiver/settings.ts'
import type { Event, Happening, Machine, Options, Out, Rig } from './receiverHarness.ts'
import { alice, arrival, headOf, rig, run, single, told } from './receiverHarness.ts'
import type { Deed, World } from './replayingWorld.ts'
import { play } from './replayingWorld.ts'

const origin = single()

/** The outputs in short form: `3`, `lost 3-4 evicted`, `ask updates`, `replay 2-3`, `began 41`. */
const words = (out: ReadonlyArray<Out>): string[] =>
  out.flatMap(o => {
    if (o._tag === 'Deliver') return [told(o.delivery)]
    if (o._tag === 'RequestHead') return [`ask ${o.origin ?? 'all'}`]
    if (o._tag === 'RequestReplay') return [`replay ${o.first}-${o.last}`]
    return o._tag === 'OriginStarted' ? [`began ${o.number}`] : []
  })

interface Talk extends Rig {
  /** The id of the last replay request. */
  readonly request: () => number
  readonly gets: (...numbers: number[]) => string[]
  readonly hears: (head: Head) => string[]
  readonly isAnswered: (head: Head, requestId?: number) => string[]
  readonly passes: (ms: number) => string[]
  readonly takes: (deliveries: number, bytes?: number) => string[]
  /** Answers to the last request or to this one; by default of run 1. */
  readonly recovers: (number: number, o?: { requestId?: number; epoch?: Epoch | undefined; bytes?: number }) => string[]
  readonly isRefused: (
    first: number,
    last: number,
    o?: { requestId?: number; epoch?: Epoch; reason?: RefusalReason },
  ) => string[]
  readonly isDone: (last: number, o?: { requestId?: number; epoch?: Epoch }) => string[]
}

const talk = (options: Options = {}): Talk => {
  const plain = rig(options)
  let request = 0
  const noting = (out: ReadonlyArray<Out>): ReadonlyArray<Out> => {
    for (const o of out) if (o._tag === 'RequestReplay') request = o.id
    return out
  }
  const r = { ...plain, on: (h: Happening) => noting(plain.on(h)), wait: (ms: number) => noting(plain.wait(ms)) }
  r.on({ _tag: 'Started' })
  return {
    ...r,
    request: () => request,
    gets: (...numbers) => numbers.flatMap(n => words(r.on({ _tag: 'MessageReceived', origin, arrival: arrival(n) }))),
    hears: head => words(r.on({ _tag: 'HeartbeatReceived', origin, head })),
    isAnswered: (head, requestId = r.requestId()) => words(r.on({ _tag: 'HeadAnswered', requestId, origin, head })),
    passes: ms => words(r.wait(ms)),
    takes: (deliveries, bytes = deliveries) => words(r.on({ _tag: 'Consumed', deliveries, bytes })),
    recovers: (n, o = {}) => {
      const { requestId = request, epoch = run(1), bytes = 1 } = o
      const known = 'epoch' in o ? o.epoch : epoch
      return words(
        r.on({ _tag: 'ReplayAnswered', requestId, origin, epoch: known, arrival: arrival(n, `m${n}`, bytes) }),
      )
    },
    isRefused: (first, last, { requestId = request, epoch = run(1), reason = 'evicted' } = {}) => {
      const [from, to] = [SequenceNumber.nearest(first), SequenceNumber.nearest(last)]
      return words(r.on({ _tag: 'ReplayRefused', requestId, origin, epoch, first: from, last: to, reason }))
    },
    isDone: (last, { requestId = request, epoch = run(1) } = {}) =>
      words(r.on({ _tag: 'ReplayEnded', requestId, origin, epoch, last })),
  }
}

/** A receiver that follows run 1 from its start. */
const following = (options: Options = {}): Talk => {
  const t = talk(options)
  t.isAnswered(headOf(0))
  return t
}

const replays = (said: string[]): string[] => said.filter(s => s.startsWith('replay'))
const deliveries = (said: string[]): string[] => said.filter(s => !/^(replay|ask|began)/.test(s))

describe('a receiver with missing messages', () => {
  it('requests them at once, and continues when they arrive', () => {
    const t = following()
    expect(t.gets(1, 4)).toEqual(['1', 'gap 2-3 Data', 'replay 2-3'])
    expect(t.recovers(2)).toEqual(['2 Recovered'])
    expect(t.recovers(3)).toEqual(['3 Recovered', '4 AfterGap'])
    expect(t.passes(4000)).toEqual([])
  })

  it('requests the tail that a heartbeat reveals', () => {
    const t = following()
    expect(t.hears(headOf(2))).toEqual(['gap 1-2 Heartbeat', 'replay 1-2'])
  })

  it('requests a burst of 50,000 in pages, one after the other, not one by one', () => {
    const t = following()
    let asks = replays(t.gets(50_001))
    let n = 1
    const all = [...asks]
    while (asks.length > 0) {
      expect(asks).toHaveLength(1)
      const last = Number(asks[0]?.split('-')[1])
      for (; n <= last; n++) t.recovers(n)
      asks = replays(t.isDone(last))
      all.push(...asks)
      t.takes(t.handed().messages, t.handed().bytes)
    }
    expect([n, all.length]).toEqual([50_001, 13])
    expect(t.self().table.gaps).toBe(0)
  })

  it('names the run in a request, unless the address contains it', () => {
    const runs = (origin: Origin, options: Options = {}): Array<Epoch | undefined> => {
      const t = rig(options)
      t.on({ _tag: 'Started' })
      t.on({ _tag: 'HeadAnswered', requestId: 1, origin, head: headOf(0) })
      const out = t.on({ _tag: 'MessageReceived', origin, arrival: arrival(2) })
      return out.flatMap(o => (o._tag === 'RequestReplay' ? [o.epoch] : []))
    }
    expect(runs(single())).toEqual([run(1)])
    expect(runs(alice(), { addressing: 'perSender' })).toEqual([undefined])
  })

  it('repeats a request with growing delays, until it gives up', () => {
    const t = following()
    t.gets(2)
    const times: number[] = []
    for (let ms = 1; ms <= 4000; ms++) if (replays(t.passes(1)).length > 0) times.push(ms)
    const waits = times.map((at, i) => at - (times[i - 1] ?? 0))
    expect(waits.length).toBeGreaterThanOrEqual(3)
    for (const [i, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(50 * 2 ** i)
      expect(wait).toBeLessThanOrEqual(150 * 2 ** i + 1)
    }
    expect(times.at(-1)).toBeLessThanOrEqual(2000)
  })

  it('repeats requests at other times than receivers with the same gap', () => {
    const first = (seed: number): number => {
      const t = following({ seed })
      t.gets(2)
      return t.self().wakeAt
    }
    expect(new Set([1, 2, 3, 4, 5].map(first)).size).toBe(5)
  })

  it('does not give up while some of them arrive', () => {
    const t = following()
    t.gets(6)
    for (let n = 1; n < 6; n++) {
      expect(deliveries([...t.passes(1900), ...t.hears(headOf(6))])).toEqual([])
      t.recovers(n)
    }
    expect(t.self().table.gaps).toBe(0)
  })

  it('requests only some gaps at a time, and gives up none that waited for its turn', () => {
    const t = following({ mode: 'arrival' })
    const open: Array<{ requestId: number; n: number }> = []
    const note = (out: ReadonlyArray<Out>): void => {
      for (const o of out) if (o._tag === 'RequestReplay') open.push({ requestId: o.id, n: o.first })
      expect(words(out).filter(s => s.startsWith('lost'))).toEqual([])
    }
    for (let n = 2; n <= 400; n += 2) note(t.on({ _tag: 'MessageReceived', origin, arrival: arrival(n) }))
    expect(open.length).toBeLessThanOrEqual(32)
    // A far sender: each answer takes 500 ms, so the last gaps are requested after the timeout.
    for (let i = 0; i < 20; i++) {
      note(t.wait(500))
      for (const { requestId, n } of open.splice(0))
        note(t.on({ _tag: 'ReplayAnswered', requestId, origin, epoch: run(1), arrival: arrival(n) }))
    }
    expect([t.self().table.gaps, t.now() > 4000]).toEqual([0, true])
  })

  it('reports adjacent gaps as one loss if nobody answered the requests for both', () => {
    const t = following()
    t.gets(1)
    t.hears(headOf(3))
    t.hears(headOf(5))
    expect(deliveries(t.passes(2000))).toEqual(['lost 2-5 unresolved'])
  })

  it('counts the timeout of adjacent gaps separately', () => {
    const t = following()
    t.gets(1)
    t.hears(headOf(3))
    t.passes(10)
    t.hears(headOf(5))
    expect([1990, 10].map(ms => deliveries(t.passes(ms)))).toEqual([['lost 2-3 unresolved'], ['lost 4-5 unresolved']])
  })

  it('requests a second gap while most of the first is still to be requested', () => {
    const t = following({ maxMessages: 5000 })
    expect(replays(t.gets(10_001))).toEqual(['replay 1-4096'])
    expect(replays(t.gets(10_003))).toEqual(['replay 10002-10002'])
  })

  it('requests as much as fits in place of the messages held above', () => {
    const t = following({ maxMessages: 6 })
    t.gets(2)
    expect(replays(t.gets(6))).toEqual(['replay 3-4'])
  })

  it('does not count the room of messages held below', () => {
    const t = following({ maxMessages: 8 })
    t.gets(2, 3)
    expect(replays(t.hears(headOf(20)))).toEqual(['replay 4-4'])
  })

  it('requests nothing without room, and requests at once when there is room', () => {
    const t = following({ maxMessages: 2 })
    t.gets(1)
    expect([t.hears(headOf(5)), t.takes(2, 1)]).toEqual([['gap 2-5 Heartbeat'], ['replay 2-3']])
  })

  it('requests no more than it has room for', () => {
    const t = following({ maxMessages: 10 })
    expect(t.gets(1, 100)).toEqual(['1', 'gap 2-99 Data', 'replay 2-9'])
    t.takes(2, 1)
    for (let n = 2; n <= 9; n++) t.recovers(n)
    t.takes(8)
    expect(t.isDone(9)).toEqual(['replay 10-19'])
  })
})

describe('an answer to a replay request', () => {
  /** 2 to 4 are requested with request 2. It is the last request. */
  const asking = (): Talk => {
    const t = following()
    t.gets(1, 5)
    return t
  }
  const untouched = asking().self()

  it.each<[string, (t: Talk) => string[]]>([
    ['to a request that was never sent', t => t.recovers(2, { requestId: 3 })],
    ['to a request for something else', t => t.recovers(2, { requestId: 1 })],
    ['to no request', t => t.recovers(2, { requestId: Number.NaN })],
    ['to a request without an end', t => t.recovers(2, { requestId: Number.POSITIVE_INFINITY })],
    ['of another run', t => t.recovers(2, { epoch: run(2) })],
    ['for numbers above the request', t => t.recovers(6)],
    ['with a message that has arrived meanwhile', t => t.recovers(5)],
    ['with a message that was never missing', t => t.recovers(1)],
    ['that refuses messages that arrived', t => t.isRefused(5, 9)],
    ['that refuses for another run', t => t.isRefused(2, 4, { epoch: run(2) })],
    ['that refuses, to a request that was never sent', t => t.isRefused(2, 4, { requestId: 3 })],
    ['that is the end of a request for something else', t => t.isDone(4, { requestId: 1 })],
    ['that is the end of a request to another run', t => t.isDone(4, { epoch: run(2) })],
  ])('changes nothing if it is %s', (_, answer) => {
    const t = asking()
    expect(answer(t)).toEqual([])
    expect(t.self().table.origins).toEqual(untouched.table.origins)
  })

  it('counts after the request was repeated, for any of the repetitions', () => {
    const t = asking()
    expect(replays(t.passes(400)).length).toBeGreaterThan(0)
    expect(t.recovers(2, { requestId: 2 })).toEqual(['2 Recovered'])
    expect(t.recovers(3)).toEqual(['3 Recovered'])
  })

  it('counts if there is less room by now', () => {
    const t = following({ maxMessages: 10 })
    expect(t.gets(1, 100).at(-1)).toBe('replay 2-9')
    const requestId = t.request()
    const { data, headers, reply } = arrival(1)
    const message = { _tag: 'Unsequenced', subject: 'updates.x', reason: 'NoNumber', data, headers, reply } as const
    for (let i = 0; i < 5; i++) t.on({ _tag: 'UnsequencedReceived', message, bytes: 1 })
    expect(replays(t.passes(200)).at(-1)).toBe('replay 2-4')
    const before = t.self().usage.messages
    t.recovers(9, { requestId })
    expect(t.self().usage.messages).toBe(before + 1)
  })

  it('counts for a `perSender` origin whose sender did not answer a head request', () => {
    const r = rig({ addressing: 'perSender', maxJump: 10 })
    const origin = alice()
    r.on({ _tag: 'Started' })
    r.on({ _tag: 'HeadAnswered', requestId: 1, origin, head: headOf(0) })
    for (const n of [1, 3, 100]) r.on({ _tag: 'MessageReceived', origin, arrival: arrival(n) })
    const requestId = r.requestId() - 1
    r.wait(1600)
    const answer = { _tag: 'ReplayAnswered', requestId, origin, epoch: undefined, arrival: arrival(2) } as const
    expect(deliveries(words(r.on(answer)))).toEqual(['2 Recovered', '3 AfterGap'])
  })

  it('counts after a reconnect only up to the last requested number', () => {
    const t = following({ maxMessages: 10 })
    t.gets(1, 100)
    t.on({ _tag: 'Disconnected' })
    const { data, headers, reply } = arrival(1)
    const message = { _tag: 'Unsequenced', subject: 'updates.x', reason: 'NoNumber', data, headers, reply } as const
    for (let i = 0; i < 5; i++) t.on({ _tag: 'UnsequencedReceived', message, bytes: 1 })
    t.on({ _tag: 'Reconnected' })
    expect(t.isAnswered(headOf(100))).toEqual(['replay 2-4'])
    const before = t.self().usage.messages
    t.recovers(9)
    expect(t.self().usage.messages).toBe(before)
  })

  it('changes nothing beyond the requested numbers', () => {
    const t = following()
    expect(replays(t.gets(5001))).toEqual(['replay 1-4096'])
    expect([t.recovers(4500), t.isRefused(4097, 5000), t.self().table.gaps]).toEqual([[], [], 1])
  })

  it('that refuses numbers makes them lost at once, and adjacent ones with them', () => {
    const t = asking()
    expect(t.isRefused(2, 3)).toEqual(['lost 2-3 evicted'])
    expect(t.isRefused(4, 4)).toEqual(['lost 4-4 evicted', '5 AfterGap'])
  })

  it('that refuses the middle of a gap is reported in order', () => {
    const t = asking()
    expect(t.isRefused(3, 4)).toEqual([])
    expect(t.recovers(2)).toEqual(['2 Recovered', 'lost 3-4 evicted', '5 AfterGap'])
  })

  it('that refuses the middle of a gap is reported at once in the mode arrival', () => {
    const t = following({ mode: 'arrival' })
    t.gets(1, 5)
    expect(t.isRefused(3, 3)).toEqual(['lost 3-3 evicted'])
  })

  it('reports two adjacent refusals as one loss', () => {
    const t = asking()
    t.isRefused(4, 4)
    t.isRefused(3, 3)
    expect(t.recovers(2)).toEqual(['2 Recovered', 'lost 3-4 evicted', '5 AfterGap'])
  })

  it.each(['tooLarge', 'unreadable'] as const)('that refuses a number as %s is reported with that reason', reason => {
    const t = asking()
    expect(t.isRefused(2, 2, { reason })).toEqual([`lost 2-2 ${reason}`])
    expect([...t.recovers(3), ...t.recovers(4)]).toEqual(['3 Recovered', '4 Recovered', '5 AfterGap'])
  })

  it.each(['tooLarge', 'unreadable'] as const)('that refuses a number as %s is reported in order', reason => {
    const t = asking()
    expect(t.isRefused(3, 3, { reason })).toEqual([])
    expect(t.isRefused(4, 4)).toEqual([])
    expect(t.recovers(2)).toEqual(['2 Recovered', `lost 3-3 ${reason}`, 'lost 4-4 evicted', '5 AfterGap'])
  })

  it('that refuses a number in the mode arrival is reported at once, with its reason', () => {
    const t = following({ mode: 'arrival' })
    t.gets(1, 5)
    expect(t.isRefused(3, 3, { reason: 'tooLarge' })).toEqual(['lost 3-3 tooLarge'])
  })

  it('that refuses all numbers below the oldest kept one settles all requested gaps', () => {
    const t = following()
    t.gets(2, 4, 6, 8)
    expect(t.isRefused(1, 6)).toEqual([
      'lost 1-1 evicted',
      '2 AfterGap',
      'lost 3-3 evicted',
      '4 AfterGap',
      'lost 5-5 evicted',
      '6 AfterGap',
    ])
    expect(t.recovers(7)).toEqual(['7 Recovered', '8 AfterGap'])
  })

  it('that ends a page triggers the request for the rest at once', () => {
    const t = following()
    t.gets(10_001)
    for (let n = 1; n <= 4096; n++) t.recovers(n)
    expect(t.isDone(4096)).toEqual(['replay 4097-8192'])
  })

  it('that ends a page triggers the request for the rest at once, also among many gaps', () => {
    const t = following()
    t.gets(10_001)
    const requestId = t.request()
    for (let n = 10_003; n < 10_103; n += 2) t.gets(n)
    for (let n = 1; n <= 4096; n++) t.recovers(n, { requestId })
    expect(replays(t.isDone(4096, { requestId }))).toEqual(['replay 4097-8192'])
  })

  it("that ends early because of the sender's limits triggers the request for the rest at once", () => {
    const t = asking()
    t.recovers(2)
    expect(t.isDone(2)).toEqual(['replay 3-4'])
  })

  it('that ends makes the receiver request lost answers again soon', () => {
    const t = asking()
    t.recovers(3)
    expect(t.isDone(4)).toEqual([])
    expect(replays(t.passes(75)).sort()).toEqual(['replay 2-2', 'replay 4-4'])
  })

  it('that ends halves the delay until lost answers are requested again', () => {
    const next = (seed: number, answer: (t: Talk) => void): number => {
      const t = following({ seed })
      t.gets(1, 5)
      answer(t)
      return t.self().wakeAt - t.now()
    }
    for (const seed of [1, 2, 3]) expect(next(seed, t => t.isDone(4))).toBeCloseTo(next(seed, () => undefined) / 2)
  })

  it('that refuses also what has arrived meanwhile makes the rest lost', () => {
    const t = asking()
    expect(t.isRefused(1, 4)).toEqual(['lost 2-4 evicted', '5 AfterGap'])
    t.gets(7, 9)
    expect(t.isRefused(7, 8)).toEqual([])
    expect(t.recovers(6, { requestId: t.request() - 1 })).toEqual([
      '6 Recovered',
      '7 AfterGap',
      'lost 8-8 evicted',
      '9 AfterGap',
    ])
  })

  it('that ends below its first number does not cause an endless exchange of requests', () => {
    const t = following()
    let asks = replays(t.gets(100)).length
    for (let ms = 0; ms < 1900; ms++) asks += replays([...t.isDone(0), ...t.isDone(99), ...t.passes(1)]).length
    expect(asks).toBeLessThan(12)
  })

  it('counts during a check if it names the run', () => {
    const t = asking()
    expect(t.gets(1)).toEqual(['ask updates'])
    expect(t.recovers(2, { requestId: 2, epoch: undefined })).toEqual([])
    expect(t.isRefused(2, 4, { requestId: 2 })).toEqual([])
    expect(t.recovers(2, { requestId: 2 })).toEqual(['2 Recovered'])
  })

  it('that ends during a check does not count: it may be of another run', () => {
    const t = asking()
    t.gets(1)
    const before = t.self().table.origins
    expect([t.isDone(4, { requestId: 2 }), t.self().table.origins]).toEqual([[], before])
  })

  it('does not split the loss of one gap when the run is over', () => {
    const t = asking()
    t.isRefused(3, 3)
    t.hears(headOf(0, { epoch: run(2) }))
    t.isAnswered(headOf(0, { epoch: run(2) }))
    expect(deliveries(t.passes(100)).slice(0, 2)).toEqual(['lost 2-4 gone', '5 AfterGap'])
  })

  it('of an earlier run does not count after a restart', () => {
    const t = asking()
    t.hears(headOf(0, { epoch: run(2) }))
    t.isAnswered(headOf(3, { epoch: run(2) }))
    expect(deliveries(t.passes(100)).slice(0, 2)).toEqual(['lost 2-4 gone', '5 AfterGap'])
    expect(t.recovers(2, { requestId: 2 })).toEqual([])
    expect(t.recovers(1, { epoch: run(1) })).toEqual([])
    expect(t.recovers(1, { epoch: run(2) })).toEqual(['1 Recovered'])
  })
})

describe('a disconnected receiver', () => {
  it('requests nothing, and requests everything that is missing after the reconnect', () => {
    const t = following({ maxMessages: 4 })
    t.gets(1, 2, 3, 4, 5, 6)
    t.on({ _tag: 'Disconnected' })
    expect([...t.takes(4), ...t.passes(60_000)]).toEqual([])
    t.on({ _tag: 'Reconnected' })
    expect(t.isAnswered(headOf(6))).toEqual(['replay 5-6'])
  })

  it('forgets pending requests, but not how long the gap was open', () => {
    const t = following()
    t.gets(2)
    t.passes(1500)
    const before = t.request()
    t.on({ _tag: 'Disconnected' })
    t.passes(60_000)
    t.on({ _tag: 'Reconnected' })
    expect(t.recovers(1, { requestId: before })).toEqual([])
    expect(t.isAnswered(headOf(2))).toEqual(['replay 1-1'])
    expect([t.recovers(1, { requestId: before }), t.isRefused(1, 1, { requestId: before })]).toEqual([[], []])
    expect(deliveries(t.passes(499))).toEqual([])
    expect(deliveries(t.passes(1))).toEqual(['lost 1-1 unresolved', '2 AfterGap'])
  })

  it('continues what waits for room only after the reconnect', () => {
    const t = following({ maxMessages: 4 })
    t.gets(1, 2, 3, 4)
    t.gets(2)
    t.passes(10_000)
    t.on({ _tag: 'Disconnected' })
    expect(t.takes(4)).toEqual([])
    expect(words(t.on({ _tag: 'Reconnected' }))).toContain('ask all')
  })
})

describe('a receiver with a stream as replayer', () => {
  /** A receiver that misses 1 after a disconnect. Its sender no longer answers. */
  const bereft = (options: Options): string[] => {
    const t = following({ gapTimeout: 60_000, ...options })
    t.gets(2)
    t.on({ _tag: 'Disconnected' })
    t.on({ _tag: 'Reconnected' })
    return replays(t.passes(5000))
  }

  it('requests from the stream after the sender is gone', () => {
    expect(bereft({ stored: true })).toContain('replay 1-1')
    expect(bereft({ stored: false })).toEqual([])
  })

  it('accepts the refusal of the stream', () => {
    const t = following({ stored: true })
    t.gets(2)
    t.on({ _tag: 'Disconnected' })
    t.on({ _tag: 'Reconnected' })
    expect(replays(t.passes(1900))).toContain('replay 1-1')
    expect(t.isRefused(1, 1)).toEqual(['lost 1-1 evicted', '2 AfterGap'])
  })

  it('requests nothing for a run whose epoch is not known', () => {
    const t = talk({ stored: true, gapTimeout: 60_000 })
    expect(t.gets(1)).toEqual([])
    expect(deliveries(t.passes(5000))).toEqual(['silent mute', '1'])
    expect(t.gets(3)).toEqual(['gap 2-2 Data'])
    expect(replays(t.passes(5000))).toEqual([])
  })

  it('requests a `perSender` run that was never heard, as its address names it', () => {
    const r = rig({ addressing: 'perSender', stored: true })
    const gets = (n: number): string[] => words(r.on({ _tag: 'MessageReceived', origin: alice(), arrival: arrival(n) }))
    r.on({ _tag: 'Started' })
    gets(1)
    r.wait(5000)
    expect(gets(3)).toEqual(['gap 2-2 Data', 'replay 2-2'])
  })

  it('says whether a stream may send the numbers, and how often they were requested', () => {
    const t = talk({ gapTimeout: 60_000 })
    t.isAnswered(headOf(9, { start: SequenceNumber.nearest(10) }))
    const said = [...t.on({ _tag: 'MessageReceived', origin, arrival: arrival(12) }), ...t.wait(1000)]
    const asks = said.flatMap(o => (o._tag === 'RequestReplay' ? [[o.isUnique, o.tries]] : []))
    expect(asks.slice(0, 3)).toEqual([
      [true, 0],
      [true, 1],
      [true, 2],
    ])
    t.recovers(10)
    expect(t.on({ _tag: 'MessageReceived', origin, arrival: arrival(14) })).toContainEqual(
      expect.objectContaining({ _tag: 'RequestReplay', isUnique: true, first: 13, tries: 0 }),
    )
  })
})

describe('a receiver of a slow consumer', () => {
  it('gives up 1,000 single gaps within one gapTimeout when the sender no longer answers', () => {
    const t = following()
    for (let n = 2; n <= 2000; n += 2) t.gets(n)
    const said = t.passes(2000)
    expect(said.filter(s => s.startsWith('lost'))).toHaveLength(1000)
    expect(said.at(-1)).toBe('2000 AfterGap')
  })

  it('keeps a gap that waits for its turn past its gapTimeout, while the sender answers for others', () => {
    const t = following()
    const ids = new Map<number, number>()
    const note = (out: ReadonlyArray<Out>): void => {
      for (const o of out) if (o._tag === 'RequestReplay') ids.set(o.first, o.id)
    }
    for (let n = 2; n <= 200; n += 2) note(t.on({ _tag: 'MessageReceived', origin, arrival: arrival(n) }))
    // 32 gaps are requested at a time; the sender answers one every 50 ms.
    for (let n = 1; n <= 199; n += 2) {
      note(t.wait(50))
      const answer = {
        _tag: 'ReplayAnswered',
        requestId: ids.get(n) ?? 0,
        origin,
        epoch: run(1),
        arrival: arrival(n),
      } as const
      const out = t.on(answer)
      note(out)
      expect(words(out)[0]).toBe(`${n} Recovered`)
    }
    expect(t.now()).toBeGreaterThan(2 * defaults.gapTimeout)
  })

  it('holds a copy of a message, as the client may reuse its memory', () => {
    const copies: string[] = []
    const retain = (data: string): string => {
      copies.push(data)
      return `copy of ${data}`
    }
    const t = following({ retain })
    const at = (n: number) => t.on({ _tag: 'MessageReceived', origin, arrival: arrival(n) })
    const held = (out: ReadonlyArray<Out>) =>
      out.flatMap(o => (o._tag === 'Deliver' && o.delivery._tag === 'Message' ? [o.delivery.data] : []))
    at(2)
    expect(held(at(1))).toEqual(['m1', 'copy of m2'])
    // While a probe is open, and while parked.
    at(1)
    at(3)
    expect(held(t.on({ _tag: 'HeadAnswered', requestId: t.requestId(), origin, head: headOf(3) }))).toEqual([
      'copy of m3',
    ])
    expect(copies).toEqual(['m2', 'm1', 'm3'])
  })

  it('gives up all gaps together when the sender answers none of them', () => {
    const t = following()
    for (let n = 2; n <= 70; n += 2) t.gets(n)
    const first = t.passes(2000)
    expect(first).toContain('lost 63-63 unresolved')
    // No request was answered for the timeout, so waiting gaps expire as well.
    expect(first).not.toContain('replay 65-65')
    expect(first).toContain('lost 65-65 unresolved')
  })

  it('gives up gaps without room together with unanswered gaps', () => {
    const t = following({ maxMessages: 6 })
    t.gets(1, 2)
    t.takes(1)
    expect(replays(t.hears(headOf(20)))).toEqual(['replay 3-6'])
    expect(t.gets(7)).toEqual([])
    expect(deliveries(t.passes(2000))).toEqual(['lost 3-6 unresolved', '7 Late', 'lost 8-20 unresolved'])
  })

  it('requests dropped messages as soon as there is room, and loses nothing', () => {
    const t = following({ maxMessages: 4 })
    expect(t.gets(1, 2, 3, 4, 5, 6, 7)).toEqual(['1', '2', '3', '4'])
    expect(t.passes(4000)).toEqual([])
    expect(t.takes(2)).toEqual(['replay 5-6'])
    expect([t.recovers(5), t.recovers(6)]).toEqual([['5 Recovered'], ['6 Recovered']])
    expect(t.takes(4)).toEqual([])
    expect(t.isDone(6)).toEqual(['replay 7-7'])
  })

  it('reports no loss while there is no room for it, though timeouts pass', () => {
    const t = following({ maxMessages: 4, mode: 'arrival' })
    t.gets(1, 3, 5)
    expect(deliveries(t.passes(60_000))).toEqual([])
    expect(replays(t.takes(4, 2))).toEqual(['replay 2-2', 'replay 4-4', 'replay 5-5'])
    expect(t.recovers(2, { requestId: t.request() - 2 })).toEqual(['2 Recovered'])
    expect(deliveries(t.passes(1999))).toEqual([])
  })

  it('gives up a message that can never fit, for any number of replays', () => {
    const t = following({ maxBytes: 10 })
    t.hears(headOf(2))
    const said: string[] = []
    for (let ms = 0; ms < 2000; ms++) said.push(...t.recovers(1, { bytes: 11 }), ...t.passes(1))
    expect(replays(said).length).toBeLessThan(10)
    expect(deliveries(said)).toEqual(['lost 1-2 unresolved'])
  })

  it('gives up that message though the next ones have to wait for room', () => {
    const t = following({ maxBytes: 10 })
    t.on({ _tag: 'MessageReceived', origin, arrival: arrival(1, 'm1', 6) })
    t.hears(headOf(3))
    const said: string[] = []
    for (let ms = 0; ms < 4000; ms++)
      said.push(...t.recovers(2, { bytes: 11 }), ...t.recovers(3, { bytes: 6 }), ...t.passes(1))
    expect(deliveries(said)).toEqual(['lost 2-2 unresolved'])
    expect(replays([...t.takes(1, 6), ...t.passes(200)])).toContain('replay 3-3')
  })

  it('does not drop held messages for a message that can never fit', () => {
    const t = following({ maxBytes: 10 })
    t.gets(2, 3)
    expect(t.recovers(1, { bytes: 11 })).toEqual([])
    expect(t.recovers(1, { bytes: 1, requestId: 2 })).toEqual(['1 Recovered', '2 AfterGap', '3'])
  })

  it('requests messages without room again when there is room, and not before', () => {
    const t = following({ maxBytes: 10 })
    t.on({ _tag: 'MessageReceived', origin, arrival: arrival(1, 'm1', 6) })
    t.hears(headOf(3))
    const said: string[] = []
    for (let ms = 0; ms < 5000; ms++) said.push(...t.recovers(2, { bytes: 6 }), ...t.passes(1))
    expect([replays(said).length, deliveries(said)]).toEqual([0, []])
    const taken = [...t.takes(2, 6), ...t.passes(200)]
    expect(replays(taken)).toContain('replay 2-3')
    expect(t.recovers(2, { bytes: 6 })).toEqual(['2 Recovered'])
  })

  it('does not give up messages that fit once everything is processed', () => {
    const t = following({ maxBytes: 10 })
    t.on({ _tag: 'MessageReceived', origin, arrival: arrival(1, 'm1', 6) })
    t.hears(headOf(2))
    t.recovers(2, { bytes: 10 })
    expect(deliveries([...t.passes(4000), ...t.takes(2, 6)])).toEqual([])
    expect(t.recovers(2, { bytes: 10 })).toEqual(['2 Recovered'])
  })

  it('reports a requested gap and one without room as two losses', () => {
    const t = following({ maxMessages: 5 })
    t.gets(1)
    t.hears(headOf(3))
    expect(replays(t.hears(headOf(5)))).toEqual([])
    expect(deliveries(t.passes(2000))).toEqual(['lost 2-3 unresolved', 'lost 4-5 unresolved'])
  })

  it("continues with two senders whose first missing messages don't fit beside the other's held ones", () => {
    const t = rig({ addressing: 'perSender', maxBytes: 10 })
    const messageOf = (n: number) => arrival(n, `m${n}`, n === 1 ? 7 : 4)
    const senders = [alice(1, 'alice'), alice(2, 'bob')]
    const came: string[] = []
    const asks: Array<Extract<Out, { _tag: 'RequestReplay' }>> = []
    const follow = (out: ReadonlyArray<Out>): void => {
      for (const o of out)
        if (o._tag === 'RequestReplay') asks.push(o)
        else if (o._tag === 'Deliver') {
          if (o.delivery._tag === 'Message') came.push(`${o.delivery.sender} ${o.delivery.number}`)
          follow(t.on({ _tag: 'Consumed', deliveries: 1, bytes: o.bytes }))
        }
    }
    follow(t.on({ _tag: 'Started' }))
    for (const [i, origin] of senders.entries())
      follow(t.on({ _tag: 'HeartbeatReceived', origin, head: headOf(0, { epoch: run(i + 1) }) }))
    for (const origin of senders) follow(t.on({ _tag: 'MessageReceived', origin, arrival: messageOf(2) }))
    for (let ms = 0; ms < 2000; ms += 10) {
      for (const { id: requestId, origin, first, last } of asks.splice(0))
        for (let n: number = first; n <= last; n++)
          follow(t.on({ _tag: 'ReplayAnswered', requestId, origin, epoch: undefined, arrival: messageOf(n) }))
      follow(t.wait(10))
    }
    expect(came.sort()).toEqual(['alice 1', 'alice 2', 'bob 1', 'bob 2'])
  })

  it('requests messages that were dropped for an answer when there is room, not at once', () => {
    const t = following({ maxMessages: 14 })
    t.gets(2, 5, 6, 7, 8, 9)
    expect([t.recovers(3), t.recovers(4), t.self().table.gaps]).toEqual([[], [], 2])
    expect(replays(t.takes(2, 0))).toEqual(['replay 8-8'])
  })

  it("gives up a gap at its timeout, though later messages arrive and don't fit", () => {
    const t = following({ maxMessages: 4 })
    t.gets(2, 3, 4)
    t.takes(1, 0)
    const said: string[] = []
    for (let n = 5; n < 100; n++) said.push(...t.gets(n), ...t.hears(headOf(n)), ...t.passes(25))
    expect(deliveries(said)[0]).toBe('lost 1-1 unresolved')
  })
})

describe('a receiver that starts', () => {
  const saved = (position: Omit<Position, 'origin'>): Start => ({
    v: 1,
    positions: [{ origin: origin.name, ...position }],
  })
  const of = (start: Start, head: Head): string[] => {
    const t = talk({ start })
    return t.isAnswered(head)
  }

  it('does not return to a run that it has left before a restart, and reports a conflict', () => {
    const t = talk({ start: saved({ number: 41, epoch: run(7) }) })
    t.isAnswered(headOf(2))
    const old = headOf(45, { epoch: run(7) })
    expect([t.hears(old), t.hears(old)]).toEqual([[], []])
    t.passes(1000)
    expect(t.hears(old)).toEqual(['ask updates'])
    expect([t.isAnswered(headOf(2)), t.isAnswered(old)]).toEqual([[], [`conflict ${run(1)} ${run(7)}`]])
  })

  it.each<[string, Start, Head, string[]]>([
    ['new, with the next message', 'new', headOf(50), ['began 50']],
    ['new, at the start of a run younger than itself', 'new', headOf(2, { age: 0 }), ['began 0']],
    ['all, with every message of the run', 'all', headOf(50), ['began 0', 'gap 1-50 Heartbeat', 'replay 1-50']],
    ['with a number', { from: 42 }, headOf(50), ['began 41', 'gap 42-50 Heartbeat', 'replay 42-50']],
    ['with a number not reached yet', { from: 99 }, headOf(50), ['began 50']],
    ['with a number before the first', { from: 3 }, headOf(50, { start: SequenceNumber.nearest(49) }), ['began 48']],
    ['after 41, with 42', saved({ number: 41, epoch: run(1) }), headOf(50), ['began 41', 'gap 42-50 Heartbeat']],
    ['after 41, of a run never named', saved({ number: 41 }), headOf(42), ['began 41', 'gap 42-42 Heartbeat']],
    ['after the newest', saved({ number: 50, epoch: run(1) }), headOf(50), ['began 50']],
    ['after the newest, of a run never named', saved({ number: 50 }), headOf(50), ['began 50']],
    ['after 0', saved({ number: 0 }), headOf(1), ['began 0', 'gap 1-1 Heartbeat']],
    [
      'after 41 of a run that is over',
      saved({ number: 41, epoch: run(7) }),
      headOf(2),
      ['lost 42- gone', 'restarted @0000000007 after 41, @0000000001 from 1', 'gap 1-2 Heartbeat'],
    ],
    [
      'after 41 of a run never named, which can not be the one that is at 2',
      saved({ number: 41 }),
      headOf(2),
      ['lost 42- gone', 'restarted ? after 41, @0000000001 from 1', 'gap 1-2 Heartbeat'],
    ],
    [
      'after 1 of a run that is over, though the new one has come further',
      saved({ number: 1, epoch: run(7) }),
      headOf(2),
      ['lost 2- gone', 'restarted @0000000007 after 1, @0000000001 from 1', 'gap 1-2 Heartbeat'],
    ],
    [
      'after 3 of a run never named, which can not be the one that began with 10',
      saved({ number: 3 }),
      headOf(50, { start: SequenceNumber.nearest(10) }),
      ['lost 4- gone', 'restarted ? after 3, @0000000001 from 10', 'gap 10-50 Heartbeat'],
    ],
    [
      'with all of an origin that is new since',
      { v: 1, positions: [] },
      headOf(2),
      ['began 0', 'gap 1-2 Heartbeat', 'replay 1-2'],
    ],
  ])('%s', (_, start, head, says) => {
    expect(of(start, head).slice(0, says.length)).toEqual(says)
  })

  it('keeps a saved position until it reports the end of the run', () => {
    const r = rig({ start: saved({ number: 41, epoch: run(7) }) })
    expect(words(r.on({ _tag: 'Started' }))).toEqual(['ask all', 'began 41'])
    const out = r.on({ _tag: 'HeadAnswered', requestId: 1, origin, head: headOf(2) })
    expect(out.flatMap(o => (o._tag === 'Deliver' ? [[told(o.delivery).split(' ')[0], o.settled]] : []))).toEqual([
      ['lost', undefined],
      ['restarted', 0],
      ['gap', undefined],
    ])
    expect(words(out).some(s => s.startsWith('began'))).toBe(false)
  })

  it('does not return to a saved run that has ended', () => {
    const t = talk({ start: saved({ number: 41, epoch: run(7) }) })
    t.isAnswered(headOf(2))
    const old = headOf(50, { epoch: run(7) })
    expect([t.hears(old), deliveries(t.passes(900)), t.hears(old)]).toEqual([[], [], []])
  })

  it('holds live messages until the earlier ones have arrived', () => {
    const t = talk({ start: saved({ number: 41, epoch: run(1) }) })
    expect(t.gets(44)).toEqual([])
    expect(t.isAnswered(headOf(44))).toEqual(['began 41', 'gap 42-43 Data', 'replay 42-43'])
    expect([t.recovers(42), t.recovers(43)]).toEqual([['42 Recovered'], ['43 Recovered', '44 AfterGap']])
  })

  it('reports everything after its position as lost if no sender answers until the deadline, and repeats its requests meanwhile', () => {
    const t = talk({ start: saved({ number: 41 }) })
    const said = t.passes(1999)
    expect(said.filter(s => s === 'ask updates').length).toBeGreaterThanOrEqual(3)
    expect([deliveries(said), t.passes(1), t.passes(60_000)]).toEqual([[], ['lost 42- gone'], []])
    expect(t.self().table.origins.size).toBe(0)
  })

  it('does not repeat the request for a saved origin at once when nobody listens, or that would never end', () => {
    const t = talk({ start: saved({ number: 41 }) })
    let asks = 0
    for (let ms = 0; ms < 2000; ms += 5) {
      asks += t.passes(5).filter(s => s === 'ask updates').length
      t.on({ _tag: 'HeadRefused', requestId: t.requestId(), origin: 'updates' })
    }
    expect(asks).toBeGreaterThan(2)
    expect(asks).toBeLessThan(8)
  })

  it('waits for a saved origin only for the request timeouts, once one of its messages has arrived', () => {
    const t = talk({ start: saved({ number: 41 }) })
    const refuse = () => t.on({ _tag: 'HeadRefused', requestId: t.requestId(), origin: 'updates' })
    t.gets(44)
    refuse()
    t.passes(100)
    refuse()
    t.passes(400)
    refuse()
    expect(deliveries(t.passes(0))).toEqual(['silent mute', 'gap 42-43 Data'])
  })

  it('continues at once when nobody listens to the request about another run than the saved one', () => {
    const t = talk({ start: saved({ number: 41, epoch: run(1) }) })
    const refuse = () => t.on({ _tag: 'HeadRefused', requestId: t.requestId(), origin: 'updates' })
    t.isAnswered(headOf(41))
    expect(t.hears(headOf(0, { epoch: run(2) }))).toEqual(['ask updates'])
    refuse()
    t.passes(100)
    refuse()
    t.passes(0)
    expect(t.gets(42)).toEqual(['42'])
  })

  it('does not count the time of a disconnect against a saved origin', () => {
    const t = talk({ start: saved({ number: 41 }) })
    t.on({ _tag: 'Disconnected' })
    t.passes(60_000)
    t.on({ _tag: 'Reconnected' })
    expect(deliveries(t.passes(1999))).toEqual([])
    expect(t.isAnswered(headOf(42)).slice(0, 1)).toEqual(['began 41'])
  })

  it('starts after its position if nobody answers, and reports a gap up to the first message', () => {
    const t = talk({ start: saved({ number: 41 }) })
    t.gets(44)
    expect(t.passes(1500).filter(s => !s.startsWith('ask'))).toEqual(['began 41', 'silent mute', 'gap 42-43 Data'])
    expect(t.passes(2000)).toEqual(['lost 42-43 unresolved', '44 AfterGap'])
  })

  it('takes two consecutive numbers below its position as a restart if nobody answers', () => {
    const t = talk({ start: saved({ number: 41 }) })
    t.gets(1, 2)
    expect(deliveries(t.passes(1500))).toEqual(['silent mute', 'restarted ? after 41, ? from 1', '1', '2'])
  })

  it('takes numbers below its position as duplicates in `perSender` if nobody answers', () => {
    const own = alice()
    const r = rig({ addressing: 'perSender', start: { v: 1, positions: [{ origin: own.name, number: 41 }] } })
    r.on({ _tag: 'Started' })
    for (const n of [40, 41, 42]) r.on({ _tag: 'MessageReceived', origin: own, arrival: arrival(n) })
    expect([deliveries(words(r.wait(1500))), r.self().usage.duplicates]).toEqual([['silent mute', '42'], 2])
  })

  it('starts with its number if nobody answers', () => {
    const t = talk({ start: { from: 42 } })
    t.gets(44)
    expect(t.passes(1500)).toContain('began 41')
  })

  it.each([
    ['ordered', { from: 42 }],
    ['arrival', { from: 42 }],
    ['arrival', saved({ number: 41 })],
    ['arrival', saved({ number: 41, epoch: run(1) })],
  ] as const)('identifies its run by the first head, though that starts above its number (%s, %j)', (mode, start) => {
    const t = talk({ mode, start, gapTimeout: 5000 })
    t.gets(101, 102)
    expect(deliveries(t.passes(1500))).toContain('gap 42-100 Data')
    const head = headOf(102, { start: SequenceNumber.nearest(101) })
    const said = [...t.hears(head), ...t.passes(1500), ...t.hears(head), ...t.passes(5000)]
    expect(deliveries(said).filter(s => /^(lost|restarted)/.test(s))).toEqual(['lost 42-100 unresolved'])
  })

  it('does not take another run as the saved one while the followed run has no epoch', () => {
    const t = talk({ start: saved({ number: 41, epoch: run(7) }) })
    t.gets(42)
    t.passes(1500)
    t.hears(headOf(42))
    expect(deliveries(t.isAnswered(headOf(42)))).toEqual([
      `restarted ? after 42, ${run(1)} from 1`,
      'resumed',
      'gap 1-42 Heartbeat',
    ])
  })

  it('keeps a saved position only as long as it follows the origin', () => {
    const t = talk({ start: saved({ number: 41, epoch: run(7) }) })
    t.gets(1, 2)
    t.passes(60_000)
    expect([deliveries(t.hears(headOf(2))), t.self().table.origins]).toEqual([['resumed'], expect.anything()])
  })

  it.each([0, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER])('continues after %d', number => {
    const t = talk({ start: saved({ number, epoch: run(1) }) })
    const said = t.isAnswered(headOf(Number.MAX_SAFE_INTEGER))
    expect(said[0]).toBe(`began ${number}`)
    expect(replays(said)).toHaveLength(number === Number.MAX_SAFE_INTEGER ? 0 : 1)
  })
})

// --- a lossy link, and a sender that replays ------------------------------------------------------------------------

const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      who: fc.nat(1),
      count: fc.integer({ min: 1, max: 20 }),
      bytes: fc.constantFrom(1, 5),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 10, 60, 300, 2500) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cut' as const), ms: fc.constantFrom(5, 100) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('away' as const), ms: fc.constantFrom(1, 100, 3000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stall' as const), ms: fc.constantFrom(10, 300, 5000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), ms: fc.constantFrom(0, 50, 3000) }) },
)

const world = (history: fc.Arbitrary<number>, maxGaps: fc.Arbitrary<number>, gapTimeout: number): fc.Arbitrary<World> =>
  fc.record({
    addressing: fc.constantFrom('single' as const, 'perSender' as const),
    options: fc.record({
      mode: fc.constantFrom('ordered' as const, 'arrival' as const),
      maxMessages: fc.constantFrom(3, 8, 1000),
      maxBytes: fc.constantFrom(12, 1e6),
      maxGaps,
      gapTimeout: fc.constant(gapTimeout),
    }),
    history,
    link: fc.record({
      loss: fc.constantFrom(0, 10, 40),
      repeat: fc.constantFrom(0, 20),
      delay: fc.constantFrom(1, 5, 40),
    }),
    seed: fc.nat(),
    deeds: fc.array(deed, { maxLength: 25 }),
    batch: fc.constantFrom(1, 3),
  })

describe('a receiver behind a lossy link, crashing and resuming from its positions', () => {
  /** A run of a world takes long. */
  const fewer = { numRuns: Math.ceil((fc.readConfigureGlobal().numRuns ?? 100) / 6) }

  it('delivers everything that was published if the sender keeps everything', () => {
    fc.assert(
      fc.property(world(fc.constant(100_000), fc.constant(16_384), 1e9), w => {
        const { wrong, lost } = play(w)
        expect([wrong, lost]).toEqual([[], 0])
      }),
      fewer,
    )
  })

  it('delivers or reports lost everything that was published if the sender keeps little', () => {
    fc.assert(
      fc.property(world(fc.constantFrom(0, 3, 15), fc.constantFrom(2, 6, 1000), 2000), w => {
        expect(play(w).wrong).toEqual([])
      }),
      fewer,
    )
  })
})

// --- work ------------------------------------------------------------------------------------------------------------

describe('the work for one event', () => {
  /** The processor time of this process, in ms. The load of the machine does not change it. */
  const used = (): number => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  }

  /** The processor time for the events of each part, in ms. */
  const timed = (self: Machine, parts: ReadonlyArray<ReadonlyArray<Event>>): number[] =>
    parts.map(events => {
      const before = used()
      for (const event of events) self = Receiver.step(event)(self)[1]
      return used() - before
    })

  const begun = (options: Options): Machine => {
    const [, self] = Receiver.step<string>({ _tag: 'Started', now: 0 })(Receiver.create(options))
    return Receiver.step<string>({ _tag: 'HeadAnswered', now: 0, requestId: 1, origin, head: headOf(0) })(self)[1]
  }

  const everySecond = (from: number, count: number): Event[] =>
    Array.from({ length: count }, (_, i) => ({
      _tag: 'MessageReceived',
      now: 1,
      origin,
      arrival: arrival((from + i) * 2),
    }))

  it.each(['ordered', 'arrival'] as const)('does not grow with the number of gaps (%s)', mode => {
    const self = begun({ mode, maxMessages: 1e6 })
    const parts = Array.from({ length: 8 }, (_, i) => everySecond(i * 1000 + 1, 1000))
    const [, first = 0, ...rest] = timed(self, parts)
    expect(Math.min(...rest.slice(-3))).toBeLessThan(first * 5)
  })

  it('does not grow with the number of gaps that are refused, or requested without an answer', () => {
    const one = (count: number): number => {
      let self = begun({ maxMessages: 1e6 })
      for (const event of everySecond(1, count)) self = Receiver.step(event)(self)[1]
      // The lowest gap is still open. All others wait for it.
      const requestId = self.usage.lastRequestId
      const answers = Array.from({ length: 1000 }, (_, i): Event[] => [
        {
          _tag: 'ReplayRefused',
          now: 1,
          requestId: requestId - (i % 31),
          origin,
          epoch: run(1),
          first: SequenceNumber.nearest(3),
          last: SequenceNumber.nearest(1e6),
          reason: 'evicted',
        },
        { _tag: 'ReplayEnded', now: 1, requestId: requestId - (i % 31), origin, epoch: run(1), last: 1e6 },
      ]).flat()
      return timed(self, [answers])[0] ?? 0
    }
    one(500)
    expect(one(8000)).toBeLessThan((one(500) + 5) * 8)
  })
})
