/**
 * Sequencing for code that goes on saying `updates`.
 *
 * @since 0.1.0
 */
import * as t from 'io-ts'
import * as Verb from '../core/protocol/ControlSubject.ts'
import type { Headers } from '../core/protocol/Headers.ts'
import type { Addressing } from '../core/protocol/Origin.ts'
import * as Subject from '../core/protocol/Subject.ts'
import { connectedWithin, isConnected } from '../nats/client/connectionStatus.ts'
import { inboxPrefix } from '../nats/client/inbox.ts'
import { markWrapped } from '../nats/client/wrappedConnections.ts'
import type { NotConfirmed, SequencedError } from '../nats/errors.ts'
import { isSequencedError, orThrow, sequencedError, unconfirmedError } from '../nats/errors.ts'
import type { Notices } from '../nats/internal/notices.ts'
import { sharedWeakMap } from '../nats/internal/processRegistry.ts'
import { check, handler, option } from '../nats/options.ts'
import type { OpenPublishers } from '../nats/publish/multiPublisher.ts'
import { openPublishers } from '../nats/publish/multiPublisher.ts'
import { publisherOptions } from '../nats/publish/options.ts'
import type { PublisherOptions, SenderNotice } from '../nats/publish/types.ts'
import { queueHint, receiveOptions } from '../nats/receive/options.ts'
import type { ReceiveOptions } from '../nats/receive/receive.ts'
import { asyncDispose } from './asyncDispose.ts'
import type { Client, ClientSubscribeOptions, ClientSubscription } from './Client.ts'
import type { Notice } from './notices.ts'
import { startConnectionNotices } from './notices.ts'
import { overriding } from './proxy.ts'
import type { Publish, PublishSettings } from './SequencedMsg.ts'
import { subjectsOf } from './subjectFilters.ts'
import type { Surroundings } from './subscription.ts'
import { queueOf, sequencedSubscription } from './subscription.ts'

/** What is numbered, and how; all but `subjects` is as for `publisher` and `subscribe`. @since 0.1.0 */
export interface SequencedOptions extends PublisherOptions, Omit<ReceiveOptions, 'start' | 'unnumbered'> {
  /** How addresses are spelled. Default `single`: this is the only sender of these subjects. */
  readonly addressing?: Addressing
  readonly prefix?: string
  /** What is numbered: subjects, or filters such as `prices.*` and `prices.>`, but not `>` alone. All else passes untouched. */
  readonly subjects: ReadonlyArray<string>
  /**
   * Senders number by hand: a last token that reads as a number is one, even if its sender sends no heartbeats and answers no
   * head requests. Only for the addressing `single`; in `perSender` an epoch before the number tells. Default false.
   */
  readonly trustNumbers?: boolean
  /**
   * Called with what happened beside messages: gaps, losses, restarts, conflicts … Without it, and while nobody reads
   * `notices(nc)`, a notice of loss, conflict or refusal becomes a warning of the process.
   */
  readonly onNotice?: (notice: Notice) => void
  /**
   * Calls the callback of a subscription with each loss, too, as a `SequencedError` in place of a message. Default false:
   * callbacks get messages, and the errors of the client.
   */
  readonly lossAsError?: boolean
  /**
   * Lets subscriptions in a queue group through. Its members get the messages with their numbers; a loss goes unnoticed, as
   * each member sees a part of the sequence. Default false: they are refused.
   */
  readonly queueGroups?: boolean
}

const publishing = ({
  subjects,
  onNotice,
  lossAsError,
  queueGroups,
  trustNumbers,
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
  lossAsError,
  queueGroups,
  trustNumbers,
  sender,
  from,
  history,
  heartbeatAfter,
  heartbeatMax,
  inboxes,
  ...options
}: SequencedOptions): ReceiveOptions => options

const { start, unnumbered, ...received } = receiveOptions

const subjectList = option(
  'a list of subjects, one at least',
  (u): u is ReadonlyArray<string> => t.array(t.string).is(u) && u.length > 0,
)

