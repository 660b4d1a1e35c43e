// A rolling restart: an old and a new sender of one `single` subject are live at the same time for a while.
import { describe, expect, test } from '@jest/globals'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import type { Seen } from './clients.ts'
import { eventually, kinds, withServer } from './clients.ts'
import { overlapped, overlaps } from './overlap.ts'
import { patient } from './patient.ts'

const bench = withServer()

const text = (data: Uint8Array): string => new TextDecoder().decode(data)

describe.each(kinds)('with $name', kind => {
  test.each(overlaps)('subscribe delivers every message of both ($before before, from $from)', async overlap => {
    const nc = await bench.connect(kind)
    const seen: Array<Seen> = []
    subscribe(nc, 'updates', { ...patient, start: 'all', callback: d => seen.push(d) })
    await nc.flush()
    const sent = await overlapped(await bench.connect(kind), await bench.connect(kind), overlap)
    const payloads = (): ReadonlyArray<string> => seen.flatMap(d => ('data' in d ? [text(d.data)] : []))
    await eventually('all are delivered', () => new Set(payloads()).size === sent.length)
    expect([...new Set(payloads())].toSorted()).toEqual(sent)
    expect(seen.filter(d => d._tag === 'Lost')).toEqual([])
    // No message is delivered twice in a sequence.
    const inSequence = seen.flatMap(d => (d._tag === 'Message' ? [text(d.data)] : []))
    expect(inSequence).toEqual([...new Set(inSequence)])
    expect(seen.filter(d => d._tag === 'Conflict').length).toBeLessThanOrEqual(1)
  })
})
