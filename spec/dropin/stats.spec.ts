// What a wrapped connection says about itself, with a real server and real losses.
import { describe, expect, test } from '@jest/globals'
import * as Head from '../../src/core/protocol/Head.ts'
import * as SequenceNumber from '../../src/core/protocol/SequenceNumber.ts'
import { explain, lossReport, stats } from '../../src/index.ts'
import { run } from '../core/receiver/receiverHarness.ts'
import { withServer } from '../nats/clients.ts'
import { drop, pass } from '../server/lossyLink.ts'
import { dial, dialSequenced, kinds, listening, texts, told, until } from './bench.ts'

const server = withServer()

const isNumber = (subject: string, numbers: ReadonlyArray<number>): boolean =>
  numbers.some(n => subject === `updates.${n}`)

describe.each(kinds)('with $name', kind => {
  test('a wrapped connection counts what its publishers and subscriptions have done', async () => {
    const dropped = new Set<string>()
    const receiving = await dialSequenced(server, kind, {}, ({ subject }) => {
      if (!isNumber(subject, [2, 3]) || dropped.has(subject)) return pass
      dropped.add(subject)
      return drop
    })
    const { seen, sub } = listening(receiving.nc, 'updates')
    await receiving.nc.flush()
    expect(stats(receiving.nc).sender).toMatchObject({ total: { published: 0 }, connection: undefined, subjects: [] })
    const sending = await dialSequenced(server, kind)
    for (let i = 1; i <= 5; i++) sending.nc.publish('updates', `${i}`)
    await sending.nc.flush()
    await until('all have come', () => seen.length === 5)
    const { receiver } = stats(receiving.nc)
    expect(receiver.total.messages).toMatchObject({ recovered: 2, unchecked: 0 })
    expect(Object.values(receiver.total.messages).reduce((a, b) => a + b, 0)).toBe(5)
    expect(receiver.now).toMatchObject({ origins: 1, gaps: 0 })
    expect(receiver.origins()).toMatchObject([{ origin: 'updates', newest: 5, settled: 5 }])
    expect(stats(sending.nc).sender).toMatchObject({
      now: { origins: 1 },
      total: { published: 5 },
      connection: { historyMessages: 5 },
    })
    expect(stats(sending.nc).sender.origins()).toMatchObject([{ origin: 'updates', newest: 5 }])

    // What an ended subscription has counted stays.
    sub.unsubscribe()
    await until('it has ended', () => stats(receiving.nc).receiver.now.origins === 0)
    expect(stats(receiving.nc).receiver.total).toEqual(receiver.total)
  })

  test('messages that were delivered before their sender was known count once', async () => {
    const receiving = await dialSequenced(server, kind, { subjects: ['sensors.>'] })
    const { seen } = listening(receiving.nc, 'sensors.>')
    await receiving.nc.flush()
    const plain = await dial(server, kind)
    for (const n of [1, 2, 3]) plain.publish(`sensors.room.${n}`, `${n}`)
    await until('they are delivered as they are', () => seen.length === 3)
    expect(stats(receiving.nc).receiver.total.unsequenced.NoSender).toBe(3)
    // Now it is known that these are numbers. The receiver gets them again, and the application does not.
    const head = { v: 1, epoch: run(1), start: SequenceNumber.first, first: 4, head: 3, age: 60_000 } as const
    plain.publish('_SEQ.HB.sensors.room.3', Head.format({ ...head, after: 50, max: 60_000, state: 'live' }))
    await until('the sender is known', () => stats(receiving.nc).receiver.now.origins === 1)
    plain.publish('sensors.room.4', '4')
    await until('the next has come', () => seen.length === 4)
    const { messages, unsequenced } = stats(receiving.nc).receiver.total
    const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0)
    expect([sum({ ...messages }), sum(unsequenced)]).toEqual([1, 3])
  })

  test('its loss report lists what its subscriptions have lost', async () => {
    const receiving = await dialSequenced(server, kind, {}, ({ subject }) => (isNumber(subject, [2]) ? drop : pass))
    const { seen } = listening(receiving.nc, 'updates')
    await receiving.nc.flush()
    expect(explain(lossReport(receiving.nc))).toBe('Nothing was lost.')
    const sending = await dialSequenced(server, kind, { history: { messages: 0 } })
    for (let i = 1; i <= 3; i++) sending.nc.publish('updates', `${i}`)
    await until('the last has come', () => texts(seen).includes('3'))
    await until('the loss is told', () => told(receiving.notices, 'Lost').length === 1)
    const range = { first: 2, last: 2, reason: 'evicted', refusedBy: ['sender'], explanation: { _tag: 'Unexplained' } }
    expect(lossReport(receiving.nc).origins).toMatchObject([{ origin: 'updates', ranges: [range] }])
    await sending.nc.drain()
  })

  test('a member of a queue group counts what it has received as unchecked', async () => {
    const { nc } = await dialSequenced(server, kind, { queueGroups: true })
    const { seen } = listening(nc, 'updates', { queue: 'workers' })
    await nc.flush()
    for (let i = 1; i <= 4; i++) nc.publish('updates', `${i}`)
    await until('all have come', () => seen.length === 4)
    expect(stats(nc).receiver.total.messages).toEqual({ inOrder: 0, afterGap: 0, late: 0, recovered: 0, unchecked: 4 })
  })

  test('a plain connection has no statistics', async () => {
    const nc = await dial(server, kind)
    expect(() => stats(nc)).toThrow('This connection is not sequenced')
    expect(() => lossReport(nc)).toThrow('This connection is not sequenced')
  })
})
