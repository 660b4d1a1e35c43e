import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { connect, type NatsConnection } from 'nats'
import { type Cluster, startCluster } from './cluster.ts'
import { eventually } from './eventually.ts'

describe('a cluster', () => {
  let cluster: Cluster
  const clients: Array<NatsConnection> = []
  beforeAll(async () => {
    cluster = await startCluster()
  })
  afterEach(async () => {
    await Promise.all(clients.splice(0).map(nc => nc.close()))
  })
  afterAll(() => cluster.stop())

  const client = async (node: number): Promise<NatsConnection> => {
    const nc = await connect({ servers: cluster.nodes[node]?.url ?? '', reconnect: false })
    clients.push(nc)
    return nc
  }
  /** Publishes at this node until the expected nodes have received it. */
  const hearers = async (from: number, should: ReadonlyArray<number>): Promise<ReadonlyArray<number>> => {
    const sender = await client(from)
    const heard = new Set<number>()
    for (const node of [0, 1, 2]) (await client(node)).subscribe('said', { callback: () => heard.add(node) })
    for (const nc of clients) await nc.flush()
    await eventually('they hear it', async () => {
      sender.publish('said')
      await sender.flush()
      return should.every(node => heard.has(node))
    })
    // The other nodes had enough time to receive it.
    await pause(50)
    return [...heard].sort()
  }

  test('forwards messages between nodes, but not over a cut route until it is healed', async () => {
    expect(await hearers(0, [0, 1, 2])).toEqual([0, 1, 2])
    cluster.cutRoute(1, 0)
    expect(await hearers(0, [0, 2])).toEqual([0, 2])
    expect(await hearers(2, [0, 1, 2])).toEqual([0, 1, 2])
    cluster.healRoute(0, 1)
    await cluster.whole()
    expect(await hearers(0, [0, 1, 2])).toEqual([0, 1, 2])
  })

  test('reconnects a node that was killed and restarted', async () => {
    for (const node of cluster.nodes) {
      await node.kill()
      await node.restart()
      await cluster.whole()
    }
    expect(await hearers(1, [0, 1, 2])).toEqual([0, 1, 2])
  })
})
