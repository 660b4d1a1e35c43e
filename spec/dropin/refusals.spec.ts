// What a sequenced connection refuses, with the reason and the remedy.
import { describe, expect, test } from '@jest/globals'
import type { SequencedOptions } from '../../src/index.ts'
import { sequenced } from '../../src/index.ts'
import { withServer } from '../nats/clients.ts'
import { anything, dial, dialSequenced, kinds, listening, texts, tried, until } from './bench.ts'

const server = withServer()

const updates = { subjects: ['updates'] }

/** Invalid options, the tag of the reason, and a part of the message. */
const bad: ReadonlyArray<readonly [string, object, string, string]> = [
  ['no subjects', {}, 'BadOption', 'subjects'],
  ['an empty list of subjects', { subjects: [] }, 'BadOption', 'Expected: a list of subjects'],
  ['a subject that is no list', { subjects: 'updates' }, 'BadOption', 'Expected: a list of subjects'],
  ['all subjects', { subjects: ['>'] }, 'BadOption', "The filter '>' includes"],
  ['all subjects, among others', { subjects: ['updates', '>'] }, 'BadOption', "The filter '>' includes"],
  ['a subject with white space', { subjects: ['a b'] }, 'BadSubject', 'it has white space'],
  ['a subject with an empty token', { subjects: ['a..b'] }, 'BadSubject', 'it has an empty token'],
  ['an empty subject', { subjects: [''] }, 'BadSubject', 'it is empty'],
  ['a subject of heartbeats', { subjects: ['_SEQ.HB.updates'] }, 'BadOption', 'are never numbered'],
  ['a subject of inboxes', { subjects: ['_INBOX.>'] }, 'BadOption', 'are never numbered'],
  ['a subject of the system', { subjects: ['$JS.ACK.>'] }, 'BadOption', 'are never numbered'],
  ['a prefix with a wildcard', { ...updates, prefix: '_SEQ.*' }, 'BadSubject', 'prefix'],
  ['an unknown option', { ...updates, subject: 'updates' }, 'BadOption', 'unknown option'],
  ['an option of subscriptions', { ...updates, start: 'all' }, 'BadOption', 'unknown option'],
  ['an addressing that is none', { ...updates, addressing: 'both' }, 'BadOption', 'addressing'],
  ['a deadline that is no time', { ...updates, gapTimeout: 0 }, 'BadOption', 'a number above 0'],
  ['a handler that is no function', { ...updates, onNotice: 'log' }, 'BadOption', 'a function'],
]

