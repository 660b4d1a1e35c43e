/**
 * Receiving, for a consumer that says when it is done with each delivery: what `subscribe` and the drop-in are made of.
 *
 * @since 0.1.0
 */
import * as Address from '../../core/protocol/Address.ts'
import * as Verb from '../../core/protocol/ControlSubject.ts'
import type { Epoch } from '../../core/protocol/Epoch.ts'
import type { Addressing } from '../../core/protocol/Origin.ts'
import * as Origin from '../../core/protocol/Origin.ts'
import type { Position, Positions } from '../../core/protocol/Positions.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import type { Lost } from '../../core/receiver/Delivery.ts'
import type { Event } from '../../core/receiver/Receiver.ts'
import * as Receiver from '../../core/receiver/Receiver.ts'
import type { Deliver, Output, Settings } from '../../core/receiver/Step.ts'
import { unchecked } from '../../core/receiver/unchecked.ts'
import type { Connection, Msg, NatsSubscription } from '../client/Connection.ts'
import { connectedWithin, onConnectionStatus } from '../client/connectionStatus.ts'
import { createInbox, inboxPrefix } from '../client/inbox.ts'
import { randomSeed } from '../client/random.ts'
import { createTimer, now } from '../client/timer.ts'
import { assertNotWrapped } from '../client/wrappedConnections.ts'
import type { SequencedError } from '../errors.ts'
import { formatRanges, orThrow, sequencedError } from '../errors.ts'
import { check, checkSubject } from '../options.ts'
import type { Read, Terms } from './decode.ts'
import { copy, readData, readHead, readHeartbeat, readMixed, readNumbered, view } from './decode.ts'
import { delivered, numbering } from './numbering.ts'
import { queueHint, receiveOptions } from './options.ts'
import type { Replayer } from './Replayer.ts'
import { fromSender } from './Replayer.ts'
import { asking } from './replayClient.ts'

/** What is expected of senders, and what may be kept; none is needed. @since 0.1.0 */
export interface ReceiveOptions extends Partial<Omit<Settings<Uint8Array>, 'retain' | 'seed' | 'stored'>> {
  /** How senders spell their addresses. Default `single`. */
  readonly addressing?: Addressing
  /** What stands before heartbeats and requests. Default `_SEQ`. */
  readonly prefix?: string
  /**
   * Also takes what is published to the subject itself, without a number, by senders that don't number their messages
   * (yet): it is `Unsequenced`, and its loss goes unnoticed. Default false.
   */
  readonly unnumbered?: boolean
  /** Who is asked for what was missed. Default `fromSender`. */
  readonly replayer?: Replayer
  /** How long `drain()` waits for a connection, in ms. Default 5000. */
  readonly drainTimeout?: number
}

/** A delivery, and what it means for whoever keeps it. @since 0.1.0 */
export type Handed = Deliver<Uint8Array>

/** Who takes deliveries. @since 0.1.0 */
export interface Consumer {
  /** Takes one, and says `taken` when the application is done with it; until then it counts as kept. */
  readonly hand: (item: Handed) => void
  /** Nothing follows; with the error, if one has ended it. */
  readonly end: (error: Error | undefined) => void
  /** Whether payloads are kept after `hand` has returned: then they are copied as they come. */
  readonly keeps: boolean
}

/** What a consumer has in hand: to say how far it is, and to end it. @since 0.1.0 */
export interface Reception {
  /** The application is done with a delivery: its position moves on. In the order in which they were handed. */
  readonly taken: (item: Handed) => void
  /** Unsubscribes, and hands nothing more. */
  readonly close: () => void
  /** How far the application has come, safe to turn into JSON. */
  readonly positions: () => Positions
  /**
   * Takes no new messages, hands what is in flight, and closes once every gap is settled. While disconnected it waits for
   * the reconnect, at most `drainTimeout` ms; then it closes, and rejects with `Unsettled` if a gap is open.
   */
  readonly drain: () => Promise<void>
  /** Settled when it is closed; with the error, if one has closed it. */
  readonly closed: Promise<Error | undefined>
}

