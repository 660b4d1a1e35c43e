/**
 * A subscription that reports loss.
 *
 * @since 0.1.0
 */
import type { Positions } from '../../core/protocol/Positions.ts'
import type { LossReport } from '../../core/receiver/LossReport.ts'
import type { ReceivedDelivery } from '../../core/receiver/ReceivedMessage.ts'
import { withPayloadMethods } from '../../core/receiver/ReceivedMessage.ts'
import type { Connection } from '../client/Connection.ts'
import type { SavedPositions } from '../durable/savedPositions.ts'
import { asyncQueue } from '../internal/AsyncQueue.ts'
import { check, handler, option } from '../options.ts'
import { createAutosave } from './autosave.ts'
import { queueHint, receiveOptions } from './options.ts'
import { receive } from './receive.ts'
import type { ReceiverStats } from './receiverStats.ts'
import type { PendingDelivery, ReceiveOptions, ReceiverHandle } from './types.ts'

/** The options of a subscription. All of them are optional. @since 0.1.0 */
export interface SubscribeOptions extends ReceiveOptions {
  /**
   * The result of `savedPositions`. The subscription starts at these positions, or as `start` says if none were saved
   * yet. It saves its positions as it goes on, and at its end. Default: it starts as `start` says, and saves nothing.
   */
  readonly positions?: SavedPositions
  /**
   * Receives each delivery on arrival, instead of the iterator. The payload may be a view of the client's memory: copy
   * it to keep it.
   */
  readonly callback?: (delivery: ReceivedDelivery) => void
  /** Receives errors of `callback`, and the delivery that caused them. Default: they become uncaught exceptions. */
  readonly onError?: (cause: unknown, delivery: ReceivedDelivery) => void
}

/** A subscription: an async iterable of deliveries. @since 0.1.0 */
export interface Subscription extends AsyncIterable<ReceivedDelivery> {
  /** Unsubscribes. The iterator ends after the deliveries so far. */
  readonly close: () => void
  /**
   * The positions that the application has reached, as plain data that can be stored as JSON. Pass them as the option
   * `start` to resume. A position advances when the iterator is asked for the next delivery, or when the callback
   * returns. So a crash repeats a message rather than loses it.
   */
  readonly positions: () => Positions
  /**
   * Accepts no new messages, delivers those in flight, and closes when every gap is settled, at the latest when all
   * deadlines have passed. While disconnected it waits for the reconnect, at most `drainTimeout` ms. Then it closes,
   * and rejects with a `SequencedError` (`Unsettled`) if a gap is open. Drain a subscription before its connection, or
   * close it and resume from its positions.
   *
   * With the option `positions` it also saves what is processed so far. It rejects if that fails.
   */
  readonly drain: () => Promise<void>
  /**
   * What the subscription holds and has counted, also after its end. It takes time only when it is called: O(origins and
   * open gaps).
   */
  readonly stats: () => ReceiverStats
  /**
   * What was lost so far, by origin, and what explains it. At most 1,024 origins and 64 ranges of each are listed; the
   * rest is summed up. `explain` turns it into a table.
   */
  readonly lossReport: () => LossReport
  /**
   * Resolves when the subscription is closed, with an error if one has closed it. With the option `positions`, what is
   * processed so far is saved then, or the error says why not. If the iterator has more deliveries, its loop ends after
   * they are saved too.
   */
  readonly closed: Promise<Error | undefined>
}

const rethrow = (cause: unknown): void => {
  throw cause
}

const isSavedPositions = (u: unknown): u is SavedPositions =>
  typeof u === 'object' && u !== null && 'save' in u && 'use' in u && 'last' in u

const checkOptions = check(
  'subscribe',
  {
    ...receiveOptions,
    positions: option('the result of `await savedPositions(…)`', isSavedPositions),
    callback: handler,
    onError: handler,
  },
  { queue: queueHint },
)

/**
 * Subscribes to numbered messages on a subject, or on a filter with wildcards.
 *
 * Iterate over the subscription, or pass a `callback`. A `Message` arrives as it was sent. Every other delivery reports
 * what happened to messages or to their sender.
 *
 * Throws a `SequencedError` if the subject or an option is not valid, and what the client throws, such as for a closed
 * connection.
 *
 * @since 0.1.0
 */
export const subscribe = (nc: Connection, subject: string, options: SubscribeOptions = {}): Subscription => {
  checkOptions(options)
  const { callback, onError = rethrow, positions: saved, ...settings } = options
  saved?.use()
  const autosave =
    saved &&
    createAutosave(
      saved,
      () => receiver.positions(),
      error => receiver.fail(error),
    )
  const done = (item: PendingDelivery): void => {
    receiver.done(item)
    autosave?.count()
  }
  const queue = asyncQueue<PendingDelivery, ReceivedDelivery>(
    item => withPayloadMethods(item.delivery),
    done,
    () => receiver.close(),
    Number.POSITIVE_INFINITY,
    autosave?.flush,
  )
  const call = (item: PendingDelivery): void => {
    const delivery = withPayloadMethods(item.delivery)
    try {
      callback?.(delivery)
    } catch (cause) {
      // An error here would end the client's read loop, and with it all subscriptions of the connection.
      queueMicrotask(() => onError(cause, delivery))
    }
    done(item)
  }
  const start = saved?.last()
  const receiver: ReceiverHandle = receive(nc, subject, start === undefined ? settings : { ...settings, start }, {
    onDelivery: callback === undefined ? queue.push : call,
    onStart: () => autosave?.saveSoon(),
    onEnd: error => {
      autosave?.end()
      queue.end(error)
    },
    retainsPayloads: callback === undefined,
  })
  const { close, positions, stats, lossReport } = receiver
  const closed = receiver.closed.then(async error => {
    try {
      await autosave?.flush()
    } catch (cause) {
      if (error === undefined && cause instanceof Error) return cause
    }
    return error
  })
  const drain = async (): Promise<void> => {
    await receiver.drain()
    await autosave?.flush()
  }
  return {
    close,
    drain,
    closed,
    positions,
    stats,
    lossReport,
    [Symbol.asyncIterator]: () => queue[Symbol.asyncIterator](),
  }
}
