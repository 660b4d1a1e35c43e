/**
 * Wraps a connection so that it numbers its subjects, for applications that keep using the plain subjects.
 *
 * @since 0.1.0
 */
import * as Subject from '../core/protocol/Subject.ts'
import type { LossReport } from '../core/receiver/LossReport.ts'
import { connectedWithin, isConnected } from '../nats/client/connectionStatus.ts'
import { inboxPrefix } from '../nats/client/inbox.ts'
import { markWrapped } from '../nats/client/wrappedConnections.ts'
import type { SequencedError, Unconfirmed } from '../nats/errors.ts'
import { isSequencedError, sequencedError, unconfirmedError } from '../nats/errors.ts'
import type { Notices } from '../nats/internal/notices.ts'
import { sharedWeakMap } from '../nats/internal/processRegistry.ts'
import { parsePrefix } from '../nats/options.ts'
import { queueHint } from '../nats/receive/options.ts'
import { asyncDispose } from './asyncDispose.ts'
import type { Client, ClientSubscribeOptions, ClientSubscription } from './Client.ts'
import type { ConnectionObserver, ConnectionStats } from './connectionStats.ts'
import { createConnectionObserver } from './connectionStats.ts'
import type { Notice } from './Notice.ts'
import { startConnectionNotices } from './notices.ts'
import { createNumberedPublishing } from './numberedPublishing.ts'
import type { SequencedOptions } from './options.ts'
import { checkOptions, publisherOptionsOf, receiveOptionsOf } from './options.ts'
import { overrideMembers } from './overrideMembers.ts'
import type { WrapperContext } from './sequencedSubscription.ts'
import { createSequencedSubscription, queueGroupOf } from './sequencedSubscription.ts'
import { createSubjectFilters } from './subjectFilters.ts'

/** The notices of each wrapped connection. The plain connection is a key too. */
const noticesOf = sharedWeakMap<object, Notices<Notice>>('notices')

/** The statistics of each wrapped connection, by the same keys. */
const observers = sharedWeakMap<object, ConnectionObserver>('connectionObservers')

/**
 * Wraps a connection. The wrapper numbers messages that it publishes to certain subjects, and detects missing messages
 * on them. It has the type and all other behaviour of the connection: the application uses `updates`, and `updates.1`,
 * `updates.2` … are sent.
 *
 * Throws a `SequencedError` if an option is not valid, or if the connection is already wrapped.
 *
 * @since 0.1.0
 */
