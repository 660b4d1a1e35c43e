/** Runs the receiver over captured messages, without a connection. @since 0.1.0 */
import type { State } from 'fp-ts/lib/State.js'
import type { Delivery } from './Delivery.ts'
import type { Event, Receiver } from './Receiver.ts'
import { isSettled, step } from './Receiver.ts'

/**
 * Runs the state machine over events and returns all deliveries. Time is the time of the events. After the last event
 * it advances until every gap is settled. Deliveries count as processed at once. Requests are not sent, so missing
 * messages are `Lost` with the reason `unresolved`.
 *
 * The receiver's limits apply. Messages of an unknown origin, or after a large jump, are kept for 1.5 s of the events'
 * time, until the request counts as unanswered. If more than `maxMessages` arrive in that time, raise `maxMessages`.
 *
 * @example
 * import { Address, checkCapture, explain, Receiver } from 'nats-sequenced/core'
 * import { flow, pipe } from 'fp-ts/lib/function.js'
 * import * as O from 'fp-ts/lib/Option.js'
 * import * as RA from 'fp-ts/lib/ReadonlyArray.js'
 * import * as S from 'fp-ts/lib/State.js'
 *
 * const [, ...found] = pipe(
 *   ['updates.1', 'updates.2', 'updates.4'],
 *   RA.filterMap(flow(Address.parse('single'), O.fromEither)),
 *   RA.mapWithIndex((ms, address) => Receiver.arrival(ms, undefined)(address)),
 *   checkCapture,
 *   S.evaluate(Receiver.create({ mode: 'arrival' })),
 * )
 * found.map(explain).at(-1) // 'updates: 1 message lost (3): they did not arrive in time (gapTimeout). They will not be delivered.'
 *
 * @since 0.1.0
 */
export const checkCapture =
  <A>(events: Iterable<Event<A>>): State<Receiver<A>, ReadonlyArray<Delivery<A>>> =>
  self => {
    const deliveries: Array<Delivery<A>> = []
    let receiver = self
    const take = (event: Event<A>): void => {
      const [outputs, after] = step(event)(receiver)
      receiver = after
      let [taken, bytes] = [0, 0]
      for (const output of outputs)
        if (output._tag === 'Deliver') {
          deliveries.push(output.delivery)
          taken += 1
          bytes += output.bytes
        }
      if (taken > 0) take({ _tag: 'Consumed', now: event.now, deliveries: taken, bytes })
    }
    for (const event of events) {
      while (receiver.wakeAt <= event.now) take({ _tag: 'Tick', now: receiver.wakeAt })
      take(event)
    }
    while (!isSettled(receiver) && receiver.wakeAt < Number.POSITIVE_INFINITY)
      take({ _tag: 'Tick', now: receiver.wakeAt })
    return [deliveries, receiver]
  }
