/**
 * A publisher of many subjects, each with its own numbers.
 *
 * @since 0.1.0
 */
import * as Address from '../../core/protocol/Address.ts'
import * as ControlSubject from '../../core/protocol/ControlSubject.ts'
import type { SequenceNumber } from '../../core/protocol/SequenceNumber.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import * as Sender from '../../core/sender/Sender.ts'
import type { Connection } from '../client/Connection.ts'
import { isConnected } from '../client/connectionStatus.ts'
import { EncodedHeaders } from '../client/EncodedHeaders.ts'
import { headerBlock } from '../client/headers.ts'
import { randomEpoch } from '../client/random.ts'
import { assertNotWrapped } from '../client/wrappedConnections.ts'
import { orThrow, sequencedError } from '../errors.ts'
import type { NoticeSink } from '../internal/notices.ts'
import { createNotices } from '../internal/notices.ts'
import { checkSubject } from '../options.ts'
import { explainSenderNotice, isSenderWarning } from './explain.ts'
import type { SendAnswer } from './headServer.ts'
import { searchedPerAnswer } from './headServer.ts'
import type { OriginSenderListener } from './OriginSender.ts'
import { OriginSender } from './OriginSender.ts'
import { checkAddressSettings, openSession } from './publisherSession.ts'
import type { SenderStats } from './senderStats.ts'
import type { PublisherOptions, PublishOptions, SenderNotice } from './types.ts'
import { sumUp } from './unread.ts'
import { createOrigin } from './validate.ts'

/** A publisher of all subjects within a filter. @since 0.1.0 */
export interface Publishers {
  /**
   * Publishes to a subject within the filter, and returns the number of the message on that subject. Throws what
   * `publish` of a single publisher throws, and a `SequencedError` if the subject is not valid, not within the filter,
   * or in `single` already has another open publisher on the connection (`AlreadyPublished`).
   */
  readonly publish: (subject: string, data?: Uint8Array | string, options?: PublishOptions) => SequenceNumber
  /**
   * Resolves when there is room to publish: at once, unless disconnected with a full history, or all reserved numbers
   * of a subject are used.
   */
  readonly ready: () => Promise<void>
  /**
   * The last 1,024 notices of all subjects, then new ones until the end. Older ones are summed up (`Unread`). Each call
   * returns an independent iterator. While nobody reads, a notice of loss, conflict or refusal becomes a process
   * warning.
   */
  readonly notices: () => AsyncIterable<SenderNotice>
  /** What the publisher sends and has counted, also after its end. It takes time only when it is called: O(subjects). */
  readonly stats: () => SenderStats
  /**
   * Ends all sequences: accepts no more messages, sends `ended` heartbeats for each subject (within 200 ms, or 1 s for
   * many subjects), and resolves when the server has confirmed everything. While disconnected it waits for the
   * reconnect. After `drainTimeout` ms it closes in any case, and rejects with a `SequencedError` (`Unconfirmed`) that
   * lists the unconfirmed messages.
   */
  readonly close: () => Promise<void>
  /** Like `close`, but sends one `ended` heartbeat for each subject, and does not wait for a reconnect. */
  readonly stop: () => Promise<void>
  /** Resolves when the publisher or its connection has ended, with an error if messages are not confirmed. */
  readonly closed: Promise<Error | undefined>
}

/**
 * The limit of live subjects. Their heartbeats share 1,000 a second, so each subject sends one at least every ten
 * seconds. Beyond the limit, the publisher retires the subjects that were idle longest. A retired subject starts a new
 * run when it is published to again.
 *
 * @since 0.1.0
 */
export const maxLiveSubjects = 8192

/** A live subject, and the time of its last message when `makeRoom` last checked it. */
interface LiveSubject {
  readonly sender: OriginSender
  readonly checkedSentAt: number
}

/** The longest time that `close` spends on `ended` heartbeats, in ms. */
const maxEndingTime = 1000

