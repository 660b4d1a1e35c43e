// A rolling restart: an old and a new sender of one `single` subject are alive at once for a while.
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import { sequenced } from '../../src/dropin/sequenced.ts'
import { publisher } from '../../src/nats/publish/publisher.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import type { Seen } from './clients.ts'
import { eventually, kinds, range, within, withServer } from './clients.ts'
import { patient } from './patient.ts'

const bench = withServer()

const text = (data: Uint8Array): string => new TextDecoder().decode(data)

/** How many messages the old sender has sent before, and where the new one starts. */
const overlaps = [
  { before: 60, from: 1 },
  { before: 5, from: 1 },
  { before: 20, from: 1 },
  { before: 0, from: 1 },
  // The first number of the new sender is the one that the receiver expects next.
  { before: 20, from: 21 },
  { before: 20, from: 'clock' },
  { before: 0, from: 'clock' },
] as const

const both = 25
const after = 20

describe.each(kinds)('with $name', kind => {
  /** Both publish every few ms, the old one closes, the new one goes on. Resolves with all payloads. */
  const overlapped = async ({ before, from }: (typeof overlaps)[number]): Promise<ReadonlyArray<string>> => {
    const [first, second] = [await bench.connect(kind), await bench.connect(kind)]
    const old = publisher(first, 'updates')
    for (const n of range(1, before)) old.publish(`old ${n}`)
    await first.flush()
    await pause(100)
    const next = publisher(second, 'updates', { from })
    for (const n of range(1, both)) {
      old.publish(`old ${before + n}`)
      next.publish(`new ${n}`)
      await pause(10)
    }
    await within('the old one closes', old.close())
    for (const n of range(both + 1, both + after)) {
      next.publish(`new ${n}`)
      await pause(10)
    }
    await within('the new one closes', next.close())
    return [...range(1, before + both).map(n => `old ${n}`), ...range(1, both + after).map(n => `new ${n}`)]
  }

  test.each(overlaps)('subscribe delivers every message of both ($before before, from $from)', async overlap => {
    const nc = await bench.connect(kind)
    const seen: Array<Seen> = []
    subscribe(nc, 'updates', { ...patient, start: 'all', callback: d => seen.push(d) })
    await nc.flush()
    const sent = await overlapped(overlap)
    const payloads = (): ReadonlyArray<string> => seen.flatMap(d => ('data' in d ? [text(d.data)] : []))
    await eventually('all are delivered', () => new Set(payloads()).size === sent.length)
    expect([...new Set(payloads())].toSorted()).toEqual([...sent].toSorted())
    expect(seen.filter(d => d._tag === 'Lost')).toEqual([])
    // No message is delivered twice in a sequence.
    const inSequence = seen.flatMap(d => (d._tag === 'Message' ? [text(d.data)] : []))
    expect(inSequence).toEqual([...new Set(inSequence)])
    expect(seen.filter(d => d._tag === 'Conflict').length).toBeLessThanOrEqual(1)
  })

  test.each(overlaps)('the drop-in delivers every message of both ($before before, from $from)', async overlap => {
    const nc = sequenced(await bench.connect(kind), { subjects: ['updates'], onNotice: () => undefined })
    const seen: Array<string> = []
    nc.subscribe('updates', { callback: (_, m) => seen.push(text(m.data)) })
    await nc.flush()
    const sent = await overlapped(overlap)
    await eventually('all are delivered', () => new Set(seen).size === sent.length)
    expect([...new Set(seen)].toSorted()).toEqual([...sent].toSorted())
  })
})
