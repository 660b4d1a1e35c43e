// The time from `subscribe` until a receiver follows its senders. From then on it delivers their messages.
import { setTimeout as pause } from 'node:timers/promises'
import { receive } from '../../src/nats/receive/receive.ts'
import { within } from '../server/within.ts'
import { type Child, startChild } from './children.ts'
import type { Nc } from './contenders.ts'
import type { Outcome, Part, Row, Stage } from './Part.ts'
import { quantile, rounded } from './statistics.ts'

interface Case {
  readonly senders: number
  /** Receivers that join at the same moment. */
  readonly receivers: number
  readonly rounds: number
}

/** In ms since `subscribe`. */
interface Joined {
  readonly first: number
  readonly all: number
}

/** The longest time until the heartbeats that follow a message at short intervals are over, in ms. */
const settling = 6000

const join = async (nc: Nc, subject: string, senders: number): Promise<Joined> => {
  const begun = performance.now()
  let followed = 0
  let first = Number.NaN
  let finish: () => void = () => undefined
  const finished = new Promise<void>(resolve => {
    finish = resolve
  })
  const handle = receive(
    nc,
    subject,
    { addressing: 'perSender' },
    {
      onDelivery: item => handle.done(item),
      onStart: () => {
        followed += 1
        if (followed === 1) first = performance.now() - begun
        if (followed === senders) finish()
      },
      onEnd: () => undefined,
      retainsPayloads: false,
    },
  )
  await within(`${senders} senders`, finished)
  const all = performance.now() - begun
  handle.close()
  return { first, all }
}

const joinTogether = async (
  { kind, server }: Stage,
  subject: string,
  { senders, receivers, rounds }: Case,
): Promise<ReadonlyArray<Joined>> => {
  const connections: Array<Nc> = []
  while (connections.length < receivers) connections.push((await kind.connect(server.url)).nc)
  const joined: Array<Joined> = []
  for (let round = 0; round < rounds; round++) {
    joined.push(...(await Promise.all(connections.map(nc => join(nc, subject, senders)))))
    await pause(50)
  }
  await Promise.all(connections.map(nc => nc.close()))
  return joined
}

const measure = async (stage: Stage): Promise<Outcome> => {
  const { quick, rounds = quick ? 3 : 20, receivers = 100 } = stage.options
  const rows: Array<Row> = []
  for (const senders of [1, 1000]) {
    const subject = `joins${senders}`
    const connections = Math.min(10, senders)
    const children: Array<Child> = []
    try {
      const common = { url: stage.server.url, kind: stage.kind.name }
      children.push(await startChild({ ...common, role: 'namedSenders', subject, senders, connections }))
      await pause(settling)
      // The first join only warms up.
      await joinTogether(stage, subject, { senders, receivers: 1, rounds: 1 })
      for (const one of [
        { senders, receivers: 1, rounds },
        { senders, receivers, rounds: Math.ceil(rounds / 10) },
      ]) {
        const joined = await joinTogether(stage, subject, one)
        const of = (pick: (j: Joined) => number, q: number): number => rounded(quantile(joined.map(pick), q), 1)
        rows.push({
          senders,
          'receivers at once': one.receivers,
          joins: joined.length,
          'first sender, 50%': of(j => j.first, 0.5),
          'all senders, 50%': of(j => j.all, 0.5),
          'all senders, 99%': of(j => j.all, 0.99),
          Maximum: of(j => j.all, 1),
        })
      }
    } finally {
      await Promise.all(children.map(child => child.stop()))
    }
  }
  const title = `joins (ms), ${stage.kind.name}: from subscribe until the receiver has the head of a sender`
  return { tables: [{ title, rows }], figures: {} }
}

export const joins: Part = { name: 'joins', perClient: true, byDefault: 'unlessQuick', measure }
