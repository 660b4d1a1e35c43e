// The origin table: which origins it holds, when they wake, and which of them make way for new ones.
import { describe, expect, it } from '@jest/globals'
import * as M from '../../../src/core/internal/OrderedMap.ts'
import type { Options, Rig } from './receiverHarness.ts'
import { alice, arrival, deliveries, headOf, rig, run, talk, words } from './receiverHarness.ts'

/** A receiver of several senders, that are named by numbers. */
const several = (options: Options = {}) => {
  const r: Rig = rig({ addressing: 'perSender', ...options })
  r.on({ _tag: 'Started' })
  return {
    ...r,
    /** The sender answers the request to all with this head. */
    begins: (i: number, head = 0, state: 'live' | 'ended' = 'live') =>
      words(
        r.on({
          _tag: 'HeadAnswered',
          requestId: 1,
          origin: alice(i),
          head: headOf(head, { epoch: run(i), max: 1000, state }),
        }),
      ),
    hears: (i: number, head = 0, state: 'live' | 'ended' = 'live') =>
      words(
        r.on({
          _tag: 'HeartbeatReceived',
          origin: alice(i),
          head: headOf(head, { epoch: run(i), max: 1000, state }),
        }),
      ),
    gets: (i: number, n: number) => words(r.on({ _tag: 'MessageReceived', origin: alice(i), arrival: arrival(n) })),
    passes: (ms: number) => words(r.wait(ms)),
    takes: (n: number, bytes = n) => words(r.on({ _tag: 'Consumed', deliveries: n, bytes })),
    follows: () =>
      [1, 2, 3, 4].filter(i =>
        r
          .self()
          .table.origins.entries()
          .some(e => e.key === alice(i).name),
      ),
    table: () => r.self().table,
    /** How many origins, wake-ups, idle and waiting origins, and gaps there are. */
    sizes: () => {
      const { origins, wakeUps, idle, waiting, gaps } = r.self().table
      return [origins.size, wakeUps.size, M.size(idle), M.size(waiting), gaps]
    },
  }
}

describe('an origin that makes way', () => {
  it('is the one that was idle longest, not the one that is followed longest', () => {
    const t = several({ maxOrigins: 3 })
    for (const i of [1, 2, 3]) t.begins(i)
    for (const i of [2, 3, 1]) t.hears(i, 0, 'ended')
    t.begins(4)
    expect(t.follows()).toEqual([1, 3, 4])
  })

  it('keeps its place in the queue while it stays idle', () => {
    const t = several({ maxOrigins: 2 })
    t.begins(1, 0, 'ended')
    t.begins(2, 0, 'ended')
    t.hears(1, 0, 'ended')
    t.begins(3)
    expect(t.follows()).toEqual([2, 3])
  })

  it('goes to the end of the queue if it was heard again', () => {
    const t = several({ maxOrigins: 2 })
    t.begins(1)
    t.begins(2, 0, 'ended')
    t.passes(2000)
    t.hears(1)
    t.hears(1, 0, 'ended')
    expect(M.size(t.table().idle)).toBe(2)
    t.begins(3)
    expect(t.follows()).toEqual([1, 3])
  })

  it.each<[string, (t: ReturnType<typeof several>) => void, string[]]>([
    ['that has closed is not reported', t => t.hears(1, 0, 'ended'), []],
    ['that is silent is reported as lost from its next number on', t => t.passes(2000), ['lost 5- gone']],
  ])('%s', (_, idles, report) => {
    const t = several({ maxOrigins: 1 })
    t.begins(1, 4)
    idles(t)
    expect([deliveries(t.begins(2)), t.follows()]).toEqual([report, [2]])
  })

  it('is found behind many that went on without heartbeats', () => {
    const t = several({ maxOrigins: 40 })
    const all = Array.from({ length: 40 }, (_, i) => i + 1)
    for (const i of all) t.gets(i, 1)
    t.passes(5000)
    // All are silent. All but the last one go on.
    for (const i of all.slice(0, -1)) t.gets(i, 2)
    const isRefused = (n: number): boolean => deliveries(t.gets(41, n)).some(d => d.includes('TooManyOrigins'))
    // A step looks at 32 origins.
    expect([isRefused(1), isRefused(2)]).toEqual([true, false])
  })

  it('leaves nothing behind', () => {
    const t = several({ maxOrigins: 1 })
    t.begins(1)
    t.hears(1, 0, 'ended')
    t.begins(2, 0, 'ended')
    t.passes(5000)
    expect(t.sizes()).toEqual([1, 0, 1, 0, 0])
  })

  it('is none of those with something open', () => {
    const t = several({ maxOrigins: 1, gapTimeout: 60_000 })
    t.begins(1)
    t.gets(1, 2)
    t.passes(3000)
    expect([t.gets(2, 1), t.follows()]).toEqual([[`unsequenced ${alice(2).name}.1 TooManyOrigins`], [1]])
    t.gets(1, 1)
    t.passes(3000)
    expect(deliveries(t.gets(2, 1))).toEqual(['lost 3- gone'])
  })
})

