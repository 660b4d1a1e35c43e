import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { headers } from 'nats'
import { explain, publisher, sequenced, subscribe } from '../../src/index.ts'
import type { FakeConnection, FakeMsg, FakeServer, FakeStatus } from '../../src/testing.ts'
import { fakeServer } from '../../src/testing.ts'
import { runModule } from '../moduleProcess.ts'

/** The texts that arrive at a subscription. */
const listening = (nc: FakeConnection, subject: string): Array<string> => {
  const seen: Array<string> = []
  nc.subscribe(subject, { callback: (_, m) => seen.push(m.string()) })
  return seen
}

const upTo = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, i) => `${i + 1}`)

interface Pair {
  readonly server: FakeServer
  readonly alice: FakeConnection
  readonly bob: FakeConnection
}

const pair = async (): Promise<Pair> => {
  const server = fakeServer()
  return { server, alice: server.connect({ name: 'alice' }), bob: server.connect({ name: 'bob' }) }
}

/** A flush of the sender, then one of the receiver: whatever is not held has arrived. */
const arrived = async ({ alice, bob }: Pair): Promise<void> => {
  await alice.flush()
  await bob.flush()
}

afterEach(() => {
  jest.useRealTimers()
})

describe('faults', () => {
  test('drop loses messages of a filter, until it is ended', async () => {
    const p = await pair()
    const seen = listening(p.bob, 'a.*')
    const end = p.server.drop('a.2')
    for (const text of upTo(3)) p.alice.publish(`a.${text}`, text)
    await arrived(p)
    end()
    p.alice.publish('a.2', '2')
    await arrived(p)
    expect(seen).toEqual(['1', '3', '2'])
  })

  test('a predicate sees the whole message, and to whom it goes', async () => {
    const p = await pair()
    const [toAlice, toBob] = [listening(p.alice, 'a'), listening(p.bob, 'a')]
    await arrived(p)
    p.server.drop(m => m.to === 'bob' && m.reply === 'there' && m.headers?.get('A') === 'b' && m.data.length === 1)
    const h = headers()
    h.append('A', 'b')
    p.alice.publish('a', '1', { reply: 'there', headers: h })
    p.alice.publish('a', '22', { reply: 'there', headers: h })
    await arrived(p)
    expect([toAlice, toBob]).toEqual([['1', '22'], ['22']])
  })

  test('duplicate delivers twice', async () => {
    const p = await pair()
    const seen = listening(p.bob, 'a')
    p.server.duplicate(m => m.data[0] === 50)
    for (const text of upTo(3)) p.alice.publish('a', text)
    await arrived(p)
    expect(seen).toEqual(['1', '2', '2', '3'])
  })

  test('delay lets following messages overtake', async () => {
    jest.useFakeTimers()
    const p = await pair()
    const seen = listening(p.bob, 'a.*')
    p.server.delay('a.1', 50)
    for (const text of upTo(3)) p.alice.publish(`a.${text}`, text)
    await jest.advanceTimersByTimeAsync(49)
    expect(seen).toEqual(['2', '3'])
    await jest.advanceTimersByTimeAsync(1)
    expect(seen).toEqual(['2', '3', '1'])
  })

  test('reorder lets the next message overtake, and delivers the last one after 10 ms', async () => {
    jest.useFakeTimers()
    const p = await pair()
    const seen = listening(p.bob, 'a.*')
    p.server.reorder(m => m.subject === 'a.1' || m.subject === 'a.4')
    for (const text of upTo(4)) p.alice.publish(`a.${text}`, text)
    await arrived(p)
    expect(seen).toEqual(['2', '1', '3'])
    await jest.advanceTimersByTimeAsync(10)
    expect(seen).toEqual(['2', '1', '3', '4'])
  })

  test('the first fault that decides counts', async () => {
    const p = await pair()
    const seen = listening(p.bob, 'a.*')
    p.server.decide(m => (m.subject === 'a.1' ? { _tag: 'Pass' } : undefined))
    p.server.drop('a.*')
    for (const text of upTo(2)) p.alice.publish(`a.${text}`, text)
    await arrived(p)
    expect(seen).toEqual(['1'])
  })

  test.each([
    ['an empty filter', (s: FakeServer) => s.drop(''), 'it is empty'],
    ['a filter with white space', (s: FakeServer) => s.duplicate('a b'), 'white space'],
    ['a negative delay', (s: FakeServer) => s.delay('a', -1), 'Invalid delay: -1'],
    ['a delay that is no number', (s: FakeServer) => s.delay('a', Number.NaN), 'Invalid delay: NaN'],
    ['a connection of another server', (s: FakeServer) => s.cut(fakeServer().connect()), 'not of this fake server'],
  ])('%s is refused', (_, act, message) => {
    expect(() => act(fakeServer())).toThrow(message)
  })
})

