// Nodes of a shop send events, or call each other. Reports how many events arrive, or how many calls are answered.
import { type Context, ServiceBroker, type ServiceSchema, Transporters } from 'moleculer'
import { paced, report, settled, trial } from '../trial.js'
import { ReceivingNats } from './ReceivingNats.js'
import { SequencedNats } from './SequencedNats.js'

/** Numbers requests and responses, too. */
class SequencedCalls extends SequencedNats {
  override packets = ['EVENT', 'REQ', 'RES']
}

const transporter = (nodeID: string) => {
  const options = { url: trial.url }
  if (!trial.isSequenced) return new Transporters.NATS(options)
  if (trial.scenario === 'call') return new SequencedCalls(options)
  return trial.scenario === 'rollOut' && nodeID !== 'shop' ? new ReceivingNats(options) : new SequencedNats(options)
}

const start = async (services: Readonly<Record<string, ServiceSchema>>): Promise<ReadonlyArray<ServiceBroker>> => {
  const brokers = Object.entries(services).map(([nodeID, service]) => {
    const broker = new ServiceBroker({ nodeID, namespace: 'shop', logger: false, transporter: transporter(nodeID) })
    broker.createService(service)
    return broker
  })
  await Promise.all(brokers.map(b => b.start()))
  await Promise.all(brokers.map(b => b.waitForServices(Object.values(services).map(s => s.name))))
  return brokers
}

const stop = (brokers: ReadonlyArray<ServiceBroker>) => Promise.all(brokers.map(b => b.stop()))

const arrived = new Set<string>()

/** A service that takes orders. Moleculer calls the handler of the own node too, without NATS. */
const orders = (name: string, nodeID: string): ServiceSchema => ({
  name,
  events: {
    'order.created': {
      handler(ctx: Context<{ readonly id: number }>) {
        if (ctx.nodeID !== nodeID) arrived.add(`${nodeID}: ${ctx.params.id} of ${ctx.nodeID}`)
      },
    },
  },
})

/** One node sends each event to two others. */
const fromShop = async (afterwards: (shop: ServiceBroker) => Promise<void>): Promise<void> => {
  const [shop, ...others] = await start({
    shop: { name: 'shop' },
    stock: orders('stock', 'stock'),
    mail: orders('mail', 'mail'),
  })
  if (shop === undefined) throw new Error('No node has started.')
  await paced(id => void shop.broadcast('order.created', { id }))
  await afterwards(shop)
  const sent = trial.events * others.length
  await settled(() => arrived.size, sent)
  report(sent, arrived.size)
  await stop(trial.scenario === 'stop' ? others : [shop, ...others])
}

const scenarios: Readonly<Record<string, () => Promise<void>>> = {
  /** Each of three nodes sends each event to the two others. A node ID may have dots. */
  broadcast: async () => {
    const ids = ['stock', 'billing.eu', 'mail']
    const brokers = await start(Object.fromEntries(ids.map((id, i) => [id, orders(`orders-${i}`, id)])))
    await paced(id => {
      for (const broker of brokers) broker.broadcast('order.created', { id })
    })
    const sent = brokers.length * trial.events * (ids.length - 1)
    await settled(() => arrived.size, sent)
    report(sent, arrived.size)
    await stop(brokers)
  },

  /** Moleculer chooses one of two nodes for each event. */
  emit: async () => {
    const [shop, ...others] = await start({
      shop: { name: 'shop' },
      'mail-1': orders('mail', 'mail-1'),
      'mail-2': orders('mail', 'mail-2'),
    })
    await paced(id => shop?.emit('order.created', { id }))
    await settled(() => arrived.size, trial.events)
    report(trial.events, arrived.size)
    await stop([...(shop ? [shop] : []), ...others])
  },

  /** The sender stops after its last event. */
  stop: () => fromShop(shop => shop.stop()),

  /** The sender is the first node of the second deployment. */
  rollOut: () => fromShop(() => Promise.resolve()),

  /** Requests of one node to another. Without a timeout, a call that loses its request or response never ends. */
  call: async () => {
    const brokers = await start({
      shop: { name: 'shop' },
      stock: {
        name: 'stock',
        actions: { count: { handler: (ctx: Context<{ readonly id: number }>) => ctx.params.id } },
      },
    })
    let answered = 0
    await paced(id => {
      brokers[0]?.call<number, { id: number }>('stock.count', { id }, { timeout: 20_000 }).then(
        answer => {
          if (answer === id) answered += 1
        },
        () => undefined,
      )
    })
    await settled(() => answered, trial.events)
    report(trial.events, answered)
    await stop(brokers)
  },
}

void (scenarios[trial.scenario] ?? scenarios['broadcast'])?.()
