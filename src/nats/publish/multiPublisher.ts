/**
 * A publisher of many subjects, each with numbers of its own.
 *
 * @since 0.1.0
 */
import * as Address from '../../core/protocol/Address.ts'
import * as Verb from '../../core/protocol/ControlSubject.ts'
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
import { describeSender, isGraveForSender } from './explain.ts'
import type { SendingListener } from './OriginSender.ts'
import { Sending } from './OriginSender.ts'
import { openOutlet, spellingOf } from './publisherContext.ts'
import type { PublisherOptions, PublishOptions, SenderNotice } from './types.ts'
import { originFor } from './validate.ts'

/** One run of the sender of many subjects. @since 0.1.0 */
export interface Publishers {
  /**
   * Publishes to a subject within the filter, and gives the number it got there. Throws what `publish` of a single
   * publisher throws, and a `SequencedError` for a subject that is not valid, or not within the filter.
   */
  readonly publish: (subject: string, data?: Uint8Array | string, options?: PublishOptions) => SequenceNumber
  /** Settled when there is room to publish: at once, unless disconnected with a full history. */
  readonly ready: () => Promise<void>
  /**
   * What its owner should know, of all subjects: the last 1024 notices, then what follows until the end. Each call has an
   * iterator of its own. While nobody reads, a notice of loss, conflict or refusal becomes a warning of the process.
   */
  readonly notices: () => AsyncIterable<SenderNotice>
  /**
   * Takes no more messages, tells receivers of each subject that nothing follows (within 200 ms, or a second if there are
   * many), and resolves when the server has confirmed everything. While disconnected it waits for the reconnect. After
   * `drainTimeout` ms it ends all the same, and rejects with a `SequencedError` (`Unconfirmed`) that names what may not have
   * arrived.
   */
  readonly close: () => Promise<void>
  /** The same, but it tells receivers only once, and does not wait for a reconnect. */
  readonly stop: () => Promise<void>
  /** Settled at the end, also when the connection has ended; with the error, if messages are not confirmed. */
  readonly closed: Promise<Error | undefined>
}

/**
 * Subjects that can be live at once. Their heartbeats share 1000 a second, so each is heard every ten seconds at least;
 * beyond it those that were idle longest are ended, as far as receivers are concerned, and begin anew when they are
 * published to again.
 *
 * @since 0.1.0
 */
export const maxLive = 8192

/** A subject that is live, and when it was last looked at. */
interface Live {
  readonly sending: Sending
  readonly seenAt: number
}

/** Heads sent in one go when all are asked for. */
const pageOfHeads = 256

/** Askers that wait; one more is not answered, and asks again. */
const maxCensuses = 1024

/** How long the farewells of many subjects may take, in ms. */
const longestFarewell = 1000

/**
 * Publishes to all subjects within a filter, such as `prices.>`. Subjects begin when they are first published to.
 *
 * Throws a `SequencedError` if the filter or an option can't be, and what the client throws, such as for a closed
 * connection.
 *
 * @since 0.1.0
 */
export const publishers = (nc: Connection, subjects: string, options: PublisherOptions = {}): Publishers => {
  assertNotWrapped(nc, 'publishers')
  const notices = createNotices<SenderNotice>({ explain: describeSender, isWarning: isGraveForSender })
  const { confirm, ...opened } = openPublishers(nc, subjects, options, notices)
  return { ...opened, notices: notices.read }
}

/** Publishers whose notices go to a sink of the caller's. */
export interface SilentPublishers extends Omit<Publishers, 'notices'> {
  /** Settled when the server has confirmed what was published before, or the connection has closed. */
  readonly confirm: () => Promise<void>
}