describe('an origin that ends', () => {
  it('leaves the queue of idle origins as it is', () => {
    const start = { v: 1, positions: [{ origin: alice(2).name, number: 3 }] } as const
    const t = several({ start })
    t.begins(1, 0, 'ended')
    expect([deliveries(t.passes(2000)), t.sizes()]).toEqual([['lost 4- gone'], [1, 0, 1, 0, 0]])
  })

  it('before it was followed is forgotten without a trace', () => {
    const start = { v: 1, positions: [{ origin: alice(1).name, number: 3 }] } as const
    const t = several({ start })
    expect(deliveries(t.passes(2000))).toEqual(['lost 4- gone'])
    expect([t.sizes(), t.self().wakeAt]).toEqual([[0, 0, 0, 0, 0], Number.POSITIVE_INFINITY])
  })
})

describe('several origins', () => {
  it('wake in the order of their timers', () => {
    const t = several({ gapTimeout: 800, requestTimeout: 60_000 })
    for (const i of [1, 2]) t.begins(i)
    t.gets(2, 2)
    t.passes(100)
    t.gets(1, 3)
    expect(t.passes(800)).toEqual(['lost 1-1 unresolved', '2 AfterGap', 'lost 1-2 unresolved', '3 AfterGap'])
  })

  it('share maxGaps', () => {
    const t = several({ maxGaps: 3, mode: 'arrival' })
    for (const i of [1, 2]) t.begins(i)
    t.gets(1, 2)
    t.gets(2, 2)
    expect(t.table().gaps).toBe(2)
    expect(deliveries(t.gets(2, 4))).toEqual(['gap 3-3 Data', 'lost 1-1 overflow', '4 AfterGap'])
    expect(t.table().gaps).toBe(2)
  })

  it('wait for room together, and continue in the order of their names', () => {
    const t = several({ maxMessages: 4 })
    for (const i of [1, 2]) t.begins(i)
    for (const n of [1, 2, 3]) t.gets(2, n)
    t.gets(1, 1)
    t.gets(2, 4)
    t.gets(1, 2)
    expect(M.size(t.table().waiting)).toBe(2)
    expect(t.takes(4)).toEqual(['replay 2-2', 'replay 4-4'])
    expect(M.size(t.table().waiting)).toBe(0)
  })
})

describe('while the receiver is disconnected', () => {
  it('a conflict does not end, since its request would be lost', () => {
    const t = talk()
    const other = headOf(0, { epoch: run(2) })
    t.isAnswered(headOf(0))
    t.gets(1, 3)
    t.hears(other)
    t.isAnswered(headOf(3))
    t.isAnswered(other)
    expect([t.hears({ ...other, state: 'ended' }), t.state()?._tag]).toEqual([[], 'Conflicted'])
    t.leaves()
    expect([t.recovers(2), t.state()?._tag]).toEqual([['2 Recovered', '3 AfterGap'], 'Conflicted'])
    expect([t.returns(), t.state()?._tag]).toEqual([['ask all', 'ask updates'], 'Joining'])
  })

  it('an end is reported', () => {
    const t = talk()
    t.isAnswered(headOf(0))
    t.leaves()
    expect(t.hears(headOf(0, { state: 'ended' }))).toEqual(['ended 0'])
  })
})
