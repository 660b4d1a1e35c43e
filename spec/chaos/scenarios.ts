// Faults of real servers, links and handlers during publishing. Each scenario has one fault, and asserts that it
// struck.
import { eventually } from '../server/eventually.ts'
import type { Fate, LossyLink } from '../server/lossyLink.ts'
import { delay, drop, duplicate, pass } from '../server/lossyLink.ts'
import type { NatsServer } from '../server/natsServer.ts'
import type { Scenario } from './guests.ts'
import { backAgain, everybody, moments, nodeOf } from './guests.ts'
import type { Guest, Sender, Stage } from './stage.ts'
import { streamed } from './streamed.ts'

/** A dead connection is detected after three pings, which is 600 ms. */
const alert = { pingInterval: 200 }

/** A receiver with each of the clients, and a plain subscription for comparison. */
const audience = async (stage: Stage, servers: string | string[], options = {}): Promise<void> => {
  await stage.receiver({ servers, ...options })
  await stage.receiver({ servers, ...options })
  await stage.witness({ servers, ...options })
}

/** The server is killed and restarted repeatedly. */
const outages =
  (strike: (stage: Stage, server: NatsServer) => Promise<void>, options = {}): Scenario =>
  async stage => {
    const server = await stage.server()
    const at = { servers: server.url, ...options }
    await audience(stage, server.url, options)
    const flow = (await stage.sender(at)).publish()
    for (const part of moments(stage)) {
      await flow.reached(part)
      await strike(stage, server)
    }
    await flow.done()
    await eventually('everybody was cut off, and is back', () => everybody(stage).every(g => g.returns() > 0))
  }

const killed = outages(async (stage, server) => {
  const back = backAgain(everybody(stage))
  await server.kill()
  await stage.pause(0, 200)
  await server.restart()
  // The last kill may happen before they are connected again.
  if (stage.chance.hit(0.7)) await back()
})

const restarted = outages(async (stage, server) => {
  const back = backAgain(everybody(stage))
  await server.stop()
  await stage.pause(0, 200)
  await server.restart()
  await back()
})

const frozen = outages(async (stage, server) => {
  await server.freeze()
  // The first ones are too short to be detected.
  await stage.pause(50, 300)
  server.thaw()
  await stage.pause(50, 100)
  const guests = everybody(stage)
  const back = backAgain(guests)
  const before = guests.map(g => g.departures())
  await server.freeze()
  await eventually('everybody notices', () => guests.every((g, i) => g.departures() > (before[i] ?? 0)))
  server.thaw()
  await back()
}, alert)

/** The senders are connected to one node, and the receivers to others. */
const routeCut: Scenario = async stage => {
  const cluster = await stage.cluster()
  const [a, b, c] = cluster.nodes
  await stage.receiver({ servers: b.url })
  await stage.receiver({ servers: c.url })
  const witness = await stage.witness({ servers: b.url })
  const flow = (await stage.sender({ servers: a.url })).publish()
  for (const part of moments(stage)) {
    await flow.reached(part)
    const isAlone = stage.chance.hit(0.5)
    cluster.cutRoute(0, 1)
    if (isAlone) cluster.cutRoute(0, 2)
    await stage.pause(200, 600)
    await flow.reached(part + 0.05)
    cluster.healRoute(0, 1)
    cluster.healRoute(0, 2)
    await cluster.whole()
  }
  await flow.done()
  stage.insist('a plain subscription has missed messages', witness.missed() > 0)
}

/** Their node is killed, and they continue at another one: first the receiver's node, then the sender's. */
const nodesKilled: Scenario = async stage => {
  const cluster = await stage.cluster()
  const servers = cluster.nodes.map(n => n.url)
  await audience(stage, servers)
  const sender = await stage.sender({ servers })
  const [receiver] = stage.receivers
  const flow = sender.publish()
  for (const [part, guest] of [
    [0.2, receiver ?? sender],
    [0.6, sender],
  ] as const) {
    await flow.reached(part)
    const back = backAgain([guest])
    const node = nodeOf(cluster, guest)
    await node.kill()
    await back()
    stage.insist('it is at another node', nodeOf(cluster, guest) !== node)
    await node.restart()
    await cluster.whole()
  }
  await flow.done()
}

/** Receivers join at other nodes during publishing. */
const joined: Scenario = async stage => {
  const cluster = await stage.cluster()
  const [a, b, c] = cluster.nodes
  const { chance } = stage
  const sender = await stage.sender({ servers: a.url }, { history: { messages: 1_000_000 } })
  const flow = sender.publish()
  for (const [i, node] of [b, c, b, c].entries()) {
    await flow.reached(chance.between(5, 20) / 100 + i * 0.2)
    const start = chance.of(['new', 'new', 'all', { from: sender.run.head - chance.below(100) }] as const)
    await stage.receiver({ servers: node.url }, { start })
  }
  await flow.done()
}

/** Connections that drop one or both directions, and are not closed. Pings detect it. */
const halfOpen: Scenario = async stage => {
  const server = await stage.server({ config: 'ping_interval: "1s"\nping_max: 2' })
  const links: Array<readonly [LossyLink, Guest]> = []
  const connected = async (join: (at: { servers: string; pingInterval: number }) => Promise<Guest>): Promise<void> => {
    const link = await stage.link(server)
    links.push([link, await join({ servers: link.url, ...alert })])
  }
  await connected(at => stage.receiver(at))
  await connected(at => stage.receiver(at))
  await connected(at => stage.sender(at))
  const [sender] = stage.senders
  const flow = sender?.publish()
  for (const part of moments(stage)) {
    await flow?.reached(part)
    const struck = links.filter(([_, guest], i) => guest === sender || i === 0 || stage.chance.hit(0.6))
    const back = backAgain(struck.map(([_, guest]) => guest))
    for (const [link] of struck) link.swallow(stage.chance.of(['toClient', 'toServer', 'both']))
    await back()
  }
  await flow?.done()
}

