/**
 * A publisher that numbers the messages of one subject.
 *
 * @since 0.1.0
 */
import * as Address from '../../core/protocol/Address.ts'
import * as ControlSubject from '../../core/protocol/ControlSubject.ts'
import type { Epoch } from '../../core/protocol/Epoch.ts'
import type { SequenceNumber } from '../../core/protocol/SequenceNumber.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import type { Connection } from '../client/Connection.ts'
import { randomEpoch } from '../client/random.ts'
import { assertNotWrapped } from '../client/wrappedConnections.ts'
import { createNotices } from '../internal/notices.ts'
import { checkSubject } from '../options.ts'
import { explainSenderNotice, isSenderWarning } from './explain.ts'
import { OriginSender } from './OriginSender.ts'
import { checkAddressSettings, openSession } from './publisherSession.ts'
import type { SenderStats } from './senderStats.ts'
import type { PublisherOptions, PublishOptions, SenderNotice } from './types.ts'
import { sumUp } from './unread.ts'
import { createOrigin } from './validate.ts'

/** A publisher of one subject: one run of one sender. @since 0.1.0 */
export interface Publisher {
  /** The part of its data subjects before the number. */
  readonly origin: string
  /** Names the run. It changes only if another sender has taken the next reserved numbers (`NumbersTaken`). */
  readonly epoch: Epoch
  /**
   * Publishes a payload unchanged, and returns the number of the message. The payload is copied, so its buffer can be
   * reused.
   *
   * Throws what the client throws, and a `SequencedError` if the publisher is closed, the reply subject is not valid,
   * the headers carry an inline status, or the message is larger than the server's `max_payload`. While disconnected,
   * messages go to the history, and `publish` throws `HistoryFull` when the history is full. With reserved numbers it
   * throws `NotReserved` when the next ones are not reserved yet. If it throws, no number is used.
   */
  readonly publish: (data?: Uint8Array | string, options?: PublishOptions) => SequenceNumber
  /**
   * Resolves when there is room to publish: at once, unless disconnected with a full history, or all reserved numbers
   * are used.
   */
  readonly ready: () => Promise<void>
  /**
   * The last 1,024 notices, then new ones until the end. Older ones are summed up (`Unread`). Each call returns an
   * independent iterator. While nobody reads, a notice of loss, conflict or refusal becomes a process warning.
   */
  readonly notices: () => AsyncIterable<SenderNotice>
  /** What the publisher sends and has counted, also after its end. */
  readonly stats: () => SenderStats
  /**
   * Ends the sequence: accepts no more messages, sends three heartbeats marked `ended` within 200 ms, and resolves when
   * the server has confirmed everything. While disconnected it waits for the reconnect. After `drainTimeout` ms it
   * closes in any case, and rejects with a `SequencedError` (`Unconfirmed`) that lists the unconfirmed messages.
   */
  readonly close: () => Promise<void>
  /** Resolves when the publisher or its connection has ended, with an error if messages are not confirmed. */
  readonly closed: Promise<Error | undefined>
}

/**
 * Publishes to a subject, such as `updates`, under numbered subjects: `updates.1`, `updates.2` …
 *
 * Throws a `SequencedError` if the subject or an option is not valid, and what the client throws, such as for a closed
 * connection. In `single` it also throws if the connection already has an open publisher of the subject
 * (`AlreadyPublished`).
 *
 * @since 0.1.0
 */
export const publisher = (nc: Connection, subject: string, options: PublisherOptions = {}): Publisher => {
  assertNotWrapped(nc, 'publisher')
  checkSubject(subject)
  const { addressing, prefix } = checkAddressSettings(options, subject)
  const epoch = randomEpoch()
  const origin = createOrigin(subject, addressing, options.sender, epoch)
  const own = {
    subjects: origin.subject,
    sender: origin.run?.sender,
    hasOrigin: (name: string): boolean => name === origin.name,
  }
  const notices = createNotices<SenderNotice>({ explain: explainSenderNotice, isWarning: isSenderWarning, sumUp })
  const session = openSession(nc, { addressing, prefix }, options, notices, own, () => sender.stop())

  let onEnded: () => void = () => undefined
  const sender = session.setUp(() => {
    session.context.sendLog.assertUnused(origin.name)
    const sendHead = (reply: string): void => sender.sendHead(reply)
    session.answerHead(ControlSubject.head(prefix)(origin.subject), () => sendHead)
    if (addressing === 'single')
      session.subscribe(ControlSubject.heartbeats(prefix, addressing)(origin.subject), msg =>
        sender.onOtherHeartbeat(msg),
      )
    else session.answerHead(ControlSubject.head(prefix)(origin.name), () => sendHead)
    session.answerAllHeads(filter => (Subject.matches(filter)(origin.subject) ? [sendHead] : []))
    session.serveReplays(ControlSubject.replays(prefix)(origin))
    return new OriginSender(session.context, origin, epoch, session.senderOptions(), {
      onEnded: () => onEnded(),
      onStopped: session.closeNow,
    })
  })

  const close = (): Promise<void> => {
    sender.close()
    return session.close(
      () =>
        new Promise(resolve => {
          onEnded = resolve
        }),
    )
  }
  let closing: Promise<void> | undefined

  return {
    origin: origin.name,
    get epoch() {
      return sender.epoch
    },
    publish: (data, settings) => sender.publish(data, settings),
    ready: () => session.ready(sender.head + 1),
    notices: notices.read,
    stats: () => session.stats(Address.filter(addressing)(origin.subject), [sender.stats()], 0),
    close: () => {
      closing ??= close()
      return closing
    },
    closed: session.closed,
  }
}
