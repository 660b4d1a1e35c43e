// A stream with three replicas in a cluster: who leads it, and whether all replicas are up to date.
import { connect, type NatsConnection } from 'nats'
import type { Cluster, Place } from './cluster.ts'
import { eventually } from './eventually.ts'

export interface Replicated {
  /** `before`: it must be another one. A node may name the dead leader for a while. */
  readonly leader: (before?: Place) => Promise<Place>
  /** Resolves when there is a leader, and both other replicas have what it has. */
  readonly current: () => Promise<void>
  /** The subjects of the messages that it holds. */
  readonly subjects: () => Promise<ReadonlySet<string>>
}

interface Info {
  readonly error?: { readonly description: string }
  readonly cluster?: { readonly leader?: string; readonly replicas?: ReadonlyArray<{ current: boolean; lag?: number }> }
  readonly state?: { readonly subjects?: Readonly<Record<string, number>> }
}

/** JetStream answers late while its leaders are elected, or not at all. */
const patience = 2000

/** Now and then the leader of 2.10 does not learn that all nodes have a store. Restarting the nodes helps. */
const restartAfter = 20_000

const places: Readonly<Record<string, Place>> = { A: 0, B: 1, C: 2 }

/** Creates a stream that captures these subjects, the newest message of each. */
export const createReplicated = async (cluster: Cluster, name: string, subjects: string): Promise<Replicated> => {
  const ask = async (verb: string, body: object = {}): Promise<Info | undefined> => {
    for (const { url } of cluster.nodes) {
      let nc: NatsConnection | undefined
      try {
        nc = await connect({ servers: url, reconnect: false, timeout: patience })
        return (await nc.request(`$JS.API.STREAM.${verb}.${name}`, JSON.stringify(body), { timeout: patience })).json()
      } catch {
        // The node is down, or knows no leader yet.
      } finally {
        await nc?.close()
      }
    }
    return undefined
  }
  const create = {
    name,
    subjects: [subjects],
    storage: 'file',
    num_replicas: 3,
    allow_direct: true,
    max_msgs_per_subject: 1,
  }
  let said: Info | undefined
  const isCreated = async (): Promise<boolean> => {
    said = await ask('CREATE', create)
    return said !== undefined && said.error === undefined
  }
  const until = (what: string, isTrue: () => Promise<boolean>): Promise<void> =>
    eventually(what, isTrue).catch((cause: unknown) => {
      throw new Error(`${cause}: ${JSON.stringify(said)}`)
    })
  await eventually(`the stream ${name} exists`, isCreated, restartAfter).catch(async () => {
    for (const node of cluster.nodes) await node.restart()
    await cluster.whole()
    await until(`the stream ${name} exists`, isCreated)
  })

  const isCurrent = async (): Promise<boolean> => {
    said = await ask('INFO')
    const { leader, replicas = [] } = said?.cluster ?? {}
    return leader !== undefined && replicas.length === 2 && replicas.every(r => r.current && (r.lag ?? 0) === 0)
  }
  const leader = async (before?: Place): Promise<Place> => {
    let place: Place | undefined
    await until(`the stream ${name} has a leader`, async () => {
      said = await ask('INFO')
      place = places[said?.cluster?.leader ?? '']
      return place !== undefined && place !== before
    })
    return place ?? 0
  }
  return {
    leader,
    current: () => until(`all replicas of ${name} are current`, isCurrent),
    subjects: async () => {
      const all = await ask('INFO', { subjects_filter: subjects })
      return new Set(Object.keys(all?.state?.subjects ?? {}))
    },
  }
}
