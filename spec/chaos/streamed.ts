// Faults of a cluster with a stream that all its nodes hold. Receivers recover from it what senders no longer have.
import { firstOf, fromJetStream, fromSender } from '../../src/nats/receive/Replayer.ts'
import type { Cluster } from '../server/cluster.ts'
import { eventually } from '../server/eventually.ts'
import type { LossyLink } from '../server/lossyLink.ts'
import { drop, pass } from '../server/lossyLink.ts'
import type { Replicated } from '../server/replicated.ts'
import type { Scenario } from './guests.ts'
import { backAgain, everybody } from './guests.ts'
import type { Guest, Receiver, ReceiverTerms, Sender, SenderTerms, Stage } from './stage.ts'

/** A lame duck asks its clients to leave, and then closes their connections one by one. */
const config = 'lame_duck_duration: "30s"\nlame_duck_grace_period: "200ms"'

interface Streaming {
  readonly cluster: Cluster
  readonly stream: Replicated
  readonly servers: string[]
  readonly receive: (servers: string | string[], options?: ReceiverTerms) => Promise<Receiver>
  /** Its numbers never go back, so that the stream serves it. It keeps a few messages, hundreds, or all. */
  readonly send: (servers: string | string[], options?: SenderTerms) => Promise<Sender>
}

const streaming = async (stage: Stage): Promise<Streaming> => {
  const { chance, addressing } = stage
  const cluster = await stage.cluster({ config, jetstream: true })
  const stream = await stage.replicated(cluster)
  const replayer = firstOf(fromSender, fromJetStream('UPDATES'))
  const history = { messages: chance.of([20, 300, 1_000_000]) }
  const from = addressing === 'single' ? 'clock' : chance.of<1 | 'clock'>([1, 'clock'])
  return {
    cluster,
    stream,
    servers: cluster.nodes.map(n => n.url),
    receive: (servers, options) => stage.receiver({ servers }, { replayer, ...options }),
    send: (servers, options) => stage.sender({ servers }, { history, from, ...options }),
  }
}

/** A few hundred messages a second. All nodes store each of them. */
const pace = 0.2

/** Publishes until the faults are over. */
const during = async (sender: Sender, faults: () => Promise<void>): Promise<void> => {
  let isOver = false
  const load = async (): Promise<void> => {
    while (!isOver) await sender.publish(0.02, pace).done()
  }
  const strike = faults().finally(() => {
    isOver = true
  })
  await Promise.all([load(), strike])
}

const repeatedly = async ({ strikes }: Stage, strike: () => Promise<void>): Promise<void> => {
  for (let i = 0; i < Math.min(strikes, 2); i++) await strike()
}

/** The node that leads the stream is killed. A receiver joins while nobody leads it. */
const streamLeaderKilled: Scenario = async stage => {
  const { cluster, stream, servers, receive, send } = await streaming(stage)
  await receive(servers)
  await receive(servers)
  await stage.witness({ servers })
  const sender = await send(servers)
  await during(sender, () =>
    repeatedly(stage, async () => {
      const leader = await stream.leader()
      const node = cluster.nodes[leader]
      await node.kill()
      await receive(servers, { start: 'all' })
      await stream.leader(leader)
      await node.restart()
      await cluster.whole()
      await stream.current()
    }),
  )
}

/** The sender is at the node that leads the stream, and this node loses its routes. */
const streamRouteCut: Scenario = async stage => {
  const { cluster, stream, receive, send } = await streaming(stage)
  const leader = await stream.leader()
  const [b, c] = cluster.othersOf(leader)
  await receive(cluster.nodes[b].url)
  await receive(cluster.nodes[c].url)
  const witness = await stage.witness({ servers: cluster.nodes[b].url })
  const sender = await send(cluster.nodes[leader].url)
  await during(sender, () =>
    repeatedly(stage, async () => {
      const isAlone = stage.chance.hit(0.5)
      cluster.cutRoute(leader, b)
      if (isAlone) cluster.cutRoute(leader, c)
      await stage.pause(500, 4000)
      cluster.healRoute(leader, b)
      cluster.healRoute(leader, c)
      await cluster.whole()
      await stream.current()
    }),
  )
  stage.insist('a plain subscription has missed messages', witness.missed() > 0)
}

