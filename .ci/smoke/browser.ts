// What a user in a browser writes: the types resolve with the settings of a bundler, without the types of Node.
import { wsconnect } from '@nats-io/nats-core'
import { publisher, sequenced, sequenceOf, subscribe } from 'nats-sequenced'
import { Receiver } from 'nats-sequenced/core'
import * as Fp from 'nats-sequenced/fp'

const connection = await wsconnect({ servers: 'ws://localhost:8080' })
publisher(connection, 'updates').publish('hello')
for await (const m of subscribe(connection, 'updates')) if (m._tag === 'Message') document.title = m.string()
const nc = sequenced(connection, { subjects: ['updates'] })
for await (const m of nc.subscribe('updates')) document.title = `${m.string()} ${sequenceOf(m)?.number ?? ''}`
export const started = Receiver.create()
export const surface = Fp
