// With `queueGroups` the members of a queue group share the messages of a numbered subject, and see their numbers.
import { describe, expect, test } from '@jest/globals'
import { sequenceOf } from '../../src/index.ts'
import { range, withServer } from '../nats/clients.ts'
import type { Kind, Msg, Nc } from './bench.ts'
import { dial, dialSequenced, kinds, listening, reading, texts, told, until } from './bench.ts'

const server = withServer()

const member = async (kind: Kind, subject: string, seen: Array<Msg>, options = {}): Promise<Nc> => {
  const { nc } = await dialSequenced(server, kind, { queueGroups: true, ...options })
  nc.subscribe(subject, { queue: 'workers', callback: (_err, m) => void seen.push(m) })
  await nc.flush()
  return nc
}

const byNumber = (a: Msg, b: Msg): number => (sequenceOf(a)?.number ?? 0) - (sequenceOf(b)?.number ?? 0)

describe.each(kinds)('with $name', kind => {
  test.each([
    { addressing: 'single', sender: {} },
    { addressing: 'perSender', sender: { sender: 'alice' } },
  ] as const)('each message reaches one member, with its number ($addressing)', async ({ addressing, sender }) => {
    const members: ReadonlyArray<Array<Msg>> = [[], [], []]
    for (const seen of members) await member(kind, 'updates', seen, { addressing })
    const { nc, notices } = await dialSequenced(server, kind, { addressing, ...sender })
    for (const n of range(1, 300)) nc.publish('updates', `${n}`)
    const all = (): Array<Msg> => members.flat()
    await until('all have come', () => all().length >= 300)
    await nc.drain()
    expect(texts(all().sort(byNumber))).toEqual(range(1, 300).map(String))
    expect(new Set(all().map(m => m.subject))).toEqual(new Set(['updates']))
    expect(new Set(all().map(m => sequenceOf(m)?.verdict))).toEqual(new Set(['Unchecked']))
    for (const seen of members) expect(seen.length).toBeGreaterThan(0)
    expect(told(notices, 'Lost')).toEqual([])
  })

  test('members receive no gap notices, and request nothing', async () => {
    const requests: Array<Msg> = []
    const plain = await dial(server, kind)
    plain.subscribe('_SEQ.REPLAY.>', { callback: (_err, m) => void requests.push(m) })
    await plain.flush()
    const { nc, notices } = await dialSequenced(server, kind, { queueGroups: true })
    const seen: Array<Msg> = []
    nc.subscribe('updates', { queue: 'workers', callback: (_err, m) => void seen.push(m) })
    const other: Array<Msg> = []
    await member(kind, 'updates', other)
    await nc.flush()
    const sender = (await dialSequenced(server, kind)).nc
    for (const n of range(1, 50)) sender.publish('updates', `${n}`)
    await until('all have come', () => seen.length + other.length === 50)
    await sender.drain()
    await Promise.all([nc.flush(), plain.flush()])
    expect(seen.length).toBeLessThan(50)
    expect(notices).toEqual([])
    expect(requests).toEqual([])
  })

  test('a message without a number reaches one member, and so does one on a subject that ends in a number', async () => {
    const members: ReadonlyArray<Array<Msg>> = [[], []]
    for (const seen of members) await member(kind, 'prices.>', seen)
    const plain = await dial(server, kind)
    const subjects = ['prices.eur', 'prices.room.12', 'prices.room.7', 'prices.room.12']
    for (const subject of subjects) plain.publish(subject, 'x')
    await until('all have come', () => members.flat().length >= 4)
    await plain.flush()
    const all = members.flat()
    expect(all.map(m => m.subject).sort()).toEqual([...subjects].sort())
    expect(all.map(m => sequenceOf(m))).toEqual([undefined, undefined, undefined, undefined])
  })

  test('a member can be an iterator, drain, and end by max', async () => {
    const { nc } = await dialSequenced(server, kind, { queueGroups: true })
    const sub = nc.subscribe('updates', { queue: 'workers', max: 2 })
    const { seen } = listening(nc, 'updates', { queue: 'others' })
    await nc.flush()
    const sender = (await dialSequenced(server, kind)).nc
    for (const n of range(1, 3)) sender.publish('updates', `${n}`)
    expect(texts(await reading(sub))).toEqual(['1', '2'])
    await until('all have come', () => seen.length === 3)
    await nc.drain()
    expect(texts(seen)).toEqual(['1', '2', '3'])
  })
})
