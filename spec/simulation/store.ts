// A stream that captures whatever reaches the servers, as JetStream does, and how it is asked: see src/nats/receive/replayClient.ts. It holds the
// message that was last sent to each subject, whoever has sent it, and does not say of which run it is.

import type { Origin } from '../../src/core/protocol/Origin.ts'
import * as SequenceNumber from '../../src/core/protocol/SequenceNumber.ts'
import type { Kept } from '../../src/core/sender/History.ts'
import { capture, portOf, send } from './network.ts'
import type { Line, Process } from './process.ts'
import type { AskReplay, Receiver } from './receiver.ts'
import { arrivalOf } from './wires.ts'
import type { World } from './world.ts'

export interface Store {
  readonly capture: (from: Process, line: Line, number: number, kept: Kept) => void
  /** A receiver turns to it first each other time that it asks for the same. */
  readonly isFirst: (from: Receiver, ask: AskReplay) => boolean
  /** It is asked for some of that; what it does not hold is refused if the sender has refused it before. */
  readonly ask: (from: Receiver, ask: AskReplay, first: number, last: number, isRefused: boolean) => void
  /** A sender has refused some of what was asked for: so the store is asked. False where there is none to be asked. */
  readonly refused: (from: Receiver, asked: number, origin: Origin, first: number, last: number) => boolean
}

/** Can it tell whose messages these are? Where each run counts from 1 it holds those of whichever was last. */
const isUnique = ({ origin, start }: AskReplay): boolean =>
  origin.run !== undefined || (start !== undefined && start > 1)

export const storeOf = (world: World): Store => {
  const port = portOf('store', world.agenda.now())
  const held = new Map<string, Map<number, Kept>>()
  const asks = new Map<string, AskReplay>()

  const isAsked = (from: Receiver, one: AskReplay): boolean => from.plan.stored && isUnique(one)

  const ask: Store['ask'] = (from, asked, first, last, isRefused) => {
    const { id, origin, epoch } = asked
    const inbox = from.inbox()
    const answer = (event: Parameters<Receiver['on']>[0]): void =>
      send(world, port, from.port, 'Aside', () => (from.inbox() === inbox ? from.on(event) : undefined))
    const about = { asked: id, origin, epoch }
    const lack = (a: number, b: number): void => {
      if (isRefused && a <= b)
        answer({
          _tag: 'ReplayRefused',
          ...about,
          first: SequenceNumber.nearest(a),
          last: SequenceNumber.nearest(b),
          reason: 'evicted',
        })
    }
    send(world, from.port, port, 'Aside', () => {
      let next = first
      for (let n = first; n <= last; n++) {
        const kept = held.get(origin.name)?.get(n)
        if (kept === undefined) continue
        world.say('Replay.Stored')
        lack(next, n - 1)
        answer({ _tag: 'ReplayAnswered', asked: id, origin, epoch: undefined, arrival: arrivalOf(n, kept) })
        next = n + 1
      }
      lack(next, last)
      if (last === asked.last) answer({ _tag: 'ReplayEnded', ...about, last })
    })
  }

  return {
    capture: ({ port: from }, { origin: { name }, run }, number, { data, headers }) =>
      capture(world, from, () => {
        const of = held.get(name) ?? new Map<number, Kept>()
        // It keeps no reply subject.
        held.set(name, of.set(number, { data, headers, reply: undefined }))
        const subject = `${run.epoch} ${name}.${number}`
        if (!world.chronicle.stored.has(subject)) world.chronicle.stored.set(subject, world.agenda.now())
      }),
    isFirst: (from, one) => {
      asks.set(`${from.inbox()}.${one.id}`, one)
      return isAsked(from, one) && one.tries % 2 === 1
    },
    ask: (from, one, first, last, isRefused) => {
      if (isAsked(from, one)) ask(from, one, first, last, isRefused)
    },
    refused: (from, asked, origin, first, last) => {
      const one = asks.get(`${from.inbox()}.${asked}`)
      // What answers nothing that was asked for is not heard, where more than one may answer.
      if (one?.origin.name !== origin.name) return from.plan.stored
      if (!isAsked(from, one)) return false
      const [low, high] = [Math.max(first, one.first), Math.min(last, one.last)]
      if (low <= high) ask(from, one, low, high, true)
      return true
    },
  }
}
