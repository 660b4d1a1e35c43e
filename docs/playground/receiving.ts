// The receiver's side: the core's state machine, with the network as its shell.
import type { Delivery, Origin, SequenceNumber } from '../../src/core/index.ts'
import { Receiver } from '../../src/core/index.ts'
import type { Content } from './Packet.ts'

export interface Receiving {
  readonly onPacket: (now: number, content: Content) => void
  readonly onConnection: (now: number, isUp: boolean) => void
  /** When its timer is due. */
  readonly dueAt: () => number
  readonly tick: (now: number) => void
}

export interface ReceivingOptions {
  readonly origin: Origin.Origin
  /** The number of its inbox. It gets only the answers to its own requests. */
  readonly inbox: number
  readonly mode: Receiver.Mode
  readonly send: (now: number, content: Content) => void
  readonly onDelivery: (now: number, delivery: Delivery.Delivery<string>) => void
}

type Event = Receiver.Event<string>
type Number = SequenceNumber.SequenceNumber

const arrivalOf = (number: Number): Receiver.Arrival<string> => ({
  number,
  data: `${number}`,
  headers: undefined,
  reply: undefined,
  bytes: 1,
})

/** More than the requests of one receiver. */
const perInbox = 2 ** 32

/** The event that a packet stands for; `undefined` if it is for the sender. */
const eventOf = (now: number, origin: Origin.Origin, content: Content): Event | undefined => {
  switch (content._tag) {
    case 'Message':
      return { _tag: 'MessageReceived', now, origin, arrival: arrivalOf(content.number) }
    case 'Heartbeat':
      return { _tag: 'HeartbeatReceived', now, origin, head: content.head }
    case 'HeadAnswer':
      return { _tag: 'HeadAnswered', now, origin, requestId: content.id, head: content.head }
    case 'Replay': {
      const { id, epoch, number } = content
      return { _tag: 'ReplayAnswered', now, origin, requestId: id, epoch, arrival: arrivalOf(number) }
    }
    case 'Refusal': {
      const { id, epoch, first, last } = content
      return { _tag: 'ReplayRefused', now, origin, requestId: id, epoch, first, last, reason: 'evicted' }
    }
    case 'ReplayEnd':
      return { _tag: 'ReplayEnded', now, origin, requestId: content.id, epoch: content.epoch, last: content.last }
    case 'HeadRequest':
    case 'ReplayRequest':
      return undefined
  }
}

export const createReceiving = (
  startedAt: number,
  { origin, inbox, mode, send, onDelivery }: ReceivingOptions,
): Receiving => {
  let receiver = Receiver.create<string>({ mode })
  let wakeAt = Number.POSITIVE_INFINITY

  const dispatch = (event: Event): void => {
    const [outputs, next] = Receiver.step(event)(receiver)
    receiver = next
    for (const output of outputs) run(event.now, output)
  }

  const run = (now: number, output: Receiver.Output<string>): void => {
    switch (output._tag) {
      case 'Deliver':
        onDelivery(now, output.delivery)
        // The application of this page is fast.
        return dispatch({ _tag: 'Consumed', now, deliveries: 1, bytes: output.bytes })
      case 'RequestHead':
        return send(now, { _tag: 'HeadRequest', id: inbox * perInbox + output.id })
      case 'RequestReplay':
        return send(now, {
          _tag: 'ReplayRequest',
          id: inbox * perInbox + output.id,
          epoch: output.epoch,
          first: output.first,
          last: output.last,
        })
      case 'SetTimer':
        wakeAt = output.at
        return
      case 'RequestStored':
      case 'OriginStarted':
        return
    }
  }

  dispatch({ _tag: 'Started', now: startedAt })
  return {
    onPacket: (now, content) => {
      if ('id' in content && Math.floor(content.id / perInbox) !== inbox) return
      const event = eventOf(now, origin, 'id' in content ? { ...content, id: content.id % perInbox } : content)
      if (event !== undefined) dispatch(event)
    },
    onConnection: (now, isUp) => dispatch({ _tag: isUp ? 'Reconnected' : 'Disconnected', now }),
    dueAt: () => wakeAt,
    tick: now => dispatch({ _tag: 'Tick', now }),
  }
}
