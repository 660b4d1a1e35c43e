// The contenders of the benchmark: ways to send numbered messages, and to check the numbers at the other end.
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import * as nats3 from '@nats-io/transport-node'
import * as nats2 from 'nats'
import { of } from '../../src/core/sender/OutgoingMessage.ts'
import type { Client as Wrappable } from '../../src/dropin/Client.ts'
import { receive, tryPublish } from '../../src/fp.ts'
import { publisher, publishers, type ReceivedDelivery, sequenced, subscribe } from '../../src/index.ts'
import type { Connection, Msg } from '../../src/nats/client/Connection.ts'

export interface Nc extends Wrappable, Connection {
  publish: Connection['publish']
  subscribe(
    subject: string,
    options?: { callback?: (err: Error | null, msg: Msg) => void },
  ): ReturnType<Wrappable['subscribe']> & AsyncIterable<Msg>
  close(): Promise<void>
  drain(): Promise<void>
  stats(): { readonly inMsgs: number; readonly inBytes: number }
}

/** What the benchmark uses of JetStream, which differs between the clients. */
interface JetStream {
  readonly createStream: (name: string, subjects: string) => Promise<unknown>
  readonly publish: (subject: string, data: Uint8Array) => Promise<unknown>
  readonly read: (stream: string) => Promise<AsyncIterable<unknown>>
}

export interface Connected {
  readonly nc: Nc
  readonly jetStream: JetStream
}

export interface Kind {
  readonly name: string
  readonly connect: (url: string) => Promise<Connected>
  readonly numberHeader: (number: number) => nats2.MsgHdrs | nats3.MsgHdrs
}

const numbered = <H extends { set(key: string, value: string): void }>(headers: H, number: number): H => {
  headers.set('Seq', `${number}`)
  return headers
}

export const kinds: ReadonlyArray<Kind> = [
  {
    name: 'nats',
    connect: async servers => {
      const nc = await nats2.connect({ servers })
      const js = nc.jetstream()
      return {
        nc,
        jetStream: {
          createStream: async (name, subjects) => {
            const { streams } = await nc.jetstreamManager()
            await streams.delete(name).catch(() => undefined)
            return streams.add({ name, subjects: [subjects], storage: nats2.StorageType.Memory })
          },
          publish: (subject, data) => js.publish(subject, data),
          read: async name => (await js.consumers.get(name)).consume(),
        },
      }
    },
    numberHeader: number => numbered(nats2.headers(), number),
  },
  {
    name: '@nats-io/transport-node',
    connect: async servers => {
      const nc = await nats3.connect({ servers })
      const js = jetstream(nc)
      return {
        nc,
        jetStream: {
          createStream: async (name, subjects) => {
            const { streams } = await jetstreamManager(nc)
            await streams.delete(name).catch(() => undefined)
            return streams.add({ name, subjects: [subjects], storage: 'memory' })
          },
          publish: (subject, data) => js.publish(subject, data),
          read: async name => (await js.consumers.get(name)).consume(),
        },
      }
    },
    numberHeader: number => numbered(nats3.headers(), number),
  },
]

/** How messages are read. */
export type Style = 'callback' | 'iterator'

/** One run: two connections, the subjects, and what to call for each message in sequence. */
export interface Place {
  readonly kind: Kind
  readonly sender: Nc
  readonly receiver: Nc
  readonly jetStream: { readonly sender: JetStream; readonly receiver: JetStream }
  /** A subject, or a filter, that matches all subjects. */
  readonly filter: string
  readonly subjects: ReadonlyArray<string>
  readonly style: Style
  readonly onMessage: () => void
}

/** What sends the next message of a subject. */
export type Send = (index: number, data: Uint8Array) => unknown

export interface Contender {
  readonly name: string
  /** The only style that it has, if it has one. */
  readonly style?: Style
  readonly start: (place: Place) => Send | Promise<Send>
}

const readPlain = ({ receiver, style }: Place, filter: string, onMessage: (msg: Msg) => void): void => {
  if (style === 'callback') {
    receiver.subscribe(filter, { callback: (_, msg) => onMessage(msg) })
    return
  }
  void (async () => {
    for await (const msg of receiver.subscribe(filter)) onMessage(msg)
  })()
}

const defaultMaxOrigins = 16_384

const readOurs = (place: Place, addressing: 'single' | 'perSender' = 'single'): void => {
  const { receiver, filter, subjects, style, onMessage } = place
  const options = { addressing, maxOrigins: Math.max(defaultMaxOrigins, subjects.length) }
  const onDelivery = (d: ReceivedDelivery): void => {
    if (d._tag === 'Message') onMessage()
  }
  if (style === 'callback') {
    subscribe(receiver, filter, { ...options, callback: onDelivery })
    return
  }
  void (async () => {
    for await (const d of subscribe(receiver, filter, options)) onDelivery(d)
  })()
}

/** Counts a message if its number is the next one of its subject. */
const numberCheck = ({ subjects, onMessage }: Place): ((origin: string, number: number) => void) => {
  let expected = 1
  const expectedOf = new Map(subjects.map(s => [s, 1]))
  if (subjects.length === 1)
    return (_, number) => {
      if (number !== expected) return
      expected += 1
      onMessage()
    }
  return (origin, number) => {
    if (number !== expectedOf.get(origin)) return
    expectedOf.set(origin, number + 1)
    onMessage()
  }
}

