/** A NATS server for unit tests, in this process. */

import { deliverWithFaults } from './deliverWithFaults.ts'
import { FakeConnection } from './FakeConnection.ts'
import type { FakeConnectOptions } from './FakeConnectOptions.ts'
import type { Decide, EndFault, Which } from './faults.ts'
import { always, createFaults } from './faults.ts'
import { createLine } from './Line.ts'
import type { Peer } from './router.ts'
import { createRouter } from './router.ts'
import type { Command, Dial, Frame, WireClient } from './wire.ts'

/** A fake server. @since 0.1.0 */
export interface FakeServer {
  /** Opens a connection. All connections of a server reach each other. */
  readonly connect: (options?: FakeConnectOptions) => FakeConnection
  /** Loses messages. The returned function ends the fault. */
  readonly drop: (which: Which) => EndFault
  /** Delivers messages twice. */
  readonly duplicate: (which: Which) => EndFault
  /** Delivers messages later, in ms. Following messages overtake them. */
  readonly delay: (which: Which, ms: number) => EndFault
  /** Delivers each message after the next one to the same connection, or after 10 ms if there is none. */
  readonly reorder: (which: Which) => EndFault
  /** Decides about each message in flight. Of several faults the first that decides counts. */
  readonly decide: (decide: Decide) => EndFault
  /** Cuts a connection until `heal`: one of `connect`, or what `sequenced` returned for it. What is in flight is lost. */
  readonly cut: (connection: Pick<FakeConnection, 'options'>) => void
  /** Lets a connection that was cut reconnect, at once. */
  readonly heal: (connection: Pick<FakeConnection, 'options'>) => void
}

interface Access {
  isCut: boolean
  client: WireClient | undefined
  end: () => void
}

/**
 * A NATS server for unit tests, in this process: subjects, wildcards, queue groups, requests, headers, drains, reconnects,
 * and faults on demand. Messages arrive a microtask later, without timers or sockets. So it works with fake timers, and a
 * test with them does not wait.
 *
 * It is not a NATS server. It has no users, permissions, accounts, JetStream, services framework, clusters or TLS, and no
 * limits but `max_payload`. It never disconnects a slow consumer. It does not check the syntax of a protocol, because no
 * protocol is spoken. Its connections behave as those of `nats` 2.29. Use a real server for tests of anything else, and
 * for anything about speed.
 *
 * @example
 * import { publisher, subscribe } from 'nats-sequenced'
 * import { fakeServer } from 'nats-sequenced/testing'
 *
 * const server = fakeServer()
 * server.drop('updates.2')
 * const fake = server.connect()
 * const received = subscribe(fake, 'updates')
 * const updates = publisher(fake, 'updates')
 * for (const text of ['a', 'b', 'c']) updates.publish(text)
 * await updates.close()
 * const texts: string[] = []
 * for await (const d of received) {
 *   if (d._tag === 'Message') texts.push(`${d.number} ${d.verdict}`)
 *   if (d._tag === 'Ended') break
 * }
 * await fake.close()
 * texts // ['1 InOrder', '2 Recovered', '3 AfterGap']
 *
 * @since 0.1.0
 */
export const fakeServer = (): FakeServer => {
  const router = createRouter()
  const faults = createFaults()
  // By their options, because a wrapper of a connection is another object with the same options.
  const accesses = new WeakMap<object, Access>()

  const dial =
    (access: Access): Dial =>
    client => {
      access.client = client
      if (access.isCut) return undefined
      let isOpen = true
      const down = createLine<Frame>(frame => client.onFrame(frame))
      const sendDown = (frame: Frame): void => {
        if (isOpen) down.send(frame)
      }
      const peer: Peer = {
        noEcho: client.noEcho,
        subscriptions: new Map(),
        deliver: deliverWithFaults(faults, client.name, sendDown),
        pong: () => sendDown({ _tag: 'Pong' }),
      }
      const up = createLine<Command>(command => router.handle(peer, command))
      const close = (): void => {
        isOpen = false
        up.clear()
        down.clear()
        router.remove(peer)
      }
      router.add(peer)
      access.end = close
      return { send: up.send, close }
    }

  const accessOf = ({ options }: Pick<FakeConnection, 'options'>): Access => {
    const access = accesses.get(options)
    if (access === undefined)
      throw new TypeError('This connection is not of this fake server: pass one that its connect() returned.')
    return access
  }

  return {
    connect: ({
      name = '',
      noEcho = false,
      inboxPrefix = '_INBOX',
      reconnect = true,
      reconnectTimeWait = 2000,
      maxReconnectAttempts = 10,
    } = {}) => {
      const access: Access = { isCut: false, client: undefined, end: () => undefined }
      const options = { name, noEcho, inboxPrefix, reconnect, reconnectTimeWait, maxReconnectAttempts }
      accesses.set(options, access)
      return new FakeConnection(dial(access), options)
    },
    drop: which => faults.add(always(which, { _tag: 'Drop' })),
    duplicate: which => faults.add(always(which, { _tag: 'Duplicate' })),
    delay: (which, ms) => faults.add(always(which, { _tag: 'Delay', ms })),
    reorder: which => faults.add(always(which, { _tag: 'Reorder' })),
    decide: faults.add,
    cut: connection => {
      const access = accessOf(connection)
      if (access.isCut) return
      access.isCut = true
      access.end()
      access.client?.onDisconnected()
    },
    heal: connection => {
      const access = accessOf(connection)
      access.isCut = false
      access.client?.onHealed()
    },
  }
}
