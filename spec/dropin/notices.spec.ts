// An unrecoverable loss is reported to the subscriber, to the owner of the connection, or as a process warning.
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import type { SequencedNotice, SequencedOptions } from '../../src/index.ts'
import { explain, notices, sequenced, sequenceOf } from '../../src/index.ts'
import { log, withServer } from '../nats/clients.ts'
import { patient } from '../nats/patient.ts'
import { drop, pass } from '../server/lossyLink.ts'
import type { Kind, Msg, Nc } from './bench.ts'
import { dial, dialSequenced, kinds, listening, reading, texts, told, until } from './bench.ts'

const server = withServer()

afterEach(() => {
  jest.restoreAllMocks()
})

/** Warnings of the process, which are not printed. */
const warnings = (): ReadonlyArray<readonly [unknown, unknown]> => {
  const seen: Array<readonly [unknown, unknown]> = []
  jest.spyOn(process, 'emitWarning').mockImplementation((text: unknown, type: unknown) => void seen.push([text, type]))
  return seen
}

/** A receiver that never receives numbers 2, 3 and 5 of `updates`. */
const lossy = async (kind: Kind, options: Partial<SequencedOptions> = {}): Promise<Nc> => {
  const lost = ['updates.2', 'updates.3', 'updates.5']
  const link = await server.link(d => (lost.includes(d.subject) ? drop : pass))
  const plain = await dial(server, kind, { servers: link.url })
  return sequenced(plain, { subjects: ['updates'], ...patient, ...options })
}

/** A sender without a history. It cannot replay. */
const forgetful = async (kind: Kind): Promise<Nc> => {
  const { nc } = await dialSequenced(server, kind, { history: { messages: 0 } })
  return nc
}

const publish = (nc: Nc, ...them: ReadonlyArray<string>): void => {
  for (const text of them) nc.publish('updates', text)
}

const six = ['1', '2', '3', '4', '5', '6']

const lossOf = (first: number, last: number): object => ({
  _tag: 'Lost',
  origin: 'updates',
  subject: 'updates',
  first,
  last,
  reason: 'evicted',
})

