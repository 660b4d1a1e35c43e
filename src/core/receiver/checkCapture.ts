/**
 * The receiver's machine with no shell at all, over messages that have come already, such as a capture of their
 * subjects.
 *
 * @since 0.1.0
 */
import type { State } from 'fp-ts/lib/State.js'
import type { Delivery } from './Delivery.ts'
import type { Event, Receiver } from './Receiver.ts'
import { isSettled, step } from './Receiver.ts'

/**
 * Runs the machine over events, and gives all deliveries. Time is what the events say, and goes on at the end until
 * every gap is settled; what is delivered counts as taken at once; nobody is asked for anything, so what does not come
 * is `Lost` with the reason `unresolved`.
 *
 * The bounds of the receiver hold here, too. Of an unknown origin, or after a jump, messages are kept for 1.5 s of the
 * events' time, until it counts as unanswered: where more come than `maxMessages`, set that higher.
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
