// The sender's side: the core's state machine, its history and its replays, with the network as their shell.
import * as E from 'fp-ts/lib/Either.js'
import type { Epoch, Head, Origin } from '../../src/core/index.ts'
import { History, ReplayQueue, Sender, SequenceNumber } from '../../src/core/index.ts'
import type { Content } from './Packet.ts'

export interface Sending {
  /** Publishes the next message. */
  readonly publish: (now: number) => void
  /** Answers a request of the receiver. */
  readonly onRequest: (now: number, content: Content) => void
  /** When the next heartbeat is due. */
  readonly dueAt: () => number
  readonly sendHeartbeat: (now: number) => void
}

export interface SendingOptions {
  readonly origin: Origin.Origin
  readonly epoch: Epoch.Epoch
  /** How many messages it keeps for replays. */
  readonly kept: () => number
  readonly send: (now: number, content: Content) => void
}

const text = new TextEncoder()

/** The longest time between two heartbeats, in ms. */
const max = 5000

/** The limits of a page of replays. This page does not need more. */
const [pageMessages, pageBytes] = [64, 65_536]

export const createSending = (startedAt: number, { origin, epoch, kept, send }: SendingOptions): Sending => {
  let sender = Sender.create(origin, epoch, startedAt, { max })
  const history = History.create()

  const first = (): number => Math.max(sender.start, sender.head - kept() + 1)
  const head = (now: number): Head.Head => Sender.headOf(now, max, first())(sender)
  const source: ReplayQueue.Source = {
    epoch: () => epoch,
    head: () => sender.head,
    get: (_, number) => (number < first() ? undefined : History.get(history, origin.name, number)),
    first: () => (kept() === 0 ? undefined : first()),
  }

  const answer = (id: number, a: ReplayQueue.Answer): Content => {
    switch (a._tag) {
      case 'Message':
        return { _tag: 'Replay', id, epoch, number: SequenceNumber.nearest(a.number) }
      case 'Refusal':
        return {
          _tag: 'Refusal',
          id,
          epoch,
          first: SequenceNumber.nearest(a.first),
          last: SequenceNumber.nearest(a.last),
        }
      case 'End':
        return { _tag: 'ReplayEnd', id, epoch, last: a.last }
    }
  }

  const replay = (now: number, request: Content & { readonly _tag: 'ReplayRequest' }): void => {
    const asked = { ...request, origin: origin.name, range: true, reply: '_INBOX.receiver' }
    const [early, queue] = ReplayQueue.onRequest(asked)(ReplayQueue.empty)
    const [answers] = ReplayQueue.page(source, pageMessages, pageBytes)(queue)
    for (const a of [...early, ...answers]) send(now, answer(request.id, a))
  }

  return {
    publish: now => {
      const number = Sender.next(sender)
      if (E.isLeft(number)) return
      const data = text.encode(`${number.right}`)
      History.keep(history, origin.name, number.right, { data, headers: undefined, reply: undefined }, now)
      sender = Sender.published(now)(sender)
      send(now, { _tag: 'Message', number: number.right })
    },
    onRequest: (now, content) => {
      if (content._tag === 'HeadRequest') send(now, { _tag: 'HeadAnswer', id: content.id, head: head(now) })
      if (content._tag === 'ReplayRequest') replay(now, content)
    },
    dueAt: () => Sender.dueAt(max)(sender),
    sendHeartbeat: now => {
      send(now, { _tag: 'Heartbeat', head: head(now) })
      sender = Sender.heartbeatSent(now, max)(sender)
    },
  }
}
