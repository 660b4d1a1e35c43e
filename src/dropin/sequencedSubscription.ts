/**
 * A sequenced subscription: a subscription of the client on an inbox where nobody publishes, which `receive` feeds with
 * deliveries. So timeouts, iterators and errors of misuse are those of the client. See docs/decisions/0006-drop-in.md.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as Address from '../core/protocol/Address.ts'
import type { Addressing } from '../core/protocol/Origin.ts'
import type { Lost, Notice, Overflowed, Unsequenced } from '../core/receiver/Delivery.ts'
import { createInbox } from '../nats/client/inbox.ts'
import { isSequencedError, sequencedError } from '../nats/errors.ts'
import { receive } from '../nats/receive/receive.ts'
import type { PendingDelivery, ReceiveOptions, ReceiverHandle } from '../nats/receive/types.ts'
import { asyncDispose } from './asyncDispose.ts'
import type { Client, ClientSubscribeOptions, ClientSubscription } from './Client.ts'
import type { ConnectionObserver } from './connectionStats.ts'
import { explain } from './explain.ts'
import { overrideMembers } from './overrideMembers.ts'
import type { MessageContent, PublishFunction } from './SequencedMsg.ts'
import { createSequencedMsg, pendingDeliveryOf } from './SequencedMsg.ts'

/** What all subscriptions of a wrapped connection share. */
export interface WrapperContext {
  readonly nc: Client
  /** The subscriptions that still receive. */
  readonly openSubscriptions: Set<ClientSubscription>
  readonly addressing: Addressing
  readonly receiveOptions: ReceiveOptions
  /** Whether senders number messages by hand, without heartbeats. */
  readonly assumeNumbered: boolean
  /** Publishes an answer. */
  readonly respond: PublishFunction
  readonly isNumbered: (subject: string) => boolean
  /** Whether callbacks receive losses as errors. */
  readonly lossAsError: boolean
  readonly report: (notice: Notice) => void
  readonly observer: Pick<ConnectionObserver, 'losses' | 'addReceiver'>
}

type Callback = (err: Error | null, msg: object) => void

/** An error of the callback would end the client's read loop, and with it all subscriptions of the connection. */
const callSafely =
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

/** True for notices about messages that will not be delivered. */
const isLoss = (n: Notice): n is Lost | Overflowed => n._tag === 'Lost' || n._tag === 'Overflowed'

/** The queue group of a subscription. The clients treat an empty name as none. */
export const queueGroupOf = ({ queue }: ClientSubscribeOptions): string | undefined => queue || undefined

