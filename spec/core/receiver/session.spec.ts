// The requests that concern all origins: to all senders, and to a stream for origins that were not heard.
import { describe, expect, it } from '@jest/globals'
import type { Position } from '../../../src/core/protocol/Positions.ts'
import * as Receiver from '../../../src/core/receiver/Receiver.ts'
import type { Options, Talk } from './receiverHarness.ts'
import { alice, arrival, deliveries, headOf, rig, run, single, talk, words } from './receiverHarness.ts'

/** The times, in ms, at which it says this within so many ms. */
const timesOf = (t: Talk, word: string, ms: number): number[] => {
  const times: number[] = []
  for (let i = 1; i <= ms; i++) if (t.passes(1).includes(word)) times.push(i)
  return times
}
const origins = (t: Talk): string[] =>
  t
    .self()
    .table.origins.entries()
    .map(e => e.key)
const refuseAll = (t: Talk, requestId: number): string[] =>
  words(t.on({ _tag: 'HeadRefused', requestId, origin: undefined }))

describe('the request to all senders', () => {
  it('is repeated after 100, 200 and 400 ms, and not after the last attempt', () => {
    const t = talk()
    expect(timesOf(t, 'ask all', 3000)).toEqual([100, 300, 700])
    expect(t.self().wakeAt).toBe(Number.POSITIVE_INFINITY)
  })

  it('is not repeated after an answer, but after an answer to an earlier request', () => {
    const t = talk({ requestAttempts: 2 })
    t.isAnswered(headOf(0))
    expect(timesOf(t, 'ask all', 1000)).toEqual([])
    const late = talk({ requestAttempts: 3 })
    late.passes(100)
    late.isAnswered(headOf(0), 1)
    expect(timesOf(late, 'ask all', 1000)).toEqual([200])
  })

  it('is repeated once if nobody listens', () => {
    const t = talk()
    refuseAll(t, 1)
    expect(timesOf(t, 'ask all', 3000)).toEqual([100])
  })

  it('is repeated as planned if nobody listened to another request', () => {
    const t = talk()
    refuseAll(t, 7)
    expect(timesOf(t, 'ask all', 3000)).toEqual([100, 300, 700])
  })

  it('is not repeated again if nobody listens to the last one', () => {
    const t = talk({ requestAttempts: 2 })
    t.passes(100)
    refuseAll(t, 2)
    expect(timesOf(t, 'ask all', 3000)).toEqual([])
  })

  it('is refused without effect after it was answered', () => {
    const t = talk()
    t.isAnswered(headOf(0))
    expect([refuseAll(t, 1), timesOf(t, 'ask all', 1000)]).toEqual([[], []])
  })

  it('is sent again after a reconnect, and its answers count for each origin', () => {
    const t = talk({ addressing: 'perSender', maxJump: 10 })
    t.isAnswered(headOf(0))
    expect(t.gets(50)).toEqual([`ask ${t.origin.name}`])
    t.leaves()
    expect(t.returns()).toEqual(['ask all'])
    expect(t.isAnswered(headOf(0))).toEqual([`unsequenced ${t.origin.name}.50 Refuted`])
  })
})

describe('saved positions', () => {
  const position = (i: number, changes: Partial<Position> = {}): Position => ({
    origin: alice(i).name,
    number: i,
    epoch: run(i),
    ...changes,
  })
  const started = (positions: ReadonlyArray<Position>, options: Options = {}) => {
    const [out, self] = Receiver.step<string>({ _tag: 'Started', now: 0 })(
      Receiver.create<string>({ addressing: 'perSender', start: { v: 1, positions }, ...options }),
    )
    return [
      out.flatMap(o => (o._tag === 'OriginStarted' ? [[o.origin, o.epoch, o.number]] : [])),
      self.table.origins.entries().map(e => e.key),
    ]
  }

  it('are followed from the start, each from its number', () => {
    const all = [1, 2].map(i => alice(i).name)
    expect(started([position(1), position(2)])).toEqual([[1, 2].map(i => [alice(i).name, run(i), i]), all])
  })

  it('beyond maxOrigins are not followed', () => {
    expect(started([position(1), position(2)], { maxOrigins: 1 })[1]).toEqual([alice(1).name])
  })

  it('of the other addressing are not followed, and those after them are', () => {
    expect(started([position(1, { origin: 'updates' }), position(2)])).toEqual([
      [[alice(2).name, run(2), 2]],
      [alice(2).name],
    ])
  })

  it('wait until gapTimeout for the answer to the request to all senders', () => {
    const t = talk({ addressing: 'perSender', gapTimeout: 3000, start: { v: 1, positions: [position(1)] } })
    expect([deliveries(t.passes(2999)), t.passes(1)]).toEqual([[], ['lost 2- gone']])
    const answered = talk({ addressing: 'perSender', start: { v: 1, positions: [position(1)] } })
    expect(answered.isAnswered(headOf(3), 1)).toEqual(['began 1', 'gap 2-3 Heartbeat', 'replay 2-3'])
  })
})