describe('cut and heal', () => {
  test('a cut loses what is in flight, and the connection reconnects when it is healed', async () => {
    const p = await pair()
    const types: Array<string> = []
    const reading = (async () => {
      for await (const { type } of p.bob.status()) types.push(type)
    })()
    const seen = listening(p.bob, 'a')
    await p.bob.flush()
    p.alice.publish('a', 'before')
    await arrived(p)
    p.alice.publish('a', 'in flight')
    p.server.cut(p.bob)
    await p.alice.flush()
    expect([p.bob.info, p.bob.isClosed()]).toEqual([undefined, false])
    p.server.heal(p.bob)
    await p.bob.flush()
    p.alice.publish('a', 'after')
    await arrived(p)
    expect(seen).toEqual(['before', 'after'])
    await p.bob.close()
    await reading
    expect(types).toEqual(['disconnect', 'reconnecting', 'reconnecting', 'reconnect', 'close'])
  })

  test('flush() rejects while disconnected, and a connection that may not reconnect closes', async () => {
    const p = await pair()
    const flushed = p.bob.flush()
    p.server.cut(p.bob)
    await expect(flushed).rejects.toMatchObject({ code: 'DISCONNECT' })
    await p.bob.close()
    const only = p.server.connect({ reconnect: false })
    p.server.cut(only)
    expect(await only.closed()).toBeUndefined()
  })

  test('a closed connection stays closed', async () => {
    const p = await pair()
    await p.bob.close()
    p.server.cut(p.bob)
    p.server.heal(p.bob)
    expect([p.bob.isClosed(), p.bob.info]).toEqual([true, undefined])
    expect(() => p.bob.publish('a')).toThrow('CONNECTION_CLOSED')
  })

  test('it gives up after maxReconnectAttempts, and closes with an error', async () => {
    jest.useFakeTimers()
    const server = fakeServer()
    const nc = server.connect({ maxReconnectAttempts: 3, reconnectTimeWait: 100 })
    server.cut(nc)
    await jest.advanceTimersByTimeAsync(199)
    expect(nc.isClosed()).toBe(false)
    await jest.advanceTimersByTimeAsync(1)
    expect(await nc.closed()).toMatchObject({ name: 'NatsError', code: 'CONNECTION_REFUSED' })
  })

  test('reconnect() reconnects at once', async () => {
    const p = await pair()
    const seen = listening(p.bob, 'a')
    await p.bob.reconnect()
    await p.bob.flush()
    p.alice.publish('a', '1')
    await arrived(p)
    expect(seen).toEqual(['1'])
  })

  test('a wrapped connection is cut and healed by its wrapper', async () => {
    const server = fakeServer()
    const nc = sequenced(server.connect(), { subjects: ['updates'] })
    server.cut(nc)
    expect(nc.info).toBeUndefined()
    server.heal(nc)
    expect(nc.info).toBeDefined()
  })
})

describe('the library on a fake server, in virtual time', () => {
  test('the loss of the last message is noticed by a heartbeat, 50 ms later, and the message is recovered', async () => {
    jest.useFakeTimers()
    const { server, alice, bob } = await pair()
    server.drop('updates.2')
    const told: Array<string> = []
    subscribe(bob, 'updates', {
      callback: d => told.push(d._tag === 'Message' ? `${d.number} ${d.string()} ${d.verdict}` : d._tag),
    })
    const updates = publisher(alice, 'updates')
    updates.publish('a')
    updates.publish('b')
    await jest.advanceTimersByTimeAsync(49)
    expect(told).toEqual(['1 a InOrder'])
    await jest.advanceTimersByTimeAsync(2)
    expect(told).toEqual(['1 a InOrder', 'Gap', '2 b Recovered'])
  })

  test('a gap that nobody can fill is reported lost after gapTimeout', async () => {
    jest.useFakeTimers()
    const { alice, bob } = await pair()
    const told: Array<string> = []
    subscribe(bob, 'updates', {
      gapTimeout: 60_000,
      callback: d => told.push(d._tag === 'Message' ? `${d.number}` : explain(d)),
    })
    await jest.advanceTimersByTimeAsync(10_000)
    for (const n of [1, 3]) alice.publish(`updates.${n}`, 'x')
    await jest.advanceTimersByTimeAsync(30_000)
    expect(told.filter(text => text.includes('lost'))).toEqual([])
    await jest.advanceTimersByTimeAsync(60_000)
    expect(told).toContainEqual(expect.stringContaining('1 message lost (2)'))
  })

  test('what is published while disconnected arrives after the reconnect', async () => {
    jest.useFakeTimers()
    const { server, alice, bob } = await pair()
    const wrapped = [alice, bob].map(nc => sequenced(nc, { subjects: ['updates'] }))
    const [sending, receiving] = wrapped
    if (sending === undefined || receiving === undefined) throw new Error('two connections')
    const seen = listening(receiving, 'updates')
    await jest.advanceTimersByTimeAsync(100)
    sending.publish('updates', '1')
    await jest.advanceTimersByTimeAsync(100)
    server.cut(sending)
    sending.publish('updates', '2')
    await jest.advanceTimersByTimeAsync(5000)
    expect(seen).toEqual(['1'])
    server.heal(sending)
    await jest.advanceTimersByTimeAsync(100)
    expect(seen).toEqual(['1', '2'])
  })
})