const checkOptions = check('sequenced', {
  ...received,
  ...publisherOptions,
  subjects: subjectList,
  trustNumbers: t.boolean,
  onNotice: handler,
  lossAsError: t.boolean,
  queueGroups: t.boolean,
})

/** A message to publish, of either client. */
interface ToPublish {
  readonly subject: string
  readonly data?: Uint8Array
  readonly reply?: string
  readonly headers?: Headers
}

/** The notices of a wrapped connection, by both: the wrapped and the plain. */
const wrapped = sharedWeakMap<object, Notices<Notice>>('notices')

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
  const told = startConnectionNotices(options.onNotice)
  // The first message may be published while disconnected: it must be known by then.
  isConnected(nc)

  let state: 'open' | 'draining' | 'closing' = 'open'
  const isOver = (): boolean => state === 'closing' || nc.isClosed()
  /** The client as it will be: what it refuses then, it refuses now, in its own words. */
  const drainingClient: C = Object.create(nc, { isDraining: { value: () => true } })
  const closingClient: C = Object.create(nc, { isClosed: { value: () => true } })
  const client = (): C => (state === 'closing' ? closingClient : nc)

  // --- publishing

  /** One publisher for each filter, from its first message on. */
  const senders = new Map<number, OpenPublishers>()
  const senderOf = (at: number): OpenPublishers | undefined => {
    const filter = subjects.filters[at]
    if (filter === undefined) return undefined
    const known = senders.get(at)
    if (known !== undefined) return known
    const report = (notice: SenderNotice): void => told.report({ side: 'Sender', notice })
    const sender = openPublishers(nc, filter, terms, { report, end: () => undefined })
    senders.set(at, sender)
    return sender
  }

  /** The publisher of a message; none, if it is not numbered, or if the client refuses it: that it does in its own words. */
  const senderFor = (subject: string, payload: unknown): OpenPublishers | undefined =>
    isPayload(payload) && !isOver() ? senderOf(subjects.filterOf(subject)) : undefined

  const send = (
    sender: OpenPublishers,
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
      if (!isSequencedError(e)) throw e
      if (isForClient(e.reason._tag)) nc.publish(subject, payload, { ...settings })
      throw e.reason._tag === 'Closed' ? (refusal() ?? e) : e
    }
  }

  const publish: Publish = (subject, payload, settings) => {
    const sender = senderFor(subject, payload)
    if (sender === undefined) client().publish(subject, payload, settings)
    else send(sender, subject, payload, settings)
  }

  const publishMessage = (msg: ToPublish): void => {
    const sender = senderFor(msg.subject, msg.data)
    if (sender === undefined) client().publishMessage(msg)
    else send(sender, msg.subject, msg.data, msg)
  }

  /** A flush of the application proves what was published before it, for the publishers too: all of them share one proof. */
  const flush = async (): Promise<void> => {
    const [sender] = senders.values()
    await Promise.all([client().flush(), sender?.confirm()])
  }

  /** An answer goes to who asked, and is never numbered. The clients drop one that comes too late. */
  const respond: Publish = (reply, payload, settings) => {
    if (!nc.isClosed()) nc.publish(reply, payload, settings)
  }

  // --- subscribing

  const open = new Set<ClientSubscription>()
  const around: Surroundings = {
    nc,
    open,
    addressing,
    options: receiving(options),
    trustNumbers: options.trustNumbers ?? false,
    respond,
    isSequenced: subject => subjects.filterOf(subject) !== -1,
    lossAsError: options.lossAsError ?? false,
    tell: notice => told.report({ side: 'Receiver', notice }),
  }

  const subscribe = (subject: string, settings: ClientSubscribeOptions = {}): ClientSubscription => {
    const ended = standIn()
    if (ended !== undefined) return ended.subscribe(subject, settings)
    const relation = Subject.isFilter(subject) && !nc.isClosed() ? subjects.relate(subject) : 'Beside'
    if (relation === 'Beside') return nc.subscribe(subject, settings)
    if (relation === 'Across')
      throw sequencedError(
        `${subject} takes in subjects that are numbered (${subjects.filters.join(', ')}) and others: subscribe to them one by one, or number all of them with the option subjects.`,
        { _tag: 'Across', subject },
      )
    const queue = queueOf(settings)
    if (queue !== undefined && options.queueGroups !== true)
      throw sequencedError(
        `${subject} is numbered. ${queueHint} To do without loss detection, set the option queueGroups.`,
        { _tag: 'QueueGroup', subject, queue },
      )
    return sequencedSubscription(around, subject, settings)
  }

  // --- the end

  /** On what the client's methods are called once it ends; `undefined` before. */
  const standIn = (): C | undefined => {
    if (nc.isClosed() || nc.isDraining() || state === 'open') return undefined
    return state === 'draining' ? drainingClient : closingClient
  }
  /** The client's own error for what it refuses at its end. */
  const refusal = (): unknown => {
    try {
      standIn()?.subscribe('refused')
      return undefined
    } catch (e) {
      return e
    }
  }

  /** Rejects with what the publishers could not confirm. */
  const endWith = async (ends: ReadonlyArray<Promise<void>>, end: () => Promise<void>): Promise<void> => {
    const settled = await Promise.allSettled(ends)
    await end()
    const left = settled.flatMap(s =>
      s.status === 'rejected' && isUnconfirmed(s.reason) ? s.reason.reason.ranges : [],
    )
    if (left.length > 0) throw unconfirmedError(left)
  }

  /** In this order: what comes in may still be answered, and what went out be asked for. */
  const drainInOrder = async (): Promise<void> => {
    const back = connectedWithin(nc, options.drainTimeout ?? 5000)
    await Promise.allSettled([...open].map(s => s.drain()))
    // The client's own `drain()` does not end while it is disconnected.
    if (await back)
      await endWith(
        [...senders.values()].map(s => s.close()),
        () => nc.drain(),
      )
    else
      await endWith(
        [...senders.values()].map(s => s.stop()),
        () => nc.close(),
      )
  }
  const drain = (): Promise<void> => {
    const ended = standIn()
    if (ended !== undefined || nc.isClosed() || nc.isDraining()) return (ended ?? nc).drain()
    state = 'draining'
    return handled(drainInOrder())
  }

  /** Subscriptions end at once. Messages that are on their way out are waited for: 2.29 discards them when it is closed. */
  const close = (): Promise<void> => {
    if (nc.isClosed() || senders.size === 0) return nc.close()
    state = 'closing'
    for (const s of open) s.unsubscribe()
    return handled(
      endWith(
        [...senders.values()].map(s => s.stop()),
        () => nc.close(),
      ),
    )
  }

  const dispose = (): Promise<unknown> =>
    nc.isClosed() ? Promise.resolve() : state === 'open' && !nc.isDraining() ? drain() : nc.closed()

  nc.closed().then(told.end, told.end)

  const members = new Map<PropertyKey, unknown>(
    Object.entries({ publish, publishMessage, subscribe, flush, drain, close }),
  )
  members.set('isDraining', () => state === 'draining' || nc.isDraining())
  members.set('isClosed', isOver)
  if (asyncDispose !== undefined) members.set(asyncDispose, dispose)
  const result = overriding({ target: nc, members, standIn })
  wrapped.set(nc, told)
  wrapped.set(result, told)
  markWrapped(result)
  return result
}

const isUnconfirmed = (u: unknown): u is SequencedError<NotConfirmed> =>
  isSequencedError(u) && u.reason._tag === 'Unconfirmed'

/** A notice says why it fails, too: who doesn't await the end must not be ended by an unhandled rejection. */
const handled = (ending: Promise<void>): Promise<void> => {
  ending.catch(() => undefined)
  return ending
}

/**
 * What happened to a sequenced connection beside its messages, as an async iterator in the style of `nc.status()`: the last
 * 1024 notices, then what follows until the connection closes. Each call has an iterator of its own.
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
