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
  /** Who hears what is published at this node: tried until those who should do. */
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
    // Whoever should not has had time to.
    await pause(50)
    return [...heard].sort()
  }

  test('carries what is published at one node to the others, but not along a route that is cut, until it is healed', async () => {
    expect(await hearers(0, [0, 1, 2])).toEqual([0, 1, 2])
    cluster.cutRoute(1, 0)
    expect(await hearers(0, [0, 2])).toEqual([0, 2])
    expect(await hearers(2, [0, 1, 2])).toEqual([0, 1, 2])
    cluster.healRoute(0, 1)
    await cluster.whole()
    expect(await hearers(0, [0, 1, 2])).toEqual([0, 1, 2])
  })

  test('comes together again when a node is killed and started anew', async () => {
    for (const node of cluster.nodes) {
      await node.kill()
      await node.restart()
      await cluster.whole()
    }
    expect(await hearers(1, [0, 1, 2])).toEqual([0, 1, 2])
  })
})
