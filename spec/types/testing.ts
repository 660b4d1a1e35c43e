// A fake connection can be passed wherever a connection of either client is expected, without a cast.
import type { NatsConnection as Nats3, Status as Status3 } from '@nats-io/nats-core'
import type { NatsConnection as NatsNode3 } from '@nats-io/transport-node'
import { expectTypeOf } from 'expect-type'
import type { NatsConnection as Nats2, Status as Status2 } from 'nats'
import * as nats2 from 'nats'
import type { Client, Connection } from '../../src/index.ts'
import { publisher, sequenced, subscribe } from '../../src/index.ts'
import type { FakeConnection, FakeMsg, FakeStatus } from '../../src/testing.ts'
import { fakeServer } from '../../src/testing.ts'

expectTypeOf<FakeConnection>().toExtend<Nats2>()
expectTypeOf<FakeConnection>().toExtend<Nats3>()
expectTypeOf<FakeConnection>().toExtend<NatsNode3>()
expectTypeOf<FakeConnection>().toExtend<Connection>()
expectTypeOf<FakeConnection>().toExtend<Client>()

const server = fakeServer()
const nc = server.connect({ name: 'alice' })
const application2 = (connection: Nats2): AsyncIterable<Status2> => connection.status()
const application3 = (connection: Nats3): AsyncIterable<Status3> => connection.status()
application2(nc)
application3(nc)
application2(sequenced(nc, { subjects: ['updates'] }))
publisher(nc, 'updates')
subscribe(nc, 'updates')
for await (const m of nc.subscribe('updates')) expectTypeOf(m).toEqualTypeOf<FakeMsg>()
for await (const s of nc.status()) expectTypeOf(s).toEqualTypeOf<FakeStatus>()
nc.publish('updates', 'x', { headers: nats2.headers() })

// What `sequenced` returns is cut and healed like the connection itself.
server.cut(sequenced(nc, { subjects: ['prices'] }))
server.heal(nc)
server.drop(m => m.to === 'bob' && m.subject === 'updates.2')()
server.decide(() => ({ _tag: 'Delay', ms: 5 }))
// @ts-expect-error there is no such fate
server.decide(() => ({ _tag: 'Lose' }))
// @ts-expect-error a delay has a time
server.delay('updates.*')
// @ts-expect-error there is no such option
server.connect({ servres: 'localhost' })