/**
 * Publishes to all subjects within a filter, such as `prices.>`. The sequence of a subject starts with its first
 * message.
 *
 * Throws a `SequencedError` if the filter or an option is not valid, and what the client throws, such as for a closed
 * connection.
 *
 * @since 0.1.0
 */
export const publishers = (nc: Connection, subjects: string, options: PublisherOptions = {}): Publishers => {
  assertNotWrapped(nc, 'publishers')
  const notices = createNotices<SenderNotice>({ explain: explainSenderNotice, isWarning: isSenderWarning, sumUp })
  const { confirm, ...opened } = openPublishers(nc, subjects, options, notices)
  return { ...opened, notices: notices.read }
}

/** `Publishers` whose notices go to a sink of the caller. */
export interface OpenPublishers extends Omit<Publishers, 'notices'> {
  /** Resolves when the server has confirmed everything published so far, or the connection is closed. */
  readonly confirm: () => Promise<void>
}

/** Opens `publishers` for a connection that may be wrapped. The notices go to a sink of the caller. */
export const openPublishers = (
  nc: Connection,
  subjects: string,
  options: PublisherOptions,
  notices: NoticeSink<SenderNotice>,
): OpenPublishers => {
  checkSubject(subjects)
  const { addressing, prefix } = checkAddressSettings(options, subjects)
  const filter = orThrow(Subject.explain)(Subject.parseFilter(subjects))
  if (filter === '>')
    throw sequencedError(
      "The filter '>' includes heartbeats and inboxes. Use the subjects that are to be numbered, such as 'prices.>'.",
      { _tag: 'BadSubject', subject: subjects },
    )
  const isWithin = Subject.matches(filter)
  const addresses = Address.filter(addressing)(filter)
  // Throws for a sender name that is not valid, before the first message.
  const { run } = createOrigin('any', addressing, options.sender, randomEpoch())

  const liveSubjects = new Map<string, LiveSubject>()
  /** Live origins, and retired ones whose messages are still in the history. */
  const origins = new Map<string, OriginSender>()
  let hasRetired = false
  /** The messages of origins that have stopped. */
  let publishedBefore = 0

  const session = openSession(
    nc,
    { addressing, prefix },
    options,
    notices,
    { subjects: filter, sender: run?.sender, hasOrigin: name => origins.has(name) },
    () => stopAll(),
  )
  const { sendLog } = session.context
  let isClosing = false
  const stopAll = (): void => {
    isClosing = true
    for (const sender of [...origins.values()]) sender.stop()
  }

  // --- requests

  const notHereHeaders = new EncodedHeaders(headerBlock('404 Not Here', []))
  const answerHead = (name: string): SendAnswer => {
    const sender = liveSubjects.get(name)?.sender ?? origins.get(name)
    if (sender !== undefined) return reply => sender.sendHead(reply)
    // This publisher subscribes to all subjects of its filter, so the server sends no 503: the receiver would wait.
    return reply => (addressing === 'single' ? nc.publish(reply, undefined, { headers: notHereHeaders }) : undefined)
  }

  function* headsWithin(wanted: Subject.Filter): Generator<SendAnswer | undefined> {
    const isRequested = Subject.matches(wanted)
    // Subjects that `makeRoom` moves to the end are not answered again.
    let left = liveSubjects.size
    let searched = 0
    for (const { sender } of liveSubjects.values()) {
      if (left-- === 0) return
      if (isRequested(sender.origin.subject)) yield reply => sender.sendHead(reply)
      else if (++searched % searchedPerAnswer === 0) yield undefined
    }
  }

  session.setUp(() => {
    const headPrefix = `${ControlSubject.headOfAll(prefix)}.`
    for (const at of ControlSubject.headsOf(prefix, run?.sender)(filter))
      session.answerHead(at, subject => answerHead(subject.slice(headPrefix.length)))
    if (addressing === 'single')
      session.subscribe(ControlSubject.heartbeats(prefix, addressing)(filter), msg => {
        const name = msg.subject.slice(`${prefix}.HB.`.length, msg.subject.lastIndexOf('.'))
        liveSubjects.get(name)?.sender.onOtherHeartbeat(msg)
      })
    session.answerAllHeads(headsWithin)
    session.serveReplays(ControlSubject.replaysOf(prefix, run?.sender)(filter))
  })

  // --- subjects

  /** Retires the subject that was idle longest. Subjects with messages since the last check stay. */
  const makeRoom = (): void => {
    for (const [subject, { sender, checkedSentAt }] of liveSubjects) {
      if (liveSubjects.size < maxLiveSubjects) return
      liveSubjects.delete(subject)
      if (sender.sentAt > checkedSentAt) liveSubjects.set(subject, { sender, checkedSentAt: sender.sentAt })
      else {
        hasRetired = true
        sender.retire()
      }
    }
  }

  const removeLive = (sender: OriginSender): void => {
    const { subject } = sender.origin
    if (liveSubjects.get(subject)?.sender === sender) liveSubjects.delete(subject)
  }
  const listener: OriginSenderListener = {
    onEnded: sender => {
      removeLive(sender)
      if (liveSubjects.size === 0) onAllEnded()
    },
    onStopped: sender => {
      publishedBefore += sender.published
      if (origins.get(sender.name) === sender) origins.delete(sender.name)
      removeLive(sender)
    },
  }

  const openOrigin = (subject: string): OriginSender => {
    if (isClosing)
      throw sequencedError(`The publisher of ${filter} is closed: create a new one to continue.`, { _tag: 'Closed' })
    const epoch = randomEpoch()
    const origin = createOrigin(subject, addressing, options.sender, epoch)
    if (!isWithin(origin.subject))
      throw sequencedError(
        `${subject} is not within the filter ${filter}. Use another publisher for it, or widen the filter.`,
        { _tag: 'OutsideFilter', subject, filter },
      )
    sendLog.assertUnused(origin.name)
    makeRoom()
    // In `single` the new run replaces the retired one, and must not use its numbers again.
    origins.get(origin.name)?.stop()
    const senderOptions =
      hasRetired && addressing === 'single' && session.context.numbers === undefined
        ? { ...session.senderOptions(), start: Sender.startFromClock(Date.now()) }
        : session.senderOptions()
    const sender = new OriginSender(session.context, origin, epoch, senderOptions, listener)
    origins.set(origin.name, sender)
    return sender
  }

  const publish: Publishers['publish'] = (subject, data, publishOptions) => {
    const live = liveSubjects.get(subject)
    if (live !== undefined) return live.sender.publish(data, publishOptions)
    const sender = openOrigin(subject)
    try {
      return sender.publish(data, publishOptions)
    } finally {
      liveSubjects.set(subject, { sender, checkedSentAt: sender.sentAt })
    }
  }

  // --- the end

  const retireAll = async (): Promise<void> => {
    for (const { sender } of liveSubjects.values()) sender.retire()
  }

  let onAllEnded: () => void = () => undefined
  /**
   * Waits for the `ended` heartbeats of all subjects. Subjects that are not done after a second send one more at once.
   */
  const sendEnded = async (): Promise<void> => {
    const allEnded = new Promise<void>(resolve => {
      onAllEnded = resolve
    })
    const timer = setTimeout(onAllEnded, maxEndingTime)
    if (liveSubjects.size > 0) await allEnded
    clearTimeout(timer)
    await retireAll()
  }

  let closing: Promise<void> | undefined
  return {
    publish,
    stats: () =>
      session.stats(
        addresses,
        [...origins.values()].map(sender => sender.stats()),
        publishedBefore,
      ),
    ready: () => session.ready(),
    confirm: sendLog.confirm,
    close: () => {
      isClosing = true
      if (closing === undefined) for (const { sender } of [...liveSubjects.values()]) sender.close()
      closing ??= session.close(sendEnded)
      return closing
    },
    stop: () => {
      isClosing = true
      if (!isConnected(nc)) session.closeNow()
      return session.close(retireAll)
    },
    closed: session.closed,
  }
}
