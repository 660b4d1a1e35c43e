/**
 * Sequencing for code that goes on saying `updates`.
 *
 * @since 0.1.0
 */
import * as t from 'io-ts'
import type { Headers } from '../core/Delivery.ts'
import type { Addressing } from '../core/Origin.ts'
import * as Subject from '../core/Subject.ts'
import * as Verb from '../core/Verb.ts'
import { inboxPrefix } from '../nats/inbox.ts'
import { isConnected } from '../nats/link.ts'
import * as Options from '../nats/Options.ts'
import type { PublisherOptions } from '../nats/publisher.ts'
import type { Publishers } from '../nats/publishers.ts'
import { publishers } from '../nats/publishers.ts'
import type { ReceiveOptions } from '../nats/receive.ts'
import { isSequencedError, orThrow, sequencedError } from '../nats/SequencedError.ts'
import { asyncDispose } from './asyncDispose.ts'
import type { Board, Notice } from './Board.ts'
import { startBoard } from './Board.ts'
import type { Client, ClientSubscribeOptions, ClientSubscription } from './Client.ts'
import type { Publish, PublishSettings } from './message.ts'
import { overriding } from './overriding.ts'
import { subjectsOf } from './subjects.ts'
import type { Surroundings } from './subscription.ts'
import { sequencedSubscription } from './subscription.ts'

/** What is numbered, and how; all but `subjects` is as for `publisher` and `subscribe`. @since 0.1.0 */
export interface SequencedOptions extends PublisherOptions, Omit<ReceiveOptions, 'start' | 'unnumbered'> {
  /** How addresses are spelled. Default `single`: this is the only sender of these subjects. */
  readonly addressing?: Addressing
  readonly prefix?: string
  /** What is numbered: subjects, or filters such as `prices.*` and `prices.>`, but not `>` alone. All else passes untouched. */
  readonly subjects: ReadonlyArray<string>
  /**
   * Told what happened beside messages: gaps, losses, restarts, conflicts … Without it, and while nobody reads
   * `notices(nc)`, what must not go unseen becomes a warning of the process.
   */
  readonly onNotice?: (notice: Notice) => void
}

const publishing = ({
  subjects,
  onNotice,
  replayer,
  mode,
  deadline,
  grace,
  patience,
  tries,
  maxJump,
  maxMessages,
  maxBytes,
  maxGaps,
  maxOrigins,
  ...options
}: SequencedOptions): PublisherOptions => options

const receiving = ({
  subjects,
  onNotice,
  sender,
  from,
  history,
  heartbeatAfter,
  heartbeatMax,
  ...options
}: SequencedOptions): ReceiveOptions => options

const { start, unnumbered, ...received } = Options.receive

const subjectList = Options.option(
  'a list of subjects, one at least',
  (u): u is ReadonlyArray<string> => t.array(t.string).is(u) && u.length > 0,
)

const checkOptions = Options.check('sequenced', {
  ...received,
  ...Options.publisher,
  subjects: subjectList,
  onNotice: Options.handler,
})

/** A message to publish, of either client. */
interface ToPublish {
  readonly subject: string
  readonly data?: Uint8Array
  readonly reply?: string
  readonly headers?: Headers
}

/** The notices of a wrapped connection, by both: the wrapped and the plain. */
const wrapped = new WeakMap<object, Board>()

/**
 * A connection that numbers what is published to certain subjects, and notices what is missing of what it subscribes to.
 * Its type, and all else, stay what they were: the application goes on saying `updates`, and `updates.1`, `updates.2` …
 * go over the wire.
 *
 * Throws a `SequencedError` if an option can't be, or if the connection has been wrapped before.
 *
 * @since 0.1.0
 */