describe.each(kinds)('with $name', kind => {
  test.each(bad)('%s', async (_, options, tag, words) => {
    const plain = await dial(server, kind)
    const outcome = tried(() => sequenced(plain, anything<SequencedOptions>(options)))
    expect(outcome).toMatchObject({ name: 'SequencedError', message: expect.stringContaining(words) })
    expect(reasonOf(() => sequenced(plain, anything<SequencedOptions>(options)))).toMatchObject({ _tag: tag })
    // The failed call left nothing behind: the connection can still be wrapped.
    expect(() => sequenced(plain, updates)).not.toThrow()
  })

  test('a connection that is already wrapped', async () => {
    const plain = await dial(server, kind)
    const nc = sequenced(plain, updates)
    for (const again of [plain, nc]) {
      expect(reasonOf(() => sequenced(again, { subjects: ['others'] }))).toEqual({ _tag: 'WrappedTwice' })
      expect(tried(() => sequenced(again, updates))).toMatchObject({ message: expect.stringContaining('in one call') })
    }
  })

  test('a queue group on a numbered subject; not elsewhere, and not an empty one', async () => {
    const { nc } = await dialSequenced(server, kind)
    expect(tried(() => nc.subscribe('updates', { queue: 'workers' }))).toMatchObject({
      name: 'SequencedError',
      message: expect.stringContaining('distribute the work after the subscription'),
    })
    expect(reasonOf(() => nc.subscribe('prices.*', { queue: 'workers' }))).toEqual({
      _tag: 'QueueGroup',
      subject: 'prices.*',
      queue: 'workers',
    })
    expect(() => nc.subscribe('elsewhere', { queue: 'workers' })).not.toThrow()
    expect(() => nc.subscribe('updates', { queue: '' })).not.toThrow()
  })

  test.each(['>', '*', '*.eur', '*.>', 'prices'].map(filter => ({ filter })))(
    'a filter that matches numbered subjects and others: $filter',
    async ({ filter }) => {
      const { nc } = await dialSequenced(server, kind)
      const outcome = tried(() => nc.subscribe(filter))
      // `prices` itself is not within `prices.>`.
      if (filter === 'prices') expect(outcome).toBe('done')
      else
        expect(outcome).toMatchObject({
          name: 'SequencedError',
          message: expect.stringContaining('subscribe to them separately'),
        })
    },
  )

  test('a filter below a numbered subject is accepted, and receives the messages of the wire', async () => {
    const { nc } = await dialSequenced(server, kind)
    const { seen } = listening(nc, 'updates.>')
    nc.publish('updates', 'x')
    await until('it has come', () => seen.length === 1)
    expect(seen.map(m => m.subject)).toEqual(['updates.1'])
  })

  test('headers with an inline status; they are accepted on other subjects', async () => {
    const { nc } = await dialSequenced(server, kind)
    const { seen } = listening(nc, 'elsewhere')
    const options = { headers: kind.status(404) }
    expect(reasonOf(() => nc.publish('updates', 'x', options))).toEqual({ _tag: 'StatusInHeaders', code: 404 })
    nc.publish('elsewhere', 'x', options)
    await until('the other has come', () => seen.length === 1)
  })

  test.each(['a b', 'a..b', 'a.*', '>'])('an invalid reply subject: %s', async reply => {
    const { nc } = await dialSequenced(server, kind)
    const { seen } = listening(nc, 'updates')
    expect(tried(() => nc.publish('updates', 'x', { reply }))).toMatchObject({ name: 'SequencedError' })
    nc.publish('updates', 'after it')
    await until('the next has come', () => seen.length > 0)
    expect(texts(seen)).toEqual(['after it'])
  })

  test('tracing of a numbered message', async () => {
    const { nc } = await dialSequenced(server, kind)
    for (const trace of [{ traceOnly: true }, { traceDestination: 'traces' }])
      expect(tried(() => nc.publish('updates', 'x', anything(trace)))).toMatchObject({
        message: expect.stringContaining('use the plain connection'),
      })
  })

  test('perSender without a sender name on the first publish, but not on subscribe', async () => {
    const { nc } = await dialSequenced(server, kind, { addressing: 'perSender' })
    expect(() => nc.subscribe('updates')).not.toThrow()
    expect(tried(() => nc.publish('updates', 'x'))).toMatchObject({
      name: 'SequencedError',
      message: expect.stringContaining('set the option sender'),
    })
  })

  test('a full history while disconnected; nothing is lost after the reconnect', async () => {
    const sender = await dialSequenced(server, kind, { history: { messages: 3 } })
    const receiver = await dialSequenced(server, kind)
    const { seen } = listening(receiver.nc, 'updates')
    await receiver.nc.flush()
    sender.nc.publish('updates', '0')
    await until('the first has come', () => seen.length === 1)
    const gone = disconnected(sender.nc)
    sender.link.refuse(true)
    sender.link.cut()
    await gone
    const accepted: Array<string> = []
    const reason = reasonOf(() => {
      for (let i = 1; i <= 9; i++) {
        sender.nc.publish('updates', `${i}`)
        accepted.push(`${i}`)
      }
    })
    expect(reason).toMatchObject({ _tag: 'HistoryFull', messages: 3 })
    sender.link.refuse(false)
    await until('all have come', () => seen.length === 1 + accepted.length)
    sender.nc.publish('updates', 'after')
    await until('the last has come', () => seen.length === 2 + accepted.length)
    expect(texts(seen)).toEqual(['0', ...accepted, 'after'])
  })
})

const reasonOf = (f: () => unknown): unknown => {
  try {
    f()
    return 'nothing was thrown'
  } catch (cause) {
    return cause instanceof Error && 'reason' in cause ? cause.reason : cause
  }
}

const disconnected = async (nc: { status(): AsyncIterable<{ readonly type: string }> }): Promise<void> => {
  for await (const { type } of nc.status()) if (type === 'disconnect') return
}
