// Bounds that all senders share are divided: who uses more than is free gives up first.
import { describe, expect, it } from '@jest/globals'
import * as M from '../../../src/core/internal/OrderedMap.ts'
import type { Origin } from '../../../src/core/protocol/Origin.ts'
import { maxRuns } from '../../../src/core/receiver/originTable.ts'
import { maxUnproved } from '../../../src/core/receiver/Probe.ts'
import * as Receiver from '../../../src/core/receiver/Receiver.ts'
import type { Options, Out } from './receiverHarness.ts'
import { alice, arrival, headOf, rig, run, said, single } from './receiverHarness.ts'

const honest = alice(1, 'honest')
const evil = alice(1, 'evil')

/** A receiver that follows both senders. */
const both = (options: Options = {}) => {
  const r = rig({ addressing: 'perSender', ...options })
  r.on({ _tag: 'Started' })
  const begins = (origin: Origin): ReadonlyArray<Out> =>
    r.on({ _tag: 'HeadAnswered', requestId: 1, origin, head: headOf(0, { epoch: origin.run?.epoch ?? run(1) }) })
  for (const origin of [honest, evil]) begins(origin)
  const gets = (origin: Origin, n: number, bytes = 1): ReadonlyArray<string> =>
    said(r.on({ _tag: 'MessageReceived', origin, arrival: arrival(n, `m${n}`, bytes) }))
  const consumes = (): ReadonlyArray<Out> => {
    const { messages, bytes } = r.handed()
    return r.on({ _tag: 'Consumed', deliveries: messages, bytes })
  }
  return { ...r, begins, gets, consumes, share: (of: string) => M.size(shareOf(r.self().table.shares, of)) }
}

const shareOf = <V>(shares: M.OrderedMap<string, V>, of: string): M.OrderedMap<string, V> =>
  M.orderedBy<string>({ equals: (a, b) => a === b, compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0) }).from(shares, of)

const lost = (all: ReadonlyArray<string>): ReadonlyArray<string> => all.filter(s => s.startsWith('lost'))

describe('gaps', () => {
  it('of a sender that opens many cost another one nothing', () => {
    const t = both({ maxGaps: 100, gapTimeout: 60_000 })
    const reports: string[] = []
    for (let n = 2; n <= 1000; n += 2) reports.push(...t.gets(evil, n))
    expect(lost(reports)).toHaveLength(450)
    const own: string[] = []
    for (let n = 2; n <= 40; n += 2) own.push(...t.gets(honest, n))
    expect(lost(own)).toEqual([])
  })

  it('of all runs of a sender count together', () => {
    const t = both({ maxGaps: 100, gapTimeout: 60_000 })
    const runs = Array.from({ length: 90 }, (_, i) => alice(i + 2, 'evil'))
    for (const origin of runs) t.begins(origin)
    const reports = runs.flatMap(origin => t.gets(origin, 2))
    expect(lost(reports)).toHaveLength(40)
    expect([2, 4, 6].flatMap(n => lost(t.gets(honest, n)))).toEqual([])
  })
})

describe.each<[string, Options, number]>([
  ['messages', { maxMessages: 100 }, 1],
  ['bytes', { maxBytes: 1000 }, 10],
])('held %s', (_, options, bytes) => {
  it('of one sender are at most half, and leave room for others', () => {
    const t = both({ ...options, gapTimeout: 60_000 })
    for (let n = 2; n <= 200; n++) {
      t.gets(evil, n, bytes)
      t.consumes()
    }
    expect(t.self().usage.messages).toBe(50)
    t.gets(honest, 2, bytes)
    t.gets(honest, 3, bytes)
    expect(t.gets(honest, 1, bytes)).toEqual(['1 Late', '2 AfterGap', '3'])
  })

  it('of several senders leave as much free as each of them holds', () => {
    const t = both({ ...options, gapTimeout: 60_000 })
    const senders = Array.from({ length: 9 }, (_, i) => alice(1, `evil${i}`))
    for (const origin of senders) t.begins(origin)
    t.consumes()
    for (let n = 2; n <= 100; n++)
      for (const origin of senders) {
        t.gets(origin, n, bytes)
        t.consumes()
      }
    expect(t.self().usage.messages).toBeLessThanOrEqual(90)
    t.gets(honest, 2, bytes)
    expect(t.gets(honest, 1, bytes)).toEqual(['1 Late', '2 AfterGap'])
  })
})

