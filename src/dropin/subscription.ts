/**
 * A subscription of the client's own making that is fed by us: with what `receive` hands over, in place of what the
 * server sends. It listens where nobody publishes; so timeouts, iterators, and the errors of misuse are the client's
 * own. See docs/decisions/0006-drop-in.md.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as Address from '../core/protocol/Address.ts'
import type { Addressing } from '../core/protocol/Origin.ts'
import type { Lost, Notice, Overflowed, Unsequenced } from '../core/receiver/Delivery.ts'
import { describe } from '../core/receiver/explain.ts'
import { createInbox } from '../nats/client/inbox.ts'
import { isSequencedError, sequencedError } from '../nats/errors.ts'
import type { Handed, ReceiveOptions, Reception } from '../nats/receive/receive.ts'
import { receive } from '../nats/receive/receive.ts'
import { asyncDispose } from './asyncDispose.ts'
import type { Client, ClientSubscribeOptions, ClientSubscription } from './Client.ts'
import { overriding } from './proxy.ts'
import type { Content, Publish } from './SequencedMsg.ts'
import { itemOf, message } from './SequencedMsg.ts'

/** What all subscriptions of a drop-in share. */
export interface Surroundings {
  readonly nc: Client
  /** All that receive. */
  readonly open: Set<ClientSubscription>
  readonly addressing: Addressing
  readonly options: ReceiveOptions
  /** Do senders number by hand, without heartbeats? */
  readonly trustNumbers: boolean
  /** Answers a message. */
  readonly respond: Publish
  readonly isSequenced: (subject: string) => boolean
  /** Whether a callback gets a loss as an error. */
  readonly lossAsError: boolean
  readonly tell: (notice: Notice) => void
}

type Callback = (err: Error | null, msg: object) => void

/** A handler that throws must not end the client's reader, and with it all subscriptions of the connection. */
const guarded =
  (options: ClientSubscribeOptions): Callback =>
  (err, msg) => {
    try {
      options.callback?.(err, msg)
    } catch (cause) {
      queueMicrotask(() => {
        throw cause
      })
    }
  }

/** Messages that are lost, and will not be delivered any more. */
const isLoss = (n: Notice): n is Lost | Overflowed => n._tag === 'Lost' || n._tag === 'Overflowed'

/** The clients take an empty name for no queue group. */
export const queueOf = ({ queue }: ClientSubscribeOptions): string | undefined => queue || undefined

export const sequencedSubscription = (
  around: Surroundings,
  subject: string,
  options: ClientSubscribeOptions,
): ClientSubscription => {
  const { nc, respond } = around
  const callback = options.callback === undefined ? undefined : guarded(options)
  const { queue, ...own } = options
  const carrier = nc.subscribe(createInbox(nc), callback === undefined ? own : { ...own, callback })
  const sid = carrier.getID()

  // --- what comes in

  let received = 0
  let { max } = options

  const feed = (at: string, content: Content, item: Handed): void => {
    received += 1
    carrier.callback(null, message(at, sid, content, item, respond))
    if (callback !== undefined) reception.taken(item)
    if (max !== undefined && received >= max) leave()
  }

  const put = (notice: Notice): void => {
    // As for other errors, there is no message to it.
    if (around.lossAsError && isLoss(notice)) callback?.(sequencedError(describe(notice), notice), {})
    around.tell(notice)
  }

  const hand = (item: Handed): void => {
    const d = item.delivery
    if (d._tag === 'Message') return feed(d.subject, d, item)
    const at = d._tag === 'Unsequenced' ? subjectOf(d) : undefined
    if (d._tag === 'Unsequenced' && at !== undefined) return feed(at, d, item)
    if (d._tag !== 'Unsequenced') put(d)
    reception.taken(item)
  }

  /** What the application calls the subject; nothing, if the message is numbered, and for other subscriptions. */
  const subjectOf = (d: Unsequenced<Uint8Array>): string | undefined => {
    if (d.reason === 'NoSender') return d.subject
    const address = Address.parse(around.addressing)(d.subject)
    const own = E.isRight(address) ? address.right.origin.subject : undefined
    const isNumbered = own !== undefined && around.isSequenced(own)
    if (d.reason === 'NoNumber') return isNumbered ? undefined : d.subject
    return isNumbered ? own : d.subject
  }

  const ended = (error: Error | undefined): void => {
    if (!isSequencedError(error)) return
    if (error.reason._tag === 'Unsettled') for (const lost of error.reason.ranges) put(lost)
    if (error.reason._tag === 'SubscriptionRefused') refused(error.reason.cause)
  }

  /** The server does not let us subscribe: subscribers know the client's own error for that. */
  const refused = (cause: Error): void => {
    carrier.callback(cause, {})
    // Not in the clients' types; v3 says by it why `closed` settles.
    const closeClient: unknown = Reflect.get(carrier, 'close')
    if (typeof closeClient === 'function') closeClient.call(carrier, cause)
    carrier.unsubscribe()
  }

  const reception: Reception = receive(
    nc,
    subject,
    { ...around.options, addressing: around.addressing, unnumbered: true },
    { hand, end: ended, keeps: callback === undefined },
    { mayBeNumbered: around.trustNumbers ? undefined : around.isSequenced, queue: queueOf(options) },
  )
  const leave = (): void => {
    reception.close()
    carrier.unsubscribe()
  }
  // However it ends: by a `break` in its iterator, a timeout, or with the connection.
  carrier.closed.then(reception.close, reception.close)

  // --- what the application does with it

  const unsubscribe = (after?: number): void => {
    if (after === undefined || received >= after) return leave()
    max = after
    carrier.unsubscribe(after)
  }

  let drained: Promise<void> | undefined
  const drain = (): Promise<void> => {
    if (nc.isClosed() || carrier.isClosed()) return carrier.drain()
    if (drained !== undefined) return drained
    drained = reception.drain().finally(() => (carrier.isClosed() ? undefined : carrier.drain()))
    // Notices say it, too.
    drained.catch(() => undefined)
    return drained
  }

  /** A message is taken when the next is asked for. */
  const iterate = (): AsyncIterator<object> & AsyncIterable<object> => {
    const iterator = carrier[Symbol.asyncIterator]()
    let inHand: Handed | undefined
    const release = (): void => {
      if (inHand !== undefined) reception.taken(inHand)
      inHand = undefined
    }
    return {
      next: async () => {
        release()
        const result = await iterator.next()
        if (result.done !== true) inHand = itemOf(result.value)
        return result
      },
      return: async value => (await iterator.return?.(value)) ?? { done: true, value },
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }

  const members = new Map<PropertyKey, unknown>(
    Object.entries({
      unsubscribe,
      drain,
      isDraining: () => drained !== undefined || carrier.isDraining(),
      getSubject: () => subject,
      getReceived: () => received,
      getProcessed: () => (callback === undefined ? carrier.getProcessed() : received),
    }),
  )
  members.set(Symbol.asyncIterator, iterate)
  if (asyncDispose !== undefined)
    members.set(asyncDispose, () => drained ?? (nc.isClosed() || carrier.isClosed() ? Promise.resolve() : drain()))
  const subscription = overriding({ target: carrier, members })
  around.open.add(subscription)
  // The client settles `closed` when an iterator has been read to its end, which may be never.
  const isOver = (): boolean => around.open.delete(subscription)
  reception.closed.then(isOver, isOver)
  return subscription
}