export const sequenced = <C extends Client>(nc: C, options: SequencedOptions): C => {
  checkOptions({ ...options, subjects: options.subjects ?? [] })
  if (wrapped.has(nc))
    throw sequencedError('This connection is sequenced already: name all subjects in one call of sequenced().', {
      _tag: 'WrappedTwice',
    })
  const { addressing = 'single', prefix = '_SEQ' } = options
  const verbs = orThrow(Subject.explain)(Verb.parsePrefix(prefix))
  const subjects = subjectsOf(options.subjects, [`${verbs}.`, `${inboxPrefix(nc)}.`, '$'])
  const terms = publishing(options)
  const board = startBoard(options.onNotice)
  // The first message may be published while disconnected: it must be known by then.
  isConnected(nc)

  // --- publishing

  /** One publisher for each filter, from its first message on. */
  const senders = new Map<number, Publishers>()
  const senderOf = (at: number): Publishers | undefined => {
    const filter = subjects.filters[at]
    if (filter === undefined) return undefined
    const known = senders.get(at)
    if (known !== undefined) return known
    const sender = publishers(nc, filter, terms)
    senders.set(at, sender)
    const tellAll = async (): Promise<void> => {
      for await (const notice of sender.notices()) board.put({ side: 'Sender', notice }, false)
    }
    tellAll().catch(() => undefined)
    return sender
  }

  /** The publisher of a message; none, if it is not numbered, or if the client refuses it: that it does in its own words. */
  const senderFor = (subject: string, payload: unknown): Publishers | undefined =>
    isPayload(payload) && !nc.isClosed() ? senderOf(subjects.filterOf(subject)) : undefined

  const send = (
    sender: Publishers,
    subject: string,
    payload: Uint8Array | string | undefined,
    settings: PublishSettings | undefined,
  ): void => {
    if (settings?.traceDestination !== undefined || settings?.traceOnly !== undefined)
      throw sequencedError(`Traces can't be asked for on ${subject}, which is numbered: use the plain connection.`, {
        _tag: 'BadOption',
        option: 'traceDestination',
        value: settings.traceDestination,
      })
    // The clients take null for nothing.
    const reply = settings?.reply ?? ''
    const headers = settings?.headers ?? undefined
    try {
      sender.publish(subject, payload, headers === undefined ? { reply } : { reply, headers })
    } catch (e) {
      if (isSequencedError(e) && isForClient(e.reason._tag)) nc.publish(subject, payload, { ...settings })
      throw e
    }
  }

  const publish: Publish = (subject, payload, settings) => {
    const sender = senderFor(subject, payload)
    if (sender === undefined) nc.publish(subject, payload, settings)
    else send(sender, subject, payload, settings)
  }

  const publishMessage = (msg: ToPublish): void => {
    const sender = senderFor(msg.subject, msg.data)
    if (sender === undefined) nc.publishMessage(msg)
    else send(sender, msg.subject, msg.data, msg)
  }

  const respondMessage = (msg: ToPublish): boolean => {
    const { reply = '' } = msg
    const sender = senderFor(reply, msg.data)
    if (sender === undefined) return nc.respondMessage(msg)
    send(sender, reply, msg.data, msg)
    return true
  }

  /** The clients drop an answer that comes too late; no handler expects an exception for it. */
  const respond: Publish = (reply, payload, settings) => {
    if (!nc.isClosed()) publish(reply, payload, settings)
  }

  // --- subscribing

  const open = new Set<ClientSubscription>()
  const around: Surroundings = {
    nc,
    open,
    addressing,
    options: receiving(options),
    respond,
    isSequenced: subject => subjects.filterOf(subject) !== -1,
    tell: (notice, seen) => board.put({ side: 'Receiver', notice }, seen),
  }

  const subscribe = (subject: string, settings: ClientSubscribeOptions = {}): ClientSubscription => {
    if (isDraining && !nc.isDraining())
      throw sequencedError(`This connection is draining: it takes no subscription to ${subject} any more.`, {
        _tag: 'Draining',
      })
    const relation = Subject.isFilter(subject) && !nc.isClosed() ? subjects.relate(subject) : 'Beside'
    if (relation === 'Beside') return nc.subscribe(subject, settings)
    if (relation === 'Across')
      throw sequencedError(
        `${subject} takes in subjects that are numbered (${subjects.filters.join(', ')}) and others: subscribe to them one by one, or number all of them with the option subjects.`,
        { _tag: 'Across', subject },
      )
    if (settings.queue !== undefined && settings.queue !== '')
      throw sequencedError(`${subject} is numbered. ${Options.queueHint}`, {
        _tag: 'QueueGroup',
        subject,
        queue: settings.queue,
      })
    return sequencedSubscription(around, subject, settings)
  }

  // --- the end

  let isDraining = false
  /** In this order: what comes in may still be answered, and what went out be asked for. */
  const drain = async (): Promise<void> => {
    if (isDraining)
      throw sequencedError('This connection is draining already: wait for closed().', { _tag: 'Draining' })
    if (nc.isClosed() || nc.isDraining()) return nc.drain()
    isDraining = true
    await Promise.allSettled([...open].map(s => s.drain()))
    await Promise.all([...senders.values()].map(s => s.close()))
    await nc.drain()
  }

  /** Receivers are told, once, that nothing follows, if the client still sends it: 2.29 discards what it has not sent yet. */
  const close = (): Promise<void> => {
    for (const sender of senders.values()) sender.stop()
    return nc.close()
  }

  const dispose = (): Promise<unknown> => (nc.isClosed() ? Promise.resolve() : isDraining ? nc.closed() : drain())

  nc.closed().then(board.end, board.end)

  const members = new Map<PropertyKey, unknown>(
    Object.entries({ publish, publishMessage, respondMessage, subscribe, drain, close }),
  )
  members.set('isDraining', () => isDraining || nc.isDraining())
  if (asyncDispose !== undefined) members.set(asyncDispose, dispose)
  const result = overriding(nc, members)
  wrapped.set(nc, board)
  wrapped.set(result, board)
  return result
}

/**
 * What happened to a sequenced connection beside its messages, from now on, as an async iterator in the style of
 * `nc.status()`. It ends with the connection; the last 1024 notices wait for the reader.
 *
 * Throws a `SequencedError` for a connection that is not sequenced.
 *
 * @since 0.1.0
 */
export const notices = (nc: Client): AsyncIterable<Notice> => {
  const own = wrapped.get(nc)
  if (own === undefined)
    throw sequencedError('This connection is not sequenced: it has no notices. Give the one that sequenced() gave.', {
      _tag: 'NotSequenced',
    })
  return own.read()
}

/** What the client refuses as well, and before anything is sent. */
const isForClient = (tag: string): boolean => tag === 'PayloadTooLarge' || tag === 'BadHeaders'

const isPayload = (u: unknown): boolean => u === undefined || typeof u === 'string' || u instanceof Uint8Array
