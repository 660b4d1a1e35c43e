/** The NATS subscriptions of a receiver. The server may refuse any of them. */
import type { Connection, Msg, NatsSubscription } from '../client/Connection.ts'
import { isSubscriptionRefusal } from '../client/connectionStatus.ts'
import type { SequencedError } from '../errors.ts'
import { sequencedError } from '../errors.ts'
import type { Refusals } from './refusals.ts'

export interface ReceiverSubscriptions {
  /** Subscribes. The receiver ends if the server does not permit it. */
  readonly subscribe: (at: string, onMessage: (msg: Msg) => void, queue?: string) => NatsSubscription
  /** Subscribes, if the server permits it. */
  readonly trySubscribe: (at: string, onMessage: (msg: Msg) => void) => void
  /** Unsubscribes all. No message arrives any more. */
  readonly end: () => void
}

/**
 * @param subject what the application subscribes to
 * @param onRefused ends the receiver
 */
export const createReceiverSubscriptions = (
  nc: Connection,
  subject: string,
  refusals: Pick<Refusals, 'onSubscribeRefused'>,
  onRefused: (error: SequencedError) => void,
): ReceiverSubscriptions => {
  const all: Array<NatsSubscription> = []
  let hasEnded = false

  const refused = (at: string, cause: Error): SequencedError => {
    const rule = isSubscriptionRefusal(cause) ? refusals.onSubscribeRefused(at).subject : at
    return sequencedError(
      `The subscription to ${at} has ended: ${cause.message}. A receiver of ${subject} requires it: add the permission for this user, subscribe: ${JSON.stringify(rule)}.`,
      { _tag: 'SubscriptionRefused', subject: at, rule, cause },
    )
  }

  const open = (
    at: string,
    onMessage: (msg: Msg) => void,
    onError: (cause: Error) => void,
    queue?: string,
  ): NatsSubscription => {
    const callback = (err: Error | null, msg: Msg): void => {
      if (hasEnded) return
      if (err === null) onMessage(msg)
      else onError(err)
    }
    const subscription = nc.subscribe(at, queue === undefined ? { callback } : { callback, queue })
    all.push(subscription)
    return subscription
  }

  return {
    subscribe: (at, onMessage, queue) => open(at, onMessage, cause => onRefused(refused(at, cause)), queue),
    trySubscribe: (at, onMessage) => {
      open(at, onMessage, () => undefined)
    },
    end: () => {
      hasEnded = true
      if (!nc.isClosed()) for (const s of all) s.unsubscribe()
    },
  }
}
