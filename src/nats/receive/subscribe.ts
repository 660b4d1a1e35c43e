/**
 * A subscription that notices loss.
 *
 * @since 0.1.0
 */

import type { Positions } from '../../core/protocol/Positions.ts'
import type { Delivery } from '../../core/receiver/Delivery.ts'
import type { Connection } from '../client/Connection.ts'
import { asyncQueue } from '../internal/AsyncQueue.ts'
import { check, handler } from '../options.ts'
import { queueHint, receiveOptions } from './options.ts'
import type { Handed, ReceiveOptions, Reception } from './receive.ts'
import { receive } from './receive.ts'

/** What is expected of senders, and how messages are handed over; none is needed. @since 0.1.0 */
export interface SubscribeOptions extends ReceiveOptions {
  /** Takes each delivery as it comes, in place of the iterator. Its payload may be a view: copy it to keep it. */
  readonly callback?: (delivery: Delivery<Uint8Array>) => void
  /** Told what `callback` threw, and over which delivery. Default: it becomes an uncaught exception. */
  readonly onError?: (cause: unknown, delivery: Delivery<Uint8Array>) => void
}

/** What was subscribed to: deliveries to iterate over, and how to end it. @since 0.1.0 */
export interface Subscription extends AsyncIterable<Delivery<Uint8Array>> {
  /** Unsubscribes. What was delivered before is still handed out, then the iterator ends. */
  readonly close: () => void
  /**
   * How far the application has come, safe to turn into JSON; give it back as the option `start`. A position moves on when
   * the next delivery is asked for (or the callback has returned), so that a crash repeats rather than loses.
   */
  readonly positions: () => Positions
  /**
   * Takes no new messages, hands out what is in flight, and closes once every gap is settled: at the latest when all
   * deadlines have passed. While disconnected it waits for the reconnect, at most `drainTimeout` ms; then it closes, and
   * rejects with a `SequencedError` (`Unsettled`) if a gap is open. Drain a subscription before its connection, or close it and
   * start from its positions.
   */
  readonly drain: () => Promise<void>
  /** Settled when it is closed; with the error, if one has closed it. */
  readonly closed: Promise<Error | undefined>
}

const rethrow = (cause: unknown): void => {
  throw cause
}

const checkOptions = check(
  'subscribe',
  { ...receiveOptions, callback: handler, onError: handler },
  { queue: queueHint },
)

/**
 * Subscribes to a subject, or to a filter with wildcards, of senders that number their messages.
 *
 * Iterate over it, or give a `callback`. A `Message` is as it was sent; everything else tells what happened to others.
 *
 * Throws a `SequencedError` if the subject is not valid or an option can't be, and what the client throws, such as for
 * a closed connection.
 *
 * @since 0.1.0
 */
export const subscribe = (nc: Connection, subject: string, options: SubscribeOptions = {}): Subscription => {
  checkOptions(options)
  const { callback, onError = rethrow, ...terms } = options
  const queue = asyncQueue<Handed, Delivery<Uint8Array>>(
    item => item.delivery,
    item => reception.taken(item),
    () => reception.close(),
  )
  const call = (item: Handed): void => {
    try {
      callback?.(item.delivery)
    } catch (cause) {
      // Thrown here it would end the client's reader, and with it all subscriptions of the connection.
      queueMicrotask(() => onError(cause, item.delivery))
    }
    reception.taken(item)
  }
  const reception: Reception = receive(nc, subject, terms, {
    hand: callback === undefined ? queue.push : call,
    end: queue.end,
    keeps: callback === undefined,
  })
  const { close, drain, closed, positions } = reception
  return { close, drain, closed, positions, [Symbol.asyncIterator]: () => queue[Symbol.asyncIterator]() }
}