/** The clients are moved to other nodes, one after the other. */
const clientsMoved: Scenario = async stage => {
  const { cluster, receive, send } = await streaming(stage)
  const guests: Array<readonly [Guest, ReadonlyArray<LossyLink>]> = []
  const linked = async <G extends Guest>(join: (servers: string[]) => Promise<G>): Promise<G> => {
    const links = await Promise.all(cluster.nodes.map(stage.link))
    const guest = await join(links.map(l => l.url))
    guests.push([guest, links])
    return guest
  }
  await linked(receive)
  await linked(receive)
  const sender = await linked(send)
  await during(sender, () =>
    repeatedly(stage, async () => {
      for (const [guest, links] of guests) {
        const before = guest.nc.getServer()
        const link = links.find(l => before.endsWith(`:${l.port}`))
        const back = backAgain([guest])
        link?.refuse(true)
        link?.cut()
        await back()
        stage.insist('it is at another node', guest.nc.getServer() !== before)
        link?.refuse(false)
      }
    }),
  )
}

/** All nodes are restarted one by one. Some shut down at once, others as lame ducks. */
const nodesRestarted: Scenario = async stage => {
  const { cluster, stream, servers, receive, send } = await streaming(stage)
  await receive(servers)
  await receive(servers)
  await stage.witness({ servers })
  const sender = await send(servers)
  await during(sender, async () => {
    for (const node of cluster.nodes) {
      await node.shutDown(stage.chance.of(['SIGTERM', 'SIGUSR2']))
      await stage.pause(0, 300)
      await node.restart()
      await cluster.whole()
      await stream.current()
    }
  })
  await eventually('everybody was cut off, and is back', () => everybody(stage).every(g => g.returns() > 0))
}

/**
 * A sender dies after messages that only the stream has received, and then a node dies. The receivers get these
 * messages, and continue with the next sender.
 */
const senderGone: Scenario = async stage => {
  const { cluster, stream, receive, send } = await streaming(stage)
  const links = await Promise.all(cluster.nodes.map(stage.link))
  const servers = links.map(l => l.url)
  await receive(servers)
  await receive(servers)
  await repeatedly(stage, async () => {
    const sender = await send(
      cluster.nodes.map(n => n.url),
      { maxHeartbeatInterval: 500 },
    )
    const { run } = sender
    await sender.publish(0.05).done()
    await eventually('the receivers follow it', () => stage.receivers.every(r => r.isDoneWith(run)))
    for (const link of links) link.setFate(({ subject }) => (/^(updates|_SEQ\.HB)\./.test(subject) ? drop : pass))
    await sender.publish(0.05).done()
    await eventually('the stream has all of it', async () => (await stream.subjects()).has(`${run.origin}.${run.head}`))
    await stream.current()
    await sender.crash()
    const node = stage.chance.of(cluster.nodes)
    await node.kill()
    for (const link of links) link.setFate(() => pass)
    await eventually('the receivers have all of it', () => stage.receivers.every(r => r.isDoneWith(run)))
    const isLost = stage.receivers.some(r => r.life.handed.some(({ delivery: d }) => d._tag === 'Lost'))
    if (isLost) throw new Error('messages that the stream has are reported lost')
    await node.restart()
    await cluster.whole()
    await stream.current()
  })
  await (await send(servers)).publish(0.2).done()
}

export const streamed: Readonly<Record<string, Scenario>> = {
  streamLeaderKilled,
  streamRouteCut,
  clientsMoved,
  nodesRestarted,
  senderGone,
}