export const createSequencedSubscription = (
  context: WrapperContext,
  subject: string,
  options: ClientSubscribeOptions,
): ClientSubscription => {
  const { nc, respond } = context
  const callback = options.callback === undefined ? undefined : callSafely(options)
  const { queue, ...clientOptions } = options
  // --- deliveries

  let received = 0
  let { max: maxMessages } = options

  const deliver = (at: string, content: MessageContent, item: PendingDelivery): void => {
    received += 1
    carrier.callback(null, createSequencedMsg(at, sid, content, item, respond))
    if (callback !== undefined) receiver.done(item)
    if (maxMessages !== undefined && received >= maxMessages) end()
  }

  const onNotice = (notice: Notice): void => {
    // The clients pass an empty message with an error.
    if (context.lossAsError && isLoss(notice)) callback?.(sequencedError(explain(notice), notice), {})
    context.report(notice)
  }

  const onDelivery = (item: PendingDelivery): void => {
    const d = item.delivery
    if (d._tag === 'Message') return deliver(d.subject, d, item)
    const at = d._tag === 'Unsequenced' ? subjectOf(d) : undefined
    if (d._tag === 'Unsequenced' && at !== undefined) return deliver(at, d, item)
    if (d._tag !== 'Unsequenced') onNotice(d)
    receiver.done(item)
  }

  /** The subject for the application; `undefined` if a numbered message belongs to other subscriptions. */
  const subjectOf = (d: Unsequenced<Uint8Array>): string | undefined => {
    if (d.reason === 'NoSender') return d.subject
    const address = Address.parse(context.addressing)(d.subject)
    const own = E.isRight(address) ? address.right.origin.subject : undefined
    const isNumbered = own !== undefined && context.isNumbered(own)
    if (d.reason === 'NoNumber') return isNumbered ? undefined : d.subject
    return isNumbered ? own : d.subject
  }

  const onEnd = (error: Error | undefined): void => {
    if (!isSequencedError(error)) return
    if (error.reason._tag === 'Unsettled') for (const lost of error.reason.ranges) onNotice(lost)
    if (error.reason._tag === 'SubscriptionRefused') onRefused(error.reason.cause)
  }

  /** The server does not permit the subscription. The application receives the client's own error. */
  const onRefused = (cause: Error): void => {
    carrier.callback(cause, {})
    // A method outside the client's types: v3 settles `closed` with its argument.
    const closeWithError: unknown = Reflect.get(carrier, 'close')
    if (typeof closeWithError === 'function') closeWithError.call(carrier, cause)
    carrier.unsubscribe()
  }

  const receiver: ReceiverHandle = receive(
    nc,
    subject,
    { ...context.receiveOptions, addressing: context.addressing, acceptUnnumbered: true },
    { onDelivery, onEnd, retainsPayloads: callback === undefined },
    {
      mayBeNumbered: context.assumeNumbered ? undefined : context.isNumbered,
      queue: queueGroupOf(options),
      losses: context.observer.losses,
    },
  )
  const openCarrier = (): ClientSubscription => {
    try {
      return nc.subscribe(createInbox(nc), callback === undefined ? clientOptions : { ...clientOptions, callback })
    } catch (e) {
      receiver.close()
      throw e
    }
  }
  // After the receiver: if the server permits no inbox, the receiver hears of it first, and reports the missing rule.
  const carrier = openCarrier()
  const sid = carrier.getID()
  context.observer.addReceiver(receiver)
  const end = (): void => {
    receiver.close()
    carrier.unsubscribe()
  }
  // The carrier may end by a `break` in its iterator, by a timeout, or with the connection.
  carrier.closed.then(receiver.close, receiver.close)

  // --- members of the subscription

  const unsubscribe = (after?: number): void => {
    if (after === undefined || received >= after) return end()
    maxMessages = after
    carrier.unsubscribe(after)
  }

  let draining: Promise<void> | undefined
  const drain = (): Promise<void> => {
    if (nc.isClosed() || carrier.isClosed()) return carrier.drain()
    if (draining !== undefined) return draining
    draining = receiver.drain().finally(() => (carrier.isClosed() ? undefined : carrier.drain()))
    // Notices report the failure too.
    draining.catch(() => undefined)
    return draining
  }

  /** A message is done when the application asks for the next one. */
  const iterate = (): AsyncIterator<object> & AsyncIterable<object> => {
    const iterator = carrier[Symbol.asyncIterator]()
    let current: PendingDelivery | undefined
    const releaseCurrent = (): void => {
      if (current !== undefined) receiver.done(current)
      current = undefined
    }
    return {
      next: async () => {
        releaseCurrent()
        const result = await iterator.next()
        if (result.done !== true) current = pendingDeliveryOf(result.value)
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
      isDraining: () => draining !== undefined || carrier.isDraining(),
      getSubject: () => subject,
      getReceived: () => received,
      getProcessed: () => (callback === undefined ? carrier.getProcessed() : received),
    }),
  )
  members.set(Symbol.asyncIterator, iterate)
  if (asyncDispose !== undefined)
    members.set(asyncDispose, () => draining ?? (nc.isClosed() || carrier.isClosed() ? Promise.resolve() : drain()))
  const subscription = overrideMembers({ target: carrier, members })
  context.openSubscriptions.add(subscription)
  // `carrier.closed` settles only after an iterator is read to its end, so the receiver's own `closed` is used.
  const remove = (): boolean => context.openSubscriptions.delete(subscription)
  receiver.closed.then(remove, remove)
  return subscription
}