/** What the drop-in needs of a receiver, and `subscribe` does not. @since 0.1.0 */
export interface Habits {
  /**
   * In the addressing `single`, with `unnumbered`: believes a number only if the sender of its origin sends heartbeats or answers
   * head requests, and takes other messages as they are. True for the subjects that may have a sender.
   */
  readonly mayBeNumbered?: ((subject: string) => boolean) | undefined
  /** Joins a queue group. Nothing is checked then: messages are `Unchecked`, and notices there are none. */
  readonly queue?: string | undefined
}

const unsettledError = (subject: string, ranges: ReadonlyArray<Lost>): SequencedError =>
  sequencedError(
    `The subscription to ${subject} ended while disconnected, with messages missing or held back: ${formatRanges(ranges)}. Drain while connected, allow for a longer drainTimeout, or start again from positions().`,
    { _tag: 'Unsettled', ranges },
  )

const checkOptions = check('receive', receiveOptions, { queue: queueHint })

/**
 * Receives from a subject, or from a filter with wildcards.
 *
 * Throws a `SequencedError` if the subject is not valid or an option can't be, and what the client throws, such as for
 * a closed connection.
 *
 * @since 0.1.0
 */
export const receive = (
  nc: Connection,
  subject: string,
  options: ReceiveOptions,
  consumer: Consumer,
  { mayBeNumbered, queue }: Habits = {},
): Reception => {
  assertNotWrapped(nc, 'subscribe')
  checkSubject(subject)
  checkOptions(options)
  const {
    addressing = 'single',
    prefix = '_SEQ',
    unnumbered = false,
    replayer = fromSender,
    drainTimeout = 5000,
    ...settings
  } = options
  const filter = orThrow(Subject.explain)(Subject.parseFilter(subject))
  const verbs = orThrow(Subject.explain)(Verb.parsePrefix(prefix))
  if (filter === '>')
    throw sequencedError(
      "The filter '>' includes heartbeats and inboxes. Subscribe to the numbered subjects, such as 'prices.>'.",
      {
        _tag: 'BadSubject',
        subject,
      },
    )
  const inboxes = inboxPrefix(nc)
  const inbox = createInbox(nc)
  const terms: Terms = {
    addressing,
    verbs,
    isWanted: Subject.matches(filter),
    subject: Subject.isSubject(filter) ? filter : undefined,
    // A filter such as `*.*` takes in what senders and receivers say to one another, here and elsewhere.
    asides: [`${verbs}.`, `${inboxes}.`].filter(aside => !filter.startsWith(aside)),
    heads: `${inbox}.head`,
    replays: `${inbox}.replay`,
    // What the consumer keeps is copied as it comes, so the machine need not do it again.
    take: consumer.keeps ? copy : view,
  }

  // --- the machine: one event at a time, however deep a handler calls back into us

  let receiver = Receiver.create<Uint8Array>({
    addressing,
    ...settings,
    stored: replayer.sources.some(s => s._tag === 'JetStream'),
    seed: randomSeed(),
    retain: data => (consumer.keeps || data === delivered ? data : copy(data)),
  })
  const events: Array<Event<Uint8Array>> = []
  let busy = false
  let isDraining = false
  const dispatch = (event: Event<Uint8Array>): void => (queue === undefined ? process(event) : pass(event))

  /** For a member of a queue group. */
  const pass = (event: Event<Uint8Array>): void => {
    const output = unchecked(event)
    if (output !== undefined && !isClosed) hand(output)
    closeIfDrained()
  }

  const process = (event: Event<Uint8Array>): void => {
    events.push(event)
    if (busy) return
    busy = true
    for (let next = events.shift(); next !== undefined && !isClosed; next = events.shift()) {
      const [outputs, after] = Receiver.step(next)(receiver)
      receiver = after
      // A handler may close us in the middle of a turn: then no timer may be set any more, and nothing handed out.
      for (const output of outputs) if (!isClosed) perform(output)
    }
    busy = false
    closeIfDrained()
  }
  const closeIfDrained = (): void => {
    if (isDraining && !busy && Receiver.isSettled(receiver) && origins?.isSettled() !== false) close(undefined)
  }

  const perform = (output: Output<Uint8Array>): void => {
    switch (output._tag) {
      case 'Deliver':
        return hand(output)
      case 'AskHead':
        return origins?.isExpected(output.id, output.origin) === true ? undefined : askHead(output.id, output.origin)
      case 'AskReplay':
        // A large message may just find no room for want of what is taken and not told.
        tellTaken()
        return replays.ask(output)
      case 'Began':
        return moveTo(output.origin, output.epoch, output.number)
      case 'WakeAt':
        return clock.set(output.at)
    }
  }

  const hand = (output: Handed): void => {
    const { delivery } = output
    if ('data' in delivery && delivery.data === delivered) return taken(output)
    // Whoever uses its subject from now on may be another sender, or none.
    if (delivery._tag === 'Ended') origins?.ended(delivery.origin)
    consumer.hand(output)
  }

  const clock = createTimer(() => dispatch({ _tag: 'Ticked', now: now() }))

  /** The reply subject says which request is answered, and which origin it was about. */
  const askHead = (id: number, origin: string | undefined): void => {
    const reply = origin === undefined ? `${terms.heads}.${id}` : `${terms.heads}.${id}.${origin}`
    try {
      if (origin !== undefined) nc.publish(Verb.head(verbs)(origin), undefined, { reply })
      else if (terms.subject !== undefined) nc.publish(Verb.head(verbs)(terms.subject), undefined, { reply })
      else nc.publish(Verb.headOfAll(verbs), JSON.stringify({ filter }), { reply })
    } catch {
      // The connection is closing, and says so itself; until then the machine asks again.
    }
  }

  const answers = `${inbox}.origin`
  const origins =
    mayBeNumbered === undefined || addressing !== 'single'
      ? undefined
      : numbering({
          nc,
          terms,
          filter,
          answers,
          settings: receiver.settings,
          mayBeNumbered,
          retain: consumer.keeps ? view : copy,
          dispatch: event => dispatch(event),
          settled: () => closeIfDrained(),
        })
  /** What NATS tells us keeps its order, also where messages wait for what is known of their origins. */
  const tell = origins === undefined ? dispatch : origins.tell

  const replays = asking(nc, terms, replayer.sources, receiver.settings, tell)

  // --- what the application is handed

  const positions = new Map<string, Position>()
  const moveTo = (origin: string, epoch: Epoch | undefined, number: number): void => {
    // In `perSender` the epoch is part of the origin.
    positions.set(
      origin,
      epoch === undefined || addressing === 'perSender' ? { origin, number } : { origin, epoch, number },
    )
  }

  const handed = { deliveries: 0, bytes: 0 }
  /** Tells the machine in batches: it only needs to know before its bounds are reached. */
  const taken = ({ delivery, bytes, settled, epoch }: Handed): void => {
    if (settled !== undefined && 'origin' in delivery) moveTo(delivery.origin, epoch, settled)
    if (delivery._tag === 'Ended' || (delivery._tag === 'Lost' && delivery.last === undefined))
      positions.delete(delivery.origin)
    handed.deliveries += 1
    handed.bytes += bytes
    const { maxMessages, maxBytes } = receiver.settings
    if (handed.deliveries * 4 >= Math.min(maxMessages, 4096) || handed.bytes * 4 >= maxBytes) tellTaken()
  }
  const tellTaken = (): void => {
    if (handed.deliveries === 0) return
    const batch = { ...handed }
    handed.deliveries = 0
    handed.bytes = 0
    dispatch({ _tag: 'Taken', now: now(), ...batch })
  }

  // --- what comes from NATS

  const hears =
    (read: Read) =>
    (msg: Msg): void => {
      const event = read(terms, msg, now())
      if (event !== undefined) tell(event)
    }

  // --- life and death

  let settle: (error: Error | undefined) => void = () => undefined
  const closed = new Promise<Error | undefined>(resolve => {
    settle = resolve
  })

  const subscriptions: Array<NatsSubscription> = []
  /** Those of them that bring messages. */
  const data: Array<NatsSubscription> = []
  let isClosed = false
  const close = (error: Error | undefined): void => {
    if (isClosed) return
    isClosed = true
    clock.clear()
    origins?.close()
    unlisten()
    if (!nc.isClosed()) for (const s of subscriptions) s.unsubscribe()
    consumer.end(error)
    settle(error)
  }

  const take = (
    at: string,
    take: (msg: Msg) => void,
    need: 'Needed' | 'Helpful' = 'Needed',
    group: string | undefined = undefined,
  ): void => {
    const callback = (err: Error | null, msg: Msg): void => {
      if (err === null) return isClosed ? undefined : take(msg)
      if (need === 'Helpful') return
      const reason = { _tag: 'SubscriptionRefused', subject: at, cause: err } as const
      close(
        sequencedError(
          `The subscription to ${at} has ended: ${err.message}. A receiver of ${subject} needs it: allow it for this user.`,
          reason,
        ),
      )
    }
    subscriptions.push(nc.subscribe(at, group === undefined ? { callback } : { callback, queue: group }))
  }

  const unlisten = onConnectionStatus(nc, {
    onDisconnected: () => {
      replays.forget()
      tell({ _tag: 'Disconnected', now: now() })
    },
    onReconnected: () => tell({ _tag: 'Reconnected', now: now() }),
    onClosed: cause => {
      origins?.release()
      close(cause instanceof Error ? cause : undefined)
    },
  })

  try {
    const isOpen = filter.endsWith('>')
    // Data first, then heartbeats, then answers: so a head that is heard speaks of data that would have come.
    if (!unnumbered || !isOpen)
      take(
        Address.filter(addressing)(filter),
        origins?.hear(false) ?? hears(unnumbered ? readNumbered : readData),
        'Needed',
        queue,
      )
    // A filter that ends in `>` takes in the addresses, too.
    if (unnumbered) take(filter, origins?.hear(true) ?? hears(readMixed), 'Needed', queue)
    data.push(...subscriptions)
    // Where the filter ends in `>`, heartbeats of `single` are asked for in words that take in those of `perSender`.
    take(Verb.heartbeats(verbs, isOpen ? 'single' : addressing)(filter), hears(readHeartbeat))
    // So that a mismatch is heard; permissions need not allow it.
    if (!isOpen) take(Verb.heartbeats(verbs, Origin.other(addressing))(filter), hears(readHeartbeat), 'Helpful')
    // The filter matches messages of these as well: they are for other subscriptions.
    if (origins?.parent !== undefined)
      take(Verb.heartbeats(verbs, addressing)(origins.parent), origins.overhear, 'Helpful')
    take(`${terms.heads}.>`, hears(readHead))
    if (origins !== undefined) take(`${answers}.>`, origins.hearAnswer)
    take(`${terms.replays}.>`, replays.hear)
  } catch (e) {
    close(undefined)
    throw e
  }
  dispatch({ _tag: 'Started', now: now() })

  const drain = async (): Promise<void> => {
    if (!(await connectedWithin(nc, drainTimeout))) {
      const ranges = Receiver.unsettled(receiver)
      const error = ranges.length === 0 ? undefined : unsettledError(subject, ranges)
      close(error)
      if (error !== undefined) throw error
      return
    }
    // New messages stay away; what is missing of those that came may still be recovered.
    await Promise.all(data.map(s => s.drain()))
    isDraining = true
    dispatch({ _tag: 'Ticked', now: now() })
    await closed
  }

  return {
    taken,
    close: () => close(undefined),
    drain,
    closed,
    positions: () => ({ v: 1, positions: [...positions.values()] }),
  }
}
