/**
 * A publisher that numbers its messages.
 *
 * @since 0.1.0
 */

import * as Verb from '../../core/protocol/ControlSubject.ts'
import type { Epoch } from '../../core/protocol/Epoch.ts'
import type { SequenceNumber } from '../../core/protocol/SequenceNumber.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import type { Connection } from '../client/Connection.ts'
import { randomEpoch } from '../client/random.ts'
import { assertNotWrapped } from '../client/wrappedConnections.ts'
import { createNotices } from '../internal/notices.ts'
import { checkSubject } from '../options.ts'
import { describeSender, isGraveForSender } from './explain.ts'
import { Sending } from './OriginSender.ts'
import { openOutlet, spellingOf } from './publisherContext.ts'
import type { PublisherOptions, PublishOptions, SenderNotice } from './types.ts'
import { originFor } from './validate.ts'

/** One run of one sender. @since 0.1.0 */
export interface Publisher {
  /** Everything before the number in the subjects of its messages. */
  readonly origin: string
  readonly epoch: Epoch
  /**
   * Publishes a payload as it is, and gives the number it got. The payload is copied, so its buffer can be used again.
   *
   * Throws what the client throws, and a `SequencedError` if the publisher is closed, the reply subject is not valid, the
   * headers carry an inline status, or the payload is larger than the server takes. While disconnected it goes on into
   * the history, and throws `HistoryFull` when that has no room left. Whenever it throws, no number is used up.
   */
  readonly publish: (data?: Uint8Array | string, options?: PublishOptions) => SequenceNumber
  /** Settled when there is room to publish: at once, unless disconnected with a full history. */
  readonly ready: () => Promise<void>
  /**
   * What its owner should know: the last 1024 notices, then what follows until the end. Each call has an iterator of its
   * own. While nobody reads, a notice of loss, conflict or refusal becomes a warning of the process.
   */
  readonly notices: () => AsyncIterable<SenderNotice>
  /**
   * Takes no more messages, tells receivers that nothing follows (three times within 200 ms), and resolves when the server
   * has confirmed everything. While disconnected it waits for the reconnect. After `drainTimeout` ms it ends all the same,
   * and rejects with a `SequencedError` (`Unconfirmed`) that names what may not have arrived.
   */
  readonly close: () => Promise<void>
  /** Settled at the end, also when the connection has ended; with the error, if messages are not confirmed. */
  readonly closed: Promise<Error | undefined>
}

/**
 * Publishes to a subject, `updates`, under numbered ones: `updates.1`, `updates.2` …
 *
 * Throws a `SequencedError` if the subject or an option can't be, and what the client throws, such as for a closed
 * connection.
 *
 * @since 0.1.0
 */
export const publisher = (nc: Connection, subject: string, options: PublisherOptions = {}): Publisher => {
  assertNotWrapped(nc, 'publisher')
  checkSubject(subject)
  const { addressing, verbs } = spellingOf(options, subject)
  const epoch = randomEpoch()
  const origin = originFor(subject, addressing, options.sender, epoch)
  const isOurs = (at: string): boolean =>
    at.startsWith(`${origin.name}.`) ||
    (at.startsWith(`${verbs}.`) && `${at}.`.includes(`.${origin.subject}.`)) ||
    at === Verb.headOfAll(verbs)
  const notices = createNotices<SenderNotice>({ explain: describeSender, isWarning: isGraveForSender })
  const outlet = openOutlet(nc, { addressing, verbs }, options, notices, isOurs, () => sending.stop())
  let farewell: () => void = () => undefined
  const start = (): Sending => {
    outlet.answerAt(Verb.head(verbs)(origin.subject), ({ reply }) => sending.answer(reply))
    if (addressing === 'single')
      outlet.listenTo(Verb.heartbeats(verbs, addressing)(origin.subject), msg => sending.overhear(msg))
    else outlet.answerAt(Verb.head(verbs)(origin.name), ({ reply }) => sending.answer(reply))
    outlet.answerAll((filter, { reply }) => {
      if (Subject.matches(filter)(origin.subject)) sending.answer(reply)
    })
    outlet.replayAt(Verb.replays(verbs)(origin))
    return new Sending(outlet.means, origin, epoch, outlet.settings, {
      ended: () => farewell(),
      stopped: outlet.finish,
    })
  }
  const sending = outlet.started(start)
  let ending: Promise<void> | undefined
  const end = (): Promise<void> => {
    sending.close()
    return outlet.end(
      () =>
        new Promise(resolve => {
          farewell = resolve
        }),
    )
  }

  return {
    origin: origin.name,
    epoch,
    publish: (data, settings) => sending.publish(data, settings),
    ready: outlet.outbound.ready,
    notices: notices.read,
    close: () => {
      ending ??= end()
      return ending
    },
    closed: outlet.closed,
  }
}