it('a sender that holds nothing any more has no share', () => {
  const t = both({ gapTimeout: 60_000 })
  t.gets(evil, 2)
  expect(t.share('')).toBe(1)
  t.gets(evil, 1)
  expect([t.share(''), t.self().table.shares]).toEqual([0, undefined])
})

describe('messages whose number must prove itself', () => {
  it.each<[string, (i: number) => number]>([
    ['far ahead', i => 100_000 * (i + 1)],
    ['seen before', i => (i % 3) + 1],
  ])('are few: %s', (_, numberOf) => {
    const r = rig({}, 1000)
    r.on({ _tag: 'Started' })
    r.on({ _tag: 'HeadAnswered', requestId: 1, origin: single(), head: headOf(0) })
    for (const n of [1, 2, 3]) r.on({ _tag: 'MessageReceived', origin: single(), arrival: arrival(n) })
    r.on({ _tag: 'Consumed', deliveries: 3, bytes: 3 })
    for (let i = 0; i < 5000; i++) r.on({ _tag: 'MessageReceived', origin: single(), arrival: arrival(numberOf(i)) })
    expect(r.self().usage.messages).toBeLessThanOrEqual(maxUnproved + 3)
  })

  it('are counted as dropped if nobody confirms them', () => {
    const r = rig({}, 1000)
    r.on({ _tag: 'Started' })
    r.on({ _tag: 'HeadAnswered', requestId: 1, origin: single(), head: headOf(0) })
    const count = maxUnproved + 7
    for (let i = 1; i <= count; i++) r.on({ _tag: 'MessageReceived', origin: single(), arrival: arrival(100_000 * i) })
    const told = said(r.wait(20_000))
    expect(told.filter(s => s.startsWith('unsequenced'))).toHaveLength(maxUnproved)
    expect(told).toContain('overflowed 7')
  })
})

it('one tick gives up a bounded number of gaps, and the next one goes on', () => {
  const t = both({ gapTimeout: 800 })
  for (let n = 2; n <= 4400; n += 2) t.gets(evil, n)
  t.consumes()
  let self = t.self()
  const counts: number[] = []
  for (let i = 0; i < 100 && self.table.gaps > 0; i++) {
    const [out, after] = Receiver.step<string>({ _tag: 'Tick', now: t.now() + 1000 })(self)
    counts.push(lost(said(out)).length)
    self = after
  }
  expect(counts.reduce((sum, n) => sum + n, 0)).toBe(2200)
  expect(counts.length).toBeGreaterThan(1)
  expect(Math.max(...counts)).toBeLessThan(300)
})

describe('places', () => {
  it('of one sender are limited: its idle runs make way for its new ones', () => {
    const t = both()
    for (let i = 2; i <= maxRuns; i++) t.begins(alice(i, 'evil'))
    const next = alice(maxRuns + 1, 'evil')
    expect(t.gets(next, 1)).toEqual([`unsequenced ${next.name}.1 TooManyOrigins`])
    t.on({ _tag: 'HeartbeatReceived', origin: evil, head: headOf(0, { state: 'ended' }) })
    expect(t.gets(next, 1)).toEqual([`ask ${next.name}`])
    expect(t.gets(alice(2, 'honest'), 1)).toEqual([`ask ${alice(2, 'honest').name}`])
  })

  it('of a plain client that sends nothing more are free for a new sender, not those of one that goes on', () => {
    const t = both({ maxOrigins: 4 })
    const [quiet, busy] = [alice(1, 'quiet'), alice(1, 'busy')]
    t.gets(busy, 1)
    t.gets(quiet, 1)
    t.wait(3000)
    t.gets(busy, 2)
    expect(t.gets(alice(1, 'new'), 1)).toEqual(['lost 2- gone', `ask ${alice(1, 'new').name}`])
    expect(t.gets(busy, 3)).toEqual(['3'])
  })

  it('of closed and silent senders are free while the consumer reads nothing, and their count is reported', () => {
    const t = both({ maxOrigins: 3, maxMessages: 4 })
    for (const n of [1, 2, 3, 4]) t.gets(honest, n)
    t.on({ _tag: 'HeartbeatReceived', origin: evil, head: headOf(0, { state: 'ended' }) })
    t.begins(alice(1, 'b'))
    t.begins(alice(1, 'c'))
    expect(
      t
        .self()
        .table.origins.entries()
        .map(e => e.key),
    ).toEqual([alice(1, 'b'), alice(1, 'c'), honest].map(o => o.name))
    expect(said(t.consumes())).toEqual(['overflowed 0, 1 origins'])
  })
})
