// What a user of ES modules and `nats` does.
import assert from 'node:assert/strict'
import { metrics } from '@opentelemetry/api'
import { connect } from 'nats'
import { explain, publisher, subscribe } from 'nats-sequenced'
import { SequenceNumber } from 'nats-sequenced/core'
import * as Pattern from 'nats-sequenced/core/Pattern'
import { fileStore } from 'nats-sequenced/file'
import { observeSequenced } from 'nats-sequenced/opentelemetry'
import { collectSequenced } from 'nats-sequenced/prom-client'
import { fakeServer } from 'nats-sequenced/testing'
import { Registry } from 'prom-client'

assert.deepEqual(SequenceNumber.parse('3'), { _tag: 'Right', right: 3 })
assert.equal(SequenceNumber.parse('03')._tag, 'Left')
assert.deepEqual(Pattern.parse(Pattern.of('a.*', Pattern.integer))('a.3'), { _tag: 'Right', right: [3] })

assert.equal(await fileStore('positions').write('esm', 'a value', 0), 1)

const nc = await connect({ servers: process.env['NATS_URL'] ?? '', reconnect: false })
const received = subscribe(nc, 'esm')
const publishing = publisher(nc, 'esm')
assert.deepEqual(
  ['a', 'b', 'c'].map(text => publishing.publish(text)),
  [1, 2, 3],
)
await publishing.close()

const told = []
for await (const d of received) {
  told.push(d._tag === 'Message' ? `${d.number} ${new TextDecoder().decode(d.data)}` : explain(d))
  if (d._tag === 'Ended') break
}
assert.deepEqual(told.slice(0, -1), ['1 a', '2 b', '3 c'])

const registry = new Registry()
collectSequenced(registry, () => [publishing, received])
assert.match(await registry.metrics(), /^nats_sequenced_published_messages_total 3$/m)
observeSequenced(metrics.getMeter('smoke'), () => [publishing, received])()
await nc.close()

const fake = fakeServer().connect()
const copies = subscribe(fake, 'copies')
publisher(fake, 'copies').publish('a')
for await (const d of copies) if (d._tag === 'Message') break
await fake.close()
console.log('The package works as an ES module, with nats.')