export const sequenced = <C extends Client>(nc: C, options: SequencedOptions): C => {
  checkOptions(options)
  if (noticesOf.has(nc))
    throw sequencedError('This connection is already sequenced: list all subjects in one call of sequenced().', {
      _tag: 'WrappedTwice',
    })
  const { addressing = 'single' } = options
  const prefix = parsePrefix(options.prefix)
  const subjects = createSubjectFilters(options.subjects, [`${prefix}.`, `${inboxPrefix(nc)}.`, '$'])
  const connectionNotices = startConnectionNotices(options.onNotice)
  // Starts to watch the connection, because the first message may be published while it is disconnected.
  isConnected(nc)

  // --- the state of the wrapper

  let state: 'open' | 'draining' | 'closing' = 'open'
  const hasEnded = (): boolean => state === 'closing' || nc.isClosed()
  /** The client in the state that it will have soon. It refuses calls with its own errors. */
  const drainingClient: C = Object.create(nc, { isDraining: { value: () => true } })
  const closingClient: C = Object.create(nc, { isClosed: { value: () => true } })
  const client = (): C => (state === 'closing' ? closingClient : nc)

  /** The client for calls after `drain()` or `close()`; `undefined` before. */
  const endedClient = (): C | undefined => {
    if (nc.isClosed() || nc.isDraining() || state === 'open') return undefined
    return state === 'draining' ? drainingClient : closingClient
  }
  const clientError = (): unknown => {
    try {
      endedClient()?.subscribe('refused')
      return undefined
    } catch (e) {
      return e
    }
  }

  // --- publishing

  const { publishers, ...publishing } = createNumberedPublishing({
    nc,
    client,
    hasEnded,
    clientError,
    subjects,
    options: publisherOptionsOf(options),
    report: notice => connectionNotices.report({ side: 'Sender', notice }),
  })

  // --- subscribing

  const observer = createConnectionObserver(publishers)
  const openSubscriptions = new Set<ClientSubscription>()
  const context: WrapperContext = {
    nc,
    openSubscriptions,
    addressing,
    receiveOptions: receiveOptionsOf(options),
    assumeNumbered: options.assumeNumbered ?? false,
    // Answers are never numbered. The clients drop an answer after the connection is closed.
    respond: (reply, payload, settings) => {
      if (!nc.isClosed()) nc.publish(reply, payload, settings)
    },
    isNumbered: subject => subjects.indexOf(subject) !== -1,
    lossAsError: options.lossAsError ?? false,
    report: notice => connectionNotices.report({ side: 'Receiver', notice }),
    observer,
  }

  const subscribe = (subject: string, settings: ClientSubscribeOptions = {}): ClientSubscription => {
    const ended = endedClient()
    if (ended !== undefined) return ended.subscribe(subject, settings)
    const relation = Subject.isFilter(subject) && !nc.isClosed() ? subjects.relationTo(subject) : 'Outside'
    if (relation === 'Outside') return nc.subscribe(subject, settings)
    if (relation === 'Mixed')
      throw sequencedError(
        `${subject} matches numbered subjects (${subjects.filters.join(', ')}) and others: subscribe to them separately, or add all of them to the option subjects.`,
        { _tag: 'MixedFilter', subject },
      )
    const queue = queueGroupOf(settings)
    if (queue !== undefined && options.queueGroups !== true)
      throw sequencedError(
        `${subject} is numbered. ${queueHint} To receive without loss detection, set the option queueGroups.`,
        { _tag: 'QueueGroup', subject, queue },
      )
    return createSequencedSubscription(context, subject, settings)
  }

  // --- the end

  /** Ends the connection after the publishers. Rejects with their unconfirmed messages. */
  const endAfter = async (publishersEnd: ReadonlyArray<Promise<void>>, end: () => Promise<void>): Promise<void> => {
    const settled = await Promise.allSettled(publishersEnd)
    await end()
    const unconfirmed = settled.flatMap(s =>
      s.status === 'rejected' && isUnconfirmed(s.reason) ? s.reason.reason.ranges : [],
    )
    if (unconfirmed.length > 0) throw unconfirmedError(unconfirmed)
  }
  const stopPublishersAndClose = (): Promise<void> =>
    endAfter(
      publishers().map(p => p.stop()),
      () => nc.close(),
    )

  /** Subscriptions first, because their handlers may still publish. Then the publishers, then the connection. */
  const drainInOrder = async (): Promise<void> => {
    const reconnected = connectedWithin(nc, options.drainTimeout ?? 5000)
    await Promise.allSettled([...openSubscriptions].map(s => s.drain()))
    // The client's own `drain()` never ends while disconnected.
    if (!(await reconnected)) return stopPublishersAndClose()
    await endAfter(
      publishers().map(p => p.close()),
      () => nc.drain(),
    )
  }

  const drain = (): Promise<void> => {
    const ended = endedClient()
    if (ended !== undefined || nc.isClosed() || nc.isDraining()) return (ended ?? nc).drain()
    state = 'draining'
    return withoutUnhandledRejection(drainInOrder())
  }

  /** Closes subscriptions at once, but waits for outgoing messages: client 2.29 would discard them. */
  const close = (): Promise<void> => {
    if (nc.isClosed() || publishers().length === 0) return nc.close()
    state = 'closing'
    for (const s of openSubscriptions) s.unsubscribe()
    return withoutUnhandledRejection(stopPublishersAndClose())
  }

  const dispose = (): Promise<unknown> =>
    nc.isClosed() ? Promise.resolve() : state === 'open' && !nc.isDraining() ? drain() : nc.closed()

  nc.closed().then(connectionNotices.end, connectionNotices.end)

  const members = new Map<PropertyKey, unknown>(Object.entries({ ...publishing, subscribe, drain, close }))
  members.set('isDraining', () => state === 'draining' || nc.isDraining())
  members.set('isClosed', hasEnded)
  if (asyncDispose !== undefined) members.set(asyncDispose, dispose)
  const wrapper = overrideMembers({ target: nc, members, currentTarget: endedClient })
  noticesOf.set(nc, connectionNotices)
  noticesOf.set(wrapper, connectionNotices)
  observers.set(nc, observer)
  observers.set(wrapper, observer)
  markWrapped(wrapper)
  return wrapper
}

const isUnconfirmed = (u: unknown): u is SequencedError<Unconfirmed> =>
  isSequencedError(u) && u.reason._tag === 'Unconfirmed'

/** A notice reports the failure too, so a caller that does not await it gets no unhandled rejection. */
const withoutUnhandledRejection = (ending: Promise<void>): Promise<void> => {
  ending.catch(() => undefined)
  return ending
}

const ofWrapped = <A>(all: WeakMap<object, A>, nc: Client): A => {
  const own = all.get(nc)
  if (own !== undefined) return own
  throw sequencedError('This connection is not sequenced: pass the connection that sequenced() returned.', {
    _tag: 'NotSequenced',
  })
}

/**
 * The notices of a wrapped connection, as an async iterable in the style of `nc.status()`: the last 1,024 notices, then
 * new ones until the connection closes. Older ones are summed up (`Unread`). Each call returns an independent iterator.
 *
 * Throws a `SequencedError` if the connection is not wrapped.
 *
 * @since 0.1.0
 */
export const notices = (nc: Client): AsyncIterable<Notice> => ofWrapped(noticesOf, nc).read()

/**
 * What a wrapped connection sends, receives and has counted, also after its end. It takes time only when it is called:
 * O(subjects, origins and open gaps).
 *
 * Throws a `SequencedError` if the connection is not wrapped.
 *
 * @since 0.1.0
 */
export const stats = (nc: Client): ConnectionStats => ofWrapped(observers, nc).stats()

/**
 * What the subscriptions of a wrapped connection have lost so far, by origin, and what explains it. At most 1,024 origins
 * and 64 ranges of each are listed; the rest is summed up. A message that two subscriptions lost counts twice. `explain`
 * turns it into a table.
 *
 * Throws a `SequencedError` if the connection is not wrapped.
 *
 * @since 0.1.0
 */
export const lossReport = (nc: Client): LossReport => ofWrapped(observers, nc).lossReport()