/** The same as `publishers`, with the notices going to a sink of the caller's. */
export const openPublishers = (
  nc: Connection,
  subjects: string,
  options: PublisherOptions,
  notices: NoticeSink<SenderNotice>,
): SilentPublishers => {
  checkSubject(subjects)
  const { addressing, verbs } = spellingOf(options, subjects)
  const filter = orThrow(Subject.explain)(Subject.parseFilter(subjects))
  if (filter === '>')
    throw sequencedError(
      "'>' takes in everything, heartbeats and inboxes too. Name the subjects that are to be numbered.",
      { _tag: 'BadSubject', subject: subjects },
    )
  const isWithin = Subject.matches(filter)
  const isAddress = Subject.matches(orThrow(Subject.explain)(Subject.parseFilter(Address.filter(addressing)(filter))))
  // A name that can't be is refused now, not at the first message.
  const { run } = originFor('any', addressing, options.sender, randomEpoch())

  const lives = new Map<string, Live>()
  /** All that can be asked about: what is live, and what is over and still kept. */
  const origins = new Map<string, Sending>()
  let hasRetired = false

  const outlet = openOutlet(
    nc,
    { addressing, verbs },
    options,
    notices,
    at => at.startsWith(`${verbs}.`) || (Subject.isSubject(at) && isAddress(at)),
    () => stopAll(),
  )
  let isClosing = false
  const stopAll = (): void => {
    isClosing = true
    for (const sending of [...origins.values()]) sending.stop()
  }

  // --- what it is asked

  const notHere = new EncodedHeaders(headerBlock('404 Not Here', []))
  const answer = (name: string, reply: string): void => {
    const sending = lives.get(name)?.sending ?? origins.get(name)
    if (sending !== undefined) sending.answer(reply)
    // Since somebody listens, the server does not say that nobody does: whoever asks would have to wait for its patience to end.
    else if (addressing === 'single') nc.publish(reply, undefined, { headers: notHere })
  }

  /** Whoever asks for all heads gets them page by page, one after the other. */
  const censuses: Array<{ readonly filter: Subject.Filter; readonly reply: string }> = []
  let isCounting = false
  const count = async (): Promise<void> => {
    for (let census = censuses.shift(); census !== undefined; census = censuses.shift()) {
      const isMeant = Subject.matches(census.filter)
      let answers = 0
      for (const { sending } of [...lives.values()]) {
        if (!isMeant(sending.origin.subject)) continue
        sending.answer(census.reply)
        answers += 1
        if (answers % pageOfHeads !== 0) continue
        await nc.flush()
        await new Promise(resolve => setTimeout(resolve, 0))
      }
    }
  }
  const countAlone = (): void => {
    if (isCounting) return
    isCounting = true
    const done = (): void => {
      isCounting = false
    }
    // Disconnected: whoever still wants to know asks again.
    count().then(done, done)
  }

  outlet.started(() => {
    const prefix = `${Verb.headOfAll(verbs)}.`
    for (const at of Verb.headsOf(verbs, run?.sender)(filter))
      outlet.answerAt(at, ({ subject, reply }) => answer(subject.slice(prefix.length), reply))
    if (addressing === 'single')
      outlet.listenTo(Verb.heartbeats(verbs, addressing)(filter), msg => {
        const own = msg.subject.slice(`${verbs}.HB.`.length, msg.subject.lastIndexOf('.'))
        lives.get(own)?.sending.overhear(msg)
      })
    outlet.answerAll((wanted, { reply }) => {
      if (censuses.length < maxCensuses) censuses.push({ filter: wanted, reply })
      countAlone()
    })
    outlet.replayAt(Verb.replaysOf(verbs, run?.sender)(filter))
  })

  // --- subjects come and go

  /** The subject that was idle longest makes way; those that were published to since have another round. */
  const makeRoom = (): void => {
    for (const [subject, { sending, seenAt }] of lives) {
      if (lives.size < maxLive) return
      lives.delete(subject)
      if (sending.sentAt > seenAt) lives.set(subject, { sending, seenAt: sending.sentAt })
      else {
        hasRetired = true
        sending.retire()
      }
    }
  }

  const forgetLive = (sending: Sending): void => {
    const { subject } = sending.origin
    if (lives.get(subject)?.sending === sending) lives.delete(subject)
  }
  const listener: SendingListener = {
    ended: sending => {
      forgetLive(sending)
      if (lives.size === 0) farewellIsOver()
    },
    stopped: sending => {
      if (origins.get(sending.name) === sending) origins.delete(sending.name)
      forgetLive(sending)
    },
  }

  const open = (subject: string): Sending => {
    if (isClosing)
      throw sequencedError(`The publisher of ${filter} is closed: make a new one to go on.`, { _tag: 'Closed' })
    const epoch = randomEpoch()
    const origin = originFor(subject, addressing, options.sender, epoch)
    if (!isWithin(origin.subject))
      throw sequencedError(`${subject} is not within ${filter}: publish it by itself, or widen the filter.`, {
        _tag: 'OutsideFilter',
        subject,
        filter,
      })
    makeRoom()
    // In `single` a new run takes the place of the old one, and its numbers must not be those of the old one again.
    origins.get(origin.name)?.stop()
    const settings =
      hasRetired && addressing === 'single'
        ? { ...outlet.settings, start: Sender.startFromClock(Date.now()) }
        : outlet.settings
    const sending = new Sending(outlet.means, origin, epoch, settings, listener)
    origins.set(origin.name, sending)
    return sending
  }

  const publish: Publishers['publish'] = (subject, data, publishOptions) => {
    const live = lives.get(subject)
    if (live !== undefined) return live.sending.publish(data, publishOptions)
    const sending = open(subject)
    try {
      return sending.publish(data, publishOptions)
    } finally {
      lives.set(subject, { sending, seenAt: sending.sentAt })
    }
  }

  // --- the end

  let farewellIsOver: () => void = () => undefined
  /** Of those that are left after a second each says it once. */
  const farewell = async (): Promise<void> => {
    const all = new Promise<void>(resolve => {
      farewellIsOver = resolve
    })
    const clock = setTimeout(farewellIsOver, longestFarewell)
    if (lives.size > 0) await all
    clearTimeout(clock)
    sayOnce()
  }
  const sayOnce = (): void => {
    for (const { sending } of lives.values()) sending.retire()
  }

  let ending: Promise<void> | undefined
  return {
    publish,
    ready: outlet.outbound.ready,
    confirm: outlet.outbound.confirm,
    close: () => {
      isClosing = true
      if (ending === undefined) for (const { sending } of [...lives.values()]) sending.close()
      ending ??= outlet.end(farewell)
      return ending
    },
    stop: () => {
      isClosing = true
      if (!isConnected(nc)) outlet.finish()
      return outlet.end(async () => sayOnce())
    },
    closed: outlet.closed,
  }
}