describe('the request to a stream for all origins', () => {
  const question = `stream all 1-${Number.MAX_SAFE_INTEGER}`
  const asking = (options: Options = {}) => talk({ addressing: 'perSender', stored: true, start: 'all', ...options })

  it.each<[string, Options, number[]]>([
    ['500 ms after the start', {}, [500]],
    ['after five times requestTimeout', { requestTimeout: 20 }, [100]],
    ['with saved positions too', { start: { v: 1, positions: [] } }, [500]],
    ['with a number too', { start: { from: 7 } }, [500]],
    ['not if only new messages are wanted', { start: 'new' }, []],
    ['not without a stream', { stored: false }, []],
  ])('is sent once: %s', (_, options, times) => {
    expect(timesOf(asking(options), question, 1200)).toEqual(times)
  })

  it('is repeated after doubling pauses until a stream answers', () => {
    const t = asking()
    t.passes(500)
    const pauses = [1000, 2000, 4000].map(() => {
      t.fails('all')
      return timesOf(t, question, 4500)
    })
    expect(pauses).toEqual([[1000], [2000], [4000]])
    t.holds([1, 3])
    expect(timesOf(t, question, 9000)).toEqual([])
  })

  it('is not repeated for a failure of another request', () => {
    const t = asking()
    t.passes(500)
    words(t.on({ _tag: 'StoredUnanswered', requestId: 77, origin: undefined, streams: [] }))
    expect(timesOf(t, question, 9000)).toEqual([])
  })

  it('makes the receiver follow an origin, whose sender is asked first', () => {
    const t = asking()
    t.passes(500)
    expect(t.holds([4, 5], [8, 8])).toEqual([`ask ${t.origin.name}`])
    expect(t.state()).toMatchObject({ _tag: 'Joining', reason: { _tag: 'New' } })
    expect(deliveries(t.passes(1500))).toEqual(['gap 4-5 Stream', 'silent mute'])
  })

  it.each([
    ['reports an origin as lost from its first number in the stream if it can not follow it', 8, ['lost 4- gone']],
    ['counts that report if there is no room for it', 1, []],
  ])('%s', (_, maxMessages, report) => {
    const t = talk({ addressing: 'perSender', stored: true, start: 'all', maxOrigins: 1, maxMessages }, alice(2))
    t.on({ _tag: 'HeadAnswered', requestId: 1, origin: alice(1), head: headOf(0) })
    t.on({ _tag: 'MessageReceived', origin: alice(1), arrival: arrival(1) })
    t.passes(500)
    expect([t.holds([4, 5]), origins(t)]).toEqual([report, [alice(1).name]])
    expect(words(t.on({ _tag: 'Consumed', deliveries: 1, bytes: 1 }))).toEqual(
      maxMessages === 1 ? ['overflowed 1'] : [],
    )
  })

  it('makes an idle origin give way to one that the stream holds', () => {
    const t = talk({ addressing: 'perSender', stored: true, start: 'all', maxOrigins: 1 }, alice(2))
    t.on({ _tag: 'HeadAnswered', requestId: 1, origin: alice(1), head: headOf(0, { state: 'ended' }) })
    t.passes(500)
    expect([t.holds([4, 5]), origins(t)]).toEqual([[`ask ${alice(2).name}`], [alice(2).name]])
  })

  it('reports that no stream answers once, after three failures, until one answers', () => {
    const t = asking()
    t.passes(500)
    const failures = (n: number): string[] =>
      Array.from({ length: n }).flatMap(() => deliveries([...t.fails('all'), ...t.passes(60_000)]))
    expect([failures(2), failures(1), failures(3)]).toEqual([[], ['stream silent UPDATES'], []])
    t.holds()
    expect(failures(1)).toEqual(['stream silent UPDATES'])
  })

  it('reports that no stream answers about an origin, after three failures of that', () => {
    const t = asking({ start: 'new' })
    t.isAnswered(headOf(0))
    t.passes(6000)
    const failures = (n: number): string[] =>
      Array.from({ length: n }).flatMap(() => deliveries([...t.fails(), ...t.passes(60_000)]))
    expect([failures(2), failures(1), failures(3)]).toEqual([[], ['stream silent UPDATES'], []])
  })

  it('is repeated after a reconnect if its answer came while the receiver was disconnected', () => {
    const t = asking()
    t.passes(500)
    t.leaves()
    t.passes(1000)
    expect(t.holds([1, 9])).toEqual([])
    t.returns()
    expect(words(t.wait(0))).toEqual([question])
  })
})

describe('a receiver without a reason to wake', () => {
  it('sets no timer', () => {
    const r = rig()
    expect(r.self().wakeAt).toBe(Number.POSITIVE_INFINITY)
    r.on({ _tag: 'Started' })
    r.on({ _tag: 'HeadAnswered', requestId: 1, origin: single(), head: headOf(0, { state: 'ended' }) })
    expect(r.self().wakeAt).toBe(Number.POSITIVE_INFINITY)
  })
})
