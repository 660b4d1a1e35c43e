// What a user of CommonJS and `@nats-io/transport-node` does.
const assert = require('node:assert/strict')
const { connect } = require('@nats-io/transport-node')
const { explain, publisher, subscribe } = require('nats-sequenced')
const { SequenceNumber } = require('nats-sequenced/core')
const Pattern = require('nats-sequenced/core/Pattern')
const { fileStore } = require('nats-sequenced/file')
const { observeSequenced } = require('nats-sequenced/opentelemetry')
const { collectSequenced } = require('nats-sequenced/prom-client')
const { fakeServer } = require('nats-sequenced/testing')
const { metrics } = require('@opentelemetry/api')
const { Registry } = require('prom-client')

assert.deepEqual(SequenceNumber.parse('3'), { _tag: 'Right', right: 3 })
assert.equal(SequenceNumber.parse('03')._tag, 'Left')
assert.deepEqual(Pattern.parse(Pattern.of('a.*', Pattern.integer))('a.3'), { _tag: 'Right', right: [3] })

const main = async () => {
  assert.equal(await fileStore('positions').write('commonjs', 'a value', 0), 1)
  const nc = await connect({ servers: process.env['NATS_URL'] ?? '', reconnect: false })
  const received = subscribe(nc, 'commonjs')
  const publishing = publisher(nc, 'commonjs')
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
  console.log('The package works as CommonJS, with @nats-io/transport-node.')
}

main().catch(e => {
  console.error(e)
  process.exit(1)
})
