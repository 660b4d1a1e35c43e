// A publisher and a subscription with one recovered and one lost message, for both adapters.
import type { Publisher } from '../../src/nats/publish/publisher.ts'
import { publisher } from '../../src/nats/publish/publisher.ts'
import type { Subscription } from '../../src/nats/receive/subscribe.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import type { Bench, Kind } from '../nats/clients.ts'
import { eventually, range, read } from '../nats/clients.ts'
import { accounted } from '../nats/pair.ts'
import { drop, pass } from '../server/lossyLink.ts'

export interface LossyScene {
  readonly updates: Publisher
  readonly received: Subscription
}

/**
 * Publishes 1 to 5. Message 2 does not arrive at first. Message 4 never does: the history is too small for it.
 */
export const lossyScene = async (bench: Bench, kind: Kind): Promise<LossyScene> => {
  let isFirst = true
  const link = await bench.link(({ subject }) => {
    if (subject === 'updates.4') return drop
    if (subject !== 'updates.2' || !isFirst) return pass
    isFirst = false
    return drop
  })
  const received = subscribe(await bench.connect(kind, { servers: link.url }), 'updates')
  const reader = read(received)
  // A message counts 96 bytes more than its payload, an origin 1,024, and there must be room for one more origin.
  const updates = publisher(await bench.connect(kind), 'updates', { history: { bytes: 2 * 1024 + 10 * 96 } })
  await eventually('it listens', async () => received.stats().now.origins === 1)
  updates.publish('1')
  updates.publish('2')
  updates.publish('3')
  await reader.until('the first three', seen => accounted(seen).length === 3)
  updates.publish(new Uint8Array(4000))
  updates.publish('5')
  await reader.until('the others', seen => accounted(seen).length === 5)
  await eventually('confirmed', () => updates.stats().connection?.unconfirmed === 0)
  if (accounted(reader.seen).join() !== range(1, 5).join()) throw new Error('another order')
  return { updates, received }
}