describe('a fake connection', () => {
  test('delivers payloads of the kind that the clients deliver, and copies them', async () => {
    const p = await pair()
    const seen: Array<Uint8Array> = []
    p.bob.subscribe('a', { callback: (_, m) => seen.push(m.data) })
    const payload = new Uint8Array([65])
    p.alice.publish('a', payload)
    p.alice.publish('a')
    await arrived(p)
    payload[0] = 66
    expect(seen.map(String)).toEqual(['A', ''])
    expect(seen.every(data => data instanceof Buffer)).toBe(true)
  })

  test('delivers headers that are read as those of the clients', async () => {
    const p = await pair()
    const h = headers()
    h.append('Nats-Msg-Id', 'a')
    h.append('trace', 'b')
    h.append('trace', 'c')
    const messages = p.bob.subscribe('a', { max: 1 })
    await p.bob.flush()
    p.alice.publish('a', '', { headers: h })
    const seen: Array<FakeMsg> = []
    for await (const m of messages) seen.push(m)
    const got = seen[0]?.headers
    expect([got?.get('Nats-Msg-Id'), got?.get('nats-msg-id'), got?.get('nats-msg-id', 'insensitive')]).toEqual([
      'a',
      '',
      'a',
    ])
    expect([got?.get('nats-msg-id', 2), got?.get('nats-msg-id', 'canonical'), got?.has('Trace', 1)]).toEqual([
      'a',
      'a',
      false,
    ])
    expect([got?.values('trace'), got?.last('trace'), got?.code, got?.status, got?.hasError]).toEqual([
      ['b', 'c'],
      'c',
      0,
      '',
      false,
    ])
  })

  test('refuses headers that the clients refuse, when they are read or changed', async () => {
    const p = await pair()
    const blocks = ['My Key: a', 'A: b\nc'].map(line => new TextEncoder().encode(`NATS/1.0\r\n${line}\r\n\r\n`))
    const seen: Array<FakeMsg> = []
    p.bob.subscribe('a', { callback: (_, m) => seen.push(m) })
    await p.bob.flush()
    // The headers of another client.
    for (const block of blocks) p.alice.publish('a', 'x', { headers: Object.assign([], { encode: () => block }) })
    p.alice.publish('a', 'y', { headers: headers(100, 'Idle') })
    await arrived(p)
    const refused = expect.objectContaining({ code: 'BAD_HEADER' })
    expect(seen.map(m => m.string())).toEqual(['x', 'x', 'y'])
    for (const m of seen.slice(0, 2)) expect(() => m.headers).toThrow(refused)
    expect(() => seen[2]?.headers?.append('My Key', 'a')).toThrow(refused)
    expect(() => seen[2]?.headers?.set('A', 'b\nc')).toThrow(refused)
  })

  test('has the status of an answer in its headers', async () => {
    const p = await pair()
    p.bob.subscribe('a', { callback: (_, m) => void m.respond('x', { headers: headers(404, 'Not Found') }) })
    await p.bob.flush()
    const { headers: got } = await p.alice.request('a')
    expect([got?.code, got?.description, got?.status, got?.hasError]).toEqual([404, 'Not Found', '404 Not Found', true])
  })

  test('an error of a callback is an unhandled rejection, and other messages arrive', async () => {
    const outcome = await runModule(`
      import { fakeServer } from './src/testing.ts'
      const nc = fakeServer().connect()
      process.on('unhandledRejection', e => console.log(e.message))
      nc.subscribe('a', { callback: (_, m) => {
        if (m.string() === '1') throw new Error('mine')
        console.log(m.string())
      } })
      for (const text of ['1', '2', '3']) nc.publish('a', text)
      await nc.flush()
      setTimeout(() => console.log('end'), 1)`)
    expect(outcome.out.trim().split('\n').sort()).toEqual(['2', '3', 'end', 'mine'])
  })

  test.each([
    ['jetstream()', (nc: FakeConnection) => nc.jetstream()],
    ['services', (nc: FakeConnection) => nc.services],
    ['setServers()', (nc: FakeConnection) => nc.setServers(['localhost'])],
  ])('says that it has no %s', (_, act) => {
    expect(() => act(fakeServer().connect())).toThrow('test this code with a real nats-server')
  })

  test('counts messages and bytes', async () => {
    const p = await pair()
    listening(p.bob, 'a')
    p.alice.publish('a', '12345')
    await arrived(p)
    expect([p.alice.stats().outMsgs, p.alice.stats().outBytes, p.bob.stats().inMsgs, p.bob.stats().inBytes]).toEqual([
      1, 5, 1, 5,
    ])
  })

  test('status() after the end is over', async () => {
    const { bob } = await pair()
    await bob.close()
    const seen: Array<FakeStatus> = []
    for await (const s of bob.status()) seen.push(s)
    expect(seen).toEqual([])
  })
})