const readByHand = (place: Place): void => {
  const check = numberCheck(place)
  readPlain(place, `${place.filter}.*`, ({ subject }) => {
    const dot = subject.lastIndexOf('.')
    check(subject.slice(0, dot), Number(subject.slice(dot + 1)))
  })
}

const sendByHand = ({ sender, subjects }: Place): Send => {
  const numbers = subjects.map(() => 0)
  return (index, data) => {
    const number = (numbers[index] ?? 0) + 1
    numbers[index] = number
    sender.publish(`${subjects[index]}.${number}`, data)
  }
}

const sendOurs = ({ sender, subjects }: Place, addressing: 'single' | 'perSender' = 'single'): Send => {
  const options = addressing === 'perSender' ? ({ addressing, sender: 'alice' } as const) : {}
  const [only = '', second] = subjects
  if (second === undefined) {
    const { publish } = publisher(sender, only, options)
    return (_, data) => publish(data)
  }
  // Subjects with the same first tokens have the same publisher.
  const filters = subjects.map(subject => `${subject.slice(0, subject.lastIndexOf('.'))}.*`)
  const byFilter = new Map([...new Set(filters)].map(filter => [filter, publishers(sender, filter, options)]))
  const ofSubject = filters.map(filter => byFilter.get(filter))
  return (index, data) => ofSubject[index]?.publish(subjects[index] ?? '', data)
}

const stream = 'BENCH'

export const handWritten = 'hand-written'
export const header = 'number in a header'
export const jetStreamWithAcks = 'JetStream: acks, ordered consumer'
export const publisherAndSubscribe = 'publisher, subscribe'
export const dropIn = 'sequenced(nc)'
export const perSender = 'publisher, subscribe, perSender'
export const handNumbered = 'hand-written publisher, subscribe'

export const contenders: ReadonlyArray<Contender> = [
  {
    name: 'fixed subject, no numbers',
    start: place => {
      const { sender, subjects, filter, onMessage } = place
      readPlain(place, filter, onMessage)
      return (index, data) => sender.publish(subjects[index] ?? '', data)
    },
  },
  {
    name: handWritten,
    start: place => {
      readByHand(place)
      return sendByHand(place)
    },
  },
  {
    name: header,
    start: place => {
      const { sender, subjects, filter, kind } = place
      const check = numberCheck(place)
      readPlain(place, filter, msg => check(msg.subject, Number(msg.headers?.get('Seq'))))
      const numbers = subjects.map(() => 0)
      return (index, data) => {
        const number = (numbers[index] ?? 0) + 1
        numbers[index] = number
        sender.publish(subjects[index] ?? '', data, { headers: kind.numberHeader(number) })
      }
    },
  },
  {
    // An experiment: docs/decisions/0016-reply-carrier.md
    name: 'number in the reply subject',
    start: place => {
      const { sender, subjects, filter } = place
      const check = numberCheck(place)
      readPlain(place, filter, ({ subject, reply = '' }) => check(subject, Number(reply.slice(subject.length + 1))))
      const numbers = subjects.map(() => 0)
      return (index, data) => {
        const number = (numbers[index] ?? 0) + 1
        numbers[index] = number
        sender.publish(subjects[index] ?? '', data, { reply: `${subjects[index]}.${number}` })
      }
    },
  },
  {
    name: publisherAndSubscribe,
    start: place => {
      readOurs(place)
      return sendOurs(place)
    },
  },
  {
    name: perSender,
    start: place => {
      readOurs(place, 'perSender')
      return sendOurs(place, 'perSender')
    },
  },
  {
    name: dropIn,
    start: place => {
      const options = { subjects: [place.filter] }
      readPlain({ ...place, receiver: sequenced(place.receiver, options) }, place.filter, place.onMessage)
      const sender = sequenced(place.sender, options)
      return (index, data) => sender.publish(place.subjects[index] ?? '', data)
    },
  },
  {
    name: 'tryPublish, receive (fp)',
    style: 'callback',
    start: ({ sender, receiver, filter, subjects, onMessage }) => {
      const handle = receive(
        receiver,
        filter,
        {},
        {
          onDelivery: item => {
            if (item.delivery._tag === 'Message') onMessage()
            handle.done(item)
          },
          onEnd: () => undefined,
          retainsPayloads: false,
        },
      )
      const sends = subjects.map(subject => tryPublish(publisher(sender, subject)))
      return (index, data) => sends[index]?.(of(data))()
    },
  },
  {
    name: 'publisher, hand-written receiver',
    start: place => {
      readByHand(place)
      return sendOurs(place)
    },
  },
  {
    name: handNumbered,
    start: place => {
      readOurs(place)
      return sendByHand(place)
    },
  },
  {
    name: jetStreamWithAcks,
    style: 'iterator',
    start: async place => {
      const { jetStream, filter, subjects, onMessage } = place
      await jetStream.sender.createStream(stream, filter)
      const messages = await jetStream.receiver.read(stream)
      void (async () => {
        for await (const _ of messages) onMessage()
      })()
      return (index, data) => jetStream.sender.publish(subjects[index] ?? '', data)
    },
  },
]
