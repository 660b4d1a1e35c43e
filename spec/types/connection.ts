// The connections of both clients are what this library asks for, without a cast.
import type { NatsConnection as Nats3 } from '@nats-io/nats-core'
import type { NatsConnection as NatsNode3 } from '@nats-io/transport-node'
import { expectTypeOf } from 'expect-type'
import type { MsgHdrs as MsgHdrs2, NatsConnection as Nats2 } from 'nats'
import type { Connection, PublishOptions } from '../../src/index.ts'
import { publisher, subscribe } from '../../src/index.ts'

expectTypeOf<Nats2>().toExtend<Connection>()
expectTypeOf<Nats3>().toExtend<Connection>()
expectTypeOf<NatsNode3>().toExtend<Connection>()

declare const nc2: Nats2
declare const nc3: NatsNode3
declare const headers2: MsgHdrs2

for (const updates of [publisher(nc2, 'updates'), publisher(nc3, 'updates')]) {
  expectTypeOf(updates.publish).returns.toExtend<number>()
  updates.publish(new Uint8Array(1), { headers: headers2, reply: 'there' })
  updates.publish('text')
  updates.publish()
  // @ts-expect-error a payload is bytes or text
  updates.publish({ a: 1 })
  // @ts-expect-error there is no such option
  updates.publish('x', { header: headers2 })
  // @ts-expect-error headers are a header object
  updates.publish('x', { headers: { a: 'b' } })
}
expectTypeOf<MsgHdrs2>().toExtend<NonNullable<PublishOptions['headers']>>()

// A received message can be published as it came, to either client.
for await (const d of subscribe(nc2, 'updates'))
  if (d._tag === 'Message')
    publisher(nc3, 'copies').publish(d.data, {
      ...(d.headers === undefined ? {} : { headers: d.headers }),
      ...(d.reply === undefined ? {} : { reply: d.reply }),
    })

publisher(nc2, 'updates', { addressing: 'perSender', sender: 'alice', prefix: '_SEQ', from: 'clock' })
publisher(nc2, 'updates', { from: 5, heartbeatDelay: 50, maxHeartbeatInterval: 5000 })
// @ts-expect-error there are two addressings
publisher(nc2, 'updates', { addressing: 'both' })
// @ts-expect-error a first number is a number, or from the clock
publisher(nc2, 'updates', { from: 'now' })
// @ts-expect-error there is no such option
publisher(nc2, 'updates', { queue: 'workers' })
// @ts-expect-error a subject is text
publisher(nc2, 5)
// @ts-expect-error a connection is needed
publisher({}, 'updates')

subscribe(nc3, 'updates', { mode: 'arrival', gapTimeout: 100, callback: () => undefined, onError: () => undefined })
// @ts-expect-error a queue group splits a sequence
subscribe(nc3, 'updates', { queue: 'workers' })
// @ts-expect-error there are two modes
subscribe(nc3, 'updates', { mode: 'unordered' })
// @ts-expect-error how payloads are kept is for the shell to say
subscribe(nc3, 'updates', { retain: (data: Uint8Array) => data })
// @ts-expect-error a callback takes deliveries, not the clients' messages
subscribe(nc3, 'updates', { callback: (_err: Error | null, _msg: unknown) => undefined })
