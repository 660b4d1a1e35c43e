/**
 * A publisher that numbers its messages.
 *
 * @since 0.1.0
 */

import * as Verb from '../../core/protocol/ControlSubject.ts'
import type { Epoch } from '../../core/protocol/Epoch.ts'
import type { Headers } from '../../core/protocol/Headers.ts'
import type { Addressing } from '../../core/protocol/Origin.ts'
import type { SequenceNumber } from '../../core/protocol/SequenceNumber.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import type { Limits } from '../../core/sender/History.ts'
import type { Connection } from '../client/Connection.ts'
import { drawEpoch } from '../client/random.ts'
import { checkPlain } from '../client/wrapped.ts'
import { startNotices } from '../internal/notices.ts'
import { checkSubject } from '../options.ts'
import { describeSender, isGraveForSender } from './explain.ts'
import { Sending } from './OriginSender.ts'
import { openOutlet, spellingOf } from './publisherContext.ts'
import type { Repair } from './sendLog.ts'
import { originFor } from './validate.ts'

/** How a publisher numbers, beats and keeps; none is needed. @since 0.1.0 */
export interface PublisherOptions {
  /** How addresses are spelled. Default `single`: this is the only sender of the subject. */
  readonly addressing?: Addressing
  /** The name of this sender, one subject token of at most 64 bytes; needed in `perSender`. */
  readonly sender?: string
  /** What stands before heartbeats and requests. Default `_SEQ`. */
  readonly prefix?: string
  /**
   * The first number. Default 1. `'clock'` starts at microseconds since 2020, so that the numbers of a restarted `single`
   * sender never go back.
   */
  readonly from?: number | 'clock'
  /**
   * What is kept for replays, for all publishers of the connection together: at most `messages` (default 65,536), `bytes`
   * (default 32 MiB; payloads, headers, reply subjects, 320 for each message and 1024 for each subject with a message in
   * the history) and `age` in ms (default 300,000).
   */
  readonly history?: Partial<Limits>
  /** How long after a message the first heartbeat follows, in ms. Default 50. */
  readonly heartbeatAfter?: number
  /** The longest time between two heartbeats, in ms. Default 5000. */
  readonly heartbeatMax?: number
  /** How long the end waits for a connection and for the server's confirmation, in ms. Default 5000. */
  readonly drainTimeout?: number
  /**
   * What the inboxes of receivers begin with, beside `_INBOX`, `_INBOX_…`, `_INBOX-…` and the `inboxPrefix` of this connection:
   * subjects without wildcards, matched by whole tokens. Requests with any other reply subject are not answered. Default: none.
   */
  readonly inboxes?: ReadonlyArray<string>
}

/** What goes with a payload. @since 0.1.0 */
export interface PublishOptions {
  /** Where an answer is expected. */
  readonly reply?: string
  readonly headers?: Headers
}

/** Another sender uses the subject of this one. @since 0.1.0 */
export interface SenderConflict {
  readonly _tag: 'Conflict'
  readonly origin: string
  readonly epoch: Epoch
  readonly rival: Epoch
}

/**
 * The server has refused what this publisher needs: to publish a message (it is lost), a heartbeat or an answer, or to
 * subscribe to requests.
 *
 * @since 0.1.0
 */
export interface SenderRefused {
  readonly _tag: 'Refused'
  readonly operation: string
  readonly subject: string
}

/**
 * The publisher, or its connection, ended before the server confirmed these messages: they may not have arrived, and are
 * not sent again.
 *
 * @since 0.1.0
 */
export interface Unconfirmed {
  readonly _tag: 'Unconfirmed'
  readonly origin: string
  readonly first: number
  readonly last: number
}

/**
 * A request names a reply subject that is not an inbox, so it is not answered. Reported once for each verb and first token
 * of the reply subject, for 64 of these at most.
 *
 * @since 0.1.0
 */
export interface AnswerRefused {
  readonly _tag: 'AnswerRefused'
  /** Where the request was sent, such as `_SEQ.REPLAY.updates.2`. */
  readonly subject: string
  /** Where the answer should have gone. */
  readonly reply: string
}

/** What a sender is told. @since 0.1.0 */
export type SenderNotice = SenderConflict | SenderRefused | AnswerRefused | Unconfirmed | Repair

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
  checkPlain(nc, 'publisher')
  checkSubject(subject)
  const { addressing, verbs } = spellingOf(options, subject)
  const epoch = drawEpoch()
  const origin = originFor(subject, addressing, options.sender, epoch)
  const isOurs = (at: string): boolean =>
    at.startsWith(`${origin.name}.`) ||
    (at.startsWith(`${verbs}.`) && `${at}.`.includes(`.${origin.subject}.`)) ||
    at === Verb.headOfAll(verbs)
  const notices = startNotices<SenderNotice>({ explain: describeSender, isGrave: isGraveForSender })
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
