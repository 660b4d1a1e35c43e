// What the scenarios share: who takes part, and where they are.
import type { Cluster } from '../server/cluster.ts'
import { eventually } from '../server/eventually.ts'
import type { NatsServer } from '../server/natsServer.ts'
import type { Guest, Stage } from './stage.ts'

/** Resolves when the faults are over. */
export type Scenario = (stage: Stage) => Promise<void>

export const everybody = (stage: Stage): ReadonlyArray<Guest> => [
  ...stage.senders,
  ...stage.receivers,
  ...stage.witnesses,
]

/** Call it before a disconnect, and again to wait for the reconnect. */
export const backAgain = (guests: ReadonlyArray<Guest>): (() => Promise<void>) => {
  const before = guests.map(g => g.returns())
  return () => eventually('they are back', () => guests.every((g, i) => g.returns() > (before[i] ?? 0)))
}

/** The parts of a flow during which faults strike. */
export const moments = ({ strikes }: Stage): ReadonlyArray<number> =>
  Array.from({ length: strikes }, (_, i) => 0.15 + (0.75 * i) / strikes)

export const nodeOf = (cluster: Cluster, guest: Guest): NatsServer => {
  const node = cluster.nodes.find(n => guest.nc.getServer().endsWith(`:${n.port}`))
  if (node === undefined) throw new Error(`nobody is at ${guest.nc.getServer()}`)
  return node
}