const slowConsumers = async (server: NatsServer): Promise<number> => {
  const varz: { readonly slow_consumers: number } = await (await fetch(`${server.monitorUrl}/varz`)).json()
  return varz.slow_consumers
}

/** A receiver reads nothing until the server disconnects it. */
const slowConsumer: Scenario = async stage => {
  const server = await stage.server({ monitor: true, config: 'max_pending: 1MB\nwrite_deadline: "1s"' })
  const link = await stage.link(server)
  await stage.receiver({ servers: link.url })
  await stage.receiver({ servers: server.url })
  const [slow] = stage.receivers
  const sender = await stage.sender({ servers: server.url }, { bytes: Math.ceil(20_000_000 / stage.count) })
  const flow = sender.publish()
  await flow.reached(0.1)
  const back = backAgain(slow === undefined ? [] : [slow])
  link.partition(true, 'toClient')
  await flow.done()
  // How much the system buffers before the server notices is unknown.
  await eventually('it is cut off', async () => {
    if ((await slowConsumers(server)) > 0) return true
    await sender.publish(0.1).done()
    return false
  })
  link.partition(false)
  await back()
}

/** Single deliveries are lost, duplicated and delayed: messages, heartbeats, requests, answers. */
const dropped: Scenario = async stage => {
  const server = await stage.server()
  const { chance } = stage
  let drops = 0
  const fate = (): Fate => {
    if (chance.hit(0.9)) return pass
    if (chance.hit(0.2)) return duplicate
    if (chance.hit(0.2)) return delay(chance.between(1, 100))
    drops += 1
    return drop
  }
  const links: LossyLink[] = []
  const linked = async (): Promise<string> => {
    const link = await stage.link(server)
    links.push(link)
    link.setFate(fate)
    return link.url
  }
  await stage.receiver({ servers: await linked() })
  await stage.receiver({ servers: await linked() })
  await (await stage.sender({ servers: await linked() })).publish().done()
  for (const link of links) link.setFate(() => pass)
  stage.insist('hundreds were dropped', drops > stage.count / 100)
}

/** The application's callback throws sometimes, while messages are missing and requested. */
const handlerThrows: Scenario = async stage => {
  const server = await stage.server()
  const link = await stage.link(server)
  link.setFate(() => (stage.chance.hit(0.02) ? drop : pass))
  const throws = 0.02
  await stage.receiver({ servers: link.url }, { throws })
  await stage.receiver({ servers: server.url }, { throws })
  await (await stage.sender({ servers: server.url })).publish().done()
  link.setFate(() => pass)
  for (const r of stage.receivers) {
    stage.insist('handlers have thrown', r.thrown() > 0)
    if (r.thrown() !== r.reported()) throw new Error(`${r.thrown()} were thrown, and ${r.reported()} reported`)
  }
}

/** Three generations of a sender. Each starts before the previous one ends. */
const rollout = async (
  stage: Stage,
  next: () => Promise<Sender>,
  overlapped: (old: Sender, young: Sender) => Promise<void>,
): Promise<void> => {
  let old = await next()
  const flows = [old.publish(1 / 3)]
  for (let i = 0; i < 2; i++) {
    await flows[i]?.reached(0.7)
    const young = await next()
    flows.push(young.publish(1 / 3))
    await overlapped(old, young)
    await flows[i]?.done()
    await stage.pause(0, 100)
    await old.close()
    old = young
  }
  await flows[2]?.done()
}

/** `perSender`: each run has its own sequence, and no message is lost or mixed up. */
const rollingDeploy: Scenario = async stage => {
  const server = await stage.server()
  const addressing = 'perSender'
  await stage.receiver({ servers: server.url }, { addressing })
  await stage.receiver({ servers: server.url }, { addressing })
  const next = () => stage.sender({ servers: server.url }, { addressing })
  await rollout(stage, next, async () => undefined)
}

/**
 * `single`, with numbers that never go back. Two senders at once conflict. Both owners and the receiver get a report.
 * Then the receiver follows one of them, reports where it left the other, and continues with the last remaining run.
 */
const rollingConflict: Scenario = async stage => {
  const server = await stage.server()
  const addressing = 'single'
  await stage.receiver({ servers: server.url }, { addressing })
  await stage.receiver({ servers: server.url }, { addressing })
  const next = () => stage.sender({ servers: server.url }, { addressing, from: 'clock', maxHeartbeatInterval: 200 })
  await rollout(stage, next, async (old, young) => {
    await eventually(
      'both senders are told',
      () => old.rivals.has(young.updates.epoch) && young.rivals.has(old.updates.epoch),
    )
    await eventually('the receivers are told', () =>
      stage.receivers.every(r =>
        r.life.handed.some(
          ({ delivery: d }) => d._tag === 'Conflict' && [d.rival, d.epoch].includes(young.updates.epoch),
        ),
      ),
    )
  })
}

export const scenarios: Readonly<Record<string, Scenario>> = {
  killed,
  frozen,
  restarted,
  routeCut,
  nodesKilled,
  joined,
  halfOpen,
  slowConsumer,
  dropped,
  handlerThrows,
  rollingDeploy,
  rollingConflict,
  ...streamed,
}