describe.each(kinds)('with $name', kind => {
  describe('a loss that cannot be recovered', () => {
    test('does not reach a callback, but becomes a process warning', async () => {
      const seenWarnings = warnings()
      const nc = await lossy(kind)
      const calls: Array<unknown> = []
      // Most applications don't check the error.
      nc.subscribe('updates', { callback: (_err: Error | null, msg: Msg) => calls.push(msg.string()) })
      await nc.flush()
      publish(await forgetful(kind), ...six)
      await until('all have come', () => calls.length === 3)
      expect(calls).toEqual(['1', '4', '6'])
      expect(seenWarnings).toHaveLength(2)
    })

    test('is the err of a callback with lossAsError, in order with the messages', async () => {
      const nc = await lossy(kind, { lossAsError: true, onNotice: () => undefined })
      const calls: Array<unknown> = []
      const reasons: Array<unknown> = []
      nc.subscribe('updates', {
        callback: (err: (Error & { reason?: unknown }) | null, msg: Msg) => {
          calls.push(err === null ? msg.string() : `${err.name}: ${Object.keys(msg).length}`)
          if (err !== null) reasons.push(err.reason)
        },
      })
      await nc.flush()
      publish(await forgetful(kind), ...six)
      await until('all have come', () => calls.length === 5)
      expect(calls).toEqual(['1', 'SequencedError: 0', '4', 'SequencedError: 0', '6'])
      expect(reasons).toMatchObject([lossOf(2, 3), lossOf(5, 5)])
    })

    test('is explained by the message of err', async () => {
      const nc = await lossy(kind, { lossAsError: true, onNotice: () => undefined })
      const { errors } = listening(nc, 'updates')
      await nc.flush()
      publish(await forgetful(kind), ...six)
      await until('both losses', () => errors.length === 2)
      expect(errors[0]).toMatchObject({
        message: 'updates: 2 messages lost (2 to 3): no replayer holds them any more. They will not be delivered.',
      })
    })

    test('reaches onNotice, also if a callback receives it', async () => {
      const all = log<SequencedNotice>()
      const nc = await lossy(kind, { onNotice: all.add })
      listening(nc, 'updates')
      await nc.flush()
      publish(await forgetful(kind), ...six)
      await all.until('both losses', seen => told(seen, 'Lost').length === 2)
      expect(told(all.seen, 'Lost')).toMatchObject([lossOf(2, 3), lossOf(5, 5)])
      expect(all.seen.filter(n => n.notice._tag === 'Lost').map(n => n.side)).toEqual(['Receiver', 'Receiver'])
    })

    test('does not show in an iterator, but reaches onNotice', async () => {
      const all = log<SequencedNotice>()
      const nc = await lossy(kind, { onNotice: all.add })
      const sub = nc.subscribe('updates')
      await nc.flush()
      publish(await forgetful(kind), ...six)
      expect(texts(await reading(sub, 3))).toEqual(['1', '4', '6'])
      expect(told(all.seen, 'Lost')).toMatchObject([lossOf(2, 3), lossOf(5, 5)])
    })

    test('becomes one process warning for each range if nobody reads notices', async () => {
      const seenWarnings = warnings()
      const nc = await lossy(kind)
      const [one, other] = [nc.subscribe('updates'), nc.subscribe('updates')]
      await nc.flush()
      publish(await forgetful(kind), ...six)
      expect(texts(await reading(one, 3))).toEqual(['1', '4', '6'])
      expect(texts(await reading(other, 3))).toEqual(['1', '4', '6'])
      expect(seenWarnings.map(([text]) => `${text}`.slice(0, 35))).toEqual([
        'updates: 2 messages lost (2 to 3): ',
        'updates: 1 message lost (5): no rep',
      ])
      expect(seenWarnings.map(([, type]) => type)).toEqual(['SequencedWarning', 'SequencedWarning'])
    })

    test('is not a warning while notices(nc) are read', async () => {
      const seenWarnings = warnings()
      const nc = await lossy(kind)
      const iterator = notices(nc)[Symbol.asyncIterator]()
      const sub = nc.subscribe('updates')
      await nc.flush()
      publish(await forgetful(kind), ...six)
      expect(texts(await reading(sub, 3))).toEqual(['1', '4', '6'])
      expect(seenWarnings).toEqual([])
      await iterator.return?.()
    })

    test('counts neither as received nor towards max', async () => {
      const nc = await lossy(kind, { lossAsError: true, onNotice: () => undefined })
      const { sub, seen, errors } = listening(nc, 'updates', { max: 3 })
      await nc.flush()
      publish(await forgetful(kind), ...six)
      await sub.closed
      expect([texts(seen), sub.getReceived(), errors.length]).toEqual([['1', '4', '6'], 3, 2])
    })
  })

  test('a recovered loss is neither an error nor a warning', async () => {
    const seenWarnings = warnings()
    const lost = new Set(['updates.2'])
    const link = await server.link(d => (lost.delete(d.subject) ? drop : pass))
    const nc = sequenced(await dial(server, kind, { servers: link.url }), { subjects: ['updates'], ...patient })
    const { seen, errors } = listening(nc, 'updates')
    await nc.flush()
    const sender = await dialSequenced(server, kind)
    publish(sender.nc, '1', '2', '3')
    await until('all have come', () => seen.length === 3)
    expect([errors, seenWarnings]).toEqual([[], []])
  })

  describe('notices(nc)', () => {
    test('delivers notices to each reader, and ends when the connection closes', async () => {
      const nc = await lossy(kind)
      const tags = async (): Promise<ReadonlyArray<string>> => {
        const seen: Array<string> = []
        for await (const n of notices(nc)) if (n.notice._tag === 'Lost') seen.push(explain(n).slice(0, 24))
        return seen
      }
      const both = [tags(), tags()]
      const sub = nc.subscribe('updates')
      await nc.flush()
      publish(await forgetful(kind), ...six)
      await reading(sub, 3)
      await nc.close()
      expect(await Promise.all(both)).toEqual([
        ['updates: 2 messages lost', 'updates: 1 message lost '],
        ['updates: 2 messages lost', 'updates: 1 message lost '],
      ])
    })

    test.each(['close', 'drain'] as const)('ends at once after %s()', async end => {
      const nc = await lossy(kind)
      await nc[end]()
      const seen: Array<SequencedNotice> = []
      for await (const n of notices(nc)) seen.push(n)
      expect(seen).toEqual([])
    })

    test('accepts the plain connection too', async () => {
      const plain = await dial(server, kind)
      sequenced(plain, { subjects: ['updates'] })
      expect(() => notices(plain)).not.toThrow()
    })

    test('throws for a connection that is not sequenced', async () => {
      const plain = await dial(server, kind)
      expect(() => notices(plain)).toThrow('This connection is not sequenced')
    })

    test('reports what was sent again after a reconnect', async () => {
      const sender = await dialSequenced(server, kind)
      publish(sender.nc, '1')
      await sender.nc.flush()
      sender.link.refuse(true)
      sender.link.cut()
      publish(sender.nc, '2')
      sender.link.refuse(false)
      await until('it is told', () => told(sender.notices, 'Resent').length > 0)
      expect(told(sender.notices, 'Resent')).toMatchObject([{ origin: 'updates', last: 2 }])
      expect(sender.notices.find(n => n.notice._tag === 'Resent')?.side).toBe('Sender')
    })
  })

  describe('two processes that publish to the same subject', () => {
    test('both report the conflict within a heartbeat, and so do subscribers', async () => {
      const options = { heartbeatDelay: 20, maxHeartbeatInterval: 200 }
      const [a, b, c] = [
        await dialSequenced(server, kind, options),
        await dialSequenced(server, kind, options),
        await dialSequenced(server, kind),
      ]
      listening(c.nc, 'updates')
      await c.nc.flush()
      publish(a.nc, 'a')
      await a.nc.flush()
      publish(b.nc, 'b')
      const hasConflict = (): boolean =>
        [a, b].every(x => told(x.notices, 'SenderConflict').length > 0) && told(c.notices, 'Conflict').length > 0
      await until('all are told', hasConflict)
      expect(
        a.notices
          .concat(b.notices)
          .filter(n => n.notice._tag === 'SenderConflict')
          .map(n => n.side),
      ).toEqual(['Sender', 'Sender'])
    })

    test('warn if nobody reads notices', async () => {
      const seenWarnings = warnings()
      const options = { subjects: ['updates'], heartbeatDelay: 20, maxHeartbeatInterval: 200 }
      const [a, b] = [await dial(server, kind), await dial(server, kind)].map(nc => sequenced(nc, options))
      a?.publish('updates', 'a')
      await a?.flush()
      b?.publish('updates', 'b')
      await until('both have warned', () => seenWarnings.length === 2)
      for (const [text] of seenWarnings) expect(text).toContain('another sender publishes to this subject')
    })

    test('do not conflict in perSender', async () => {
      const all = await dialSequenced(server, kind, { addressing: 'perSender', sender: 'carol' })
      const { seen } = listening(all.nc, 'updates')
      await all.nc.flush()
      for (const sender of ['alice', 'bob']) {
        const { nc } = await dialSequenced(server, kind, { addressing: 'perSender', sender })
        publish(nc, `${sender} 1`, `${sender} 2`)
        await nc.flush()
      }
      await until('all have come', () => seen.length === 4)
      expect(texts(seen).toSorted()).toEqual(['alice 1', 'alice 2', 'bob 1', 'bob 2'])
      expect(new Set(seen.map(m => m.subject))).toEqual(new Set(['updates']))
      expect(new Set(seen.map(m => sequenceOf(m)?.origin.split('.')[1]))).toEqual(new Set(['alice', 'bob']))
      expect(told(all.notices, 'Conflict')).toEqual([])
    })
  })

  test('a sender with the other addressing is reported as a mismatch', async () => {
    const receiving = await dialSequenced(server, kind)
    listening(receiving.nc, 'updates')
    await receiving.nc.flush()
    const sender = await dialSequenced(server, kind, { addressing: 'perSender', sender: 'alice' })
    publish(sender.nc, 'x')
    await until('it is told', () => told(receiving.notices, 'Mismatch').length > 0)
    expect(told(receiving.notices, 'Mismatch')).toMatchObject([{ expected: 'single' }])
  })

  describe('sequenceOf(m)', () => {
    test('is undefined for messages without a number, and for those of the client', async () => {
      const { nc } = await dialSequenced(server, kind)
      const plain = await dial(server, kind)
      const [sequencedOnes, plainOnes] = [listening(nc, 'updates'), listening(plain, 'updates')]
      await Promise.all([nc.flush(), plain.flush()])
      plain.publish('updates', 'bare')
      await until('both have it', () => sequencedOnes.seen.length === 1 && plainOnes.seen.length === 1)
      expect([...sequencedOnes.seen, ...plainOnes.seen, {}].map(m => sequenceOf(m))).toEqual([
        undefined,
        undefined,
        undefined,
      ])
    })
  })

  test('an error that ends a subscription is that of the client', async () => {
    const plain = await dial(server, kind)
    const nc = sequenced(plain, { subjects: ['updates'] })
    const { errors } = listening(nc, 'updates', { timeout: 20 })
    await until('the timeout', () => errors.length === 1)
    expect(errors[0]).toMatchObject({ name: kind.name === 'nats' ? 'NatsError' : 'TimeoutError' })
  })
})

test.each(kinds)('with $name receivers report that a sender has closed its connection', async kind => {
  const receiver = await dialSequenced(server, kind, { heartbeatGrace: 60_000 })
  listening(receiver.nc, 'updates')
  await receiver.nc.flush()
  const sender = await dialSequenced(server, kind)
  publish(sender.nc, '1')
  await sender.nc.close()
  await until('the end is told', () => receiver.notices.some(n => n.notice._tag === 'Ended'))
})
