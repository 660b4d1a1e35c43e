// The events of a connection that can explain a loss.
import { describe, expect, it, test } from '@jest/globals'
import * as nats3 from '@nats-io/transport-node'
import { createConnectionEvents } from '../../../src/nats/client/connectionEvents.ts'
import { connectionEvents, isConnected } from '../../../src/nats/client/connectionStatus.ts'
import { eventually, isDown, kinds, reconnected, withServer } from '../clients.ts'

const bench = withServer()

describe('the events of a connection', () => {
  it('are the newest 64', () => {
    const events = createConnectionEvents()
    for (let i = 1; i <= 70; i++) events.onStatus({ type: 'slowConsumer', pending: i })
    expect(events.recent().map(e => (e._tag === 'SlowConsumer' ? e.pending : 0))).toEqual(
      Array.from({ length: 64 }, (_, i) => i + 7),
    )
  })

  it('have one entry for each missing permission, with the time of the last attempt', () => {
    const events = createConnectionEvents()
    for (const subject of ['a', 'b', 'a']) events.onRefused({ operation: 'publish', subject })
    events.onRefused({ operation: 'subscription', subject: 'b' })
    expect(events.recent().map(e => (e._tag === 'NotPermitted' ? `${e.operation} ${e.subject}` : ''))).toEqual([
      'publish b',
      'publish a',
      'subscription b',
    ])
  })

  it('are not other status events', () => {
    const events = createConnectionEvents()
    for (const status of [{ type: 'update' }, { type: 'slowConsumer' }, undefined]) events.onStatus(status)
    expect(events.recent()).toEqual([])
  })
})

test.each(kinds)('a disconnect has a beginning and an end, with $name', async kind => {
  const link = await bench.link()
  const nc = await bench.connect(kind, { servers: link.url })
  expect(isConnected(nc)).toBe(true)
  const before = Date.now()
  link.refuse(true)
  link.cut()
  await eventually('disconnected', () => isDown(nc))
  await eventually('it is told', () => connectionEvents(nc).length === 1)
  expect(connectionEvents(nc)).toMatchObject([{ _tag: 'Disconnected', until: undefined }])
  link.refuse(false)
  await reconnected(nc)
  await eventually('its end is told', () => {
    const [event] = connectionEvents(nc)
    return event?._tag === 'Disconnected' && event.until !== undefined && event.at >= before && event.until >= event.at
  })
})

test('a slow consumer of @nats-io/transport-node is an event', async () => {
  const nc = await nats3.connect({ servers: bench.server().url })
  bench.after(() => nc.close())
  isConnected(nc)
  nc.subscribe('updates', { slow: 2 })
  for (let i = 0; i < 9; i++) nc.publish('updates')
  await nc.flush()
  await eventually('it is told', () => connectionEvents(nc).some(e => e._tag === 'SlowConsumer' && e.pending > 2))
})
