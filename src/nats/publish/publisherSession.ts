/**
 * The session of one publisher, from its first subscription to its end: what `publisher` and `publishers` have in
 * common. It subscribes, filters and parses requests, and closes in order.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as Address from '../../core/protocol/Address.ts'
import * as ControlSubject from '../../core/protocol/ControlSubject.ts'
import type { Addressing } from '../../core/protocol/Origin.ts'
import * as SequenceNumber from '../../core/protocol/SequenceNumber.ts'
import { defaultLimits } from '../../core/sender/History.ts'
import * as ReplayQueue from '../../core/sender/ReplayQueue.ts'
import * as Sender from '../../core/sender/Sender.ts'
import type { Connection, Msg, NatsSubscription } from '../client/Connection.ts'
import { isSubscriptionRefusal, onConnectionStatus, whenConnected } from '../client/connectionStatus.ts'
import { decodeText } from '../client/decodeText.ts'
import { EncodedHeaders } from '../client/EncodedHeaders.ts'
import { headerBlock } from '../client/headers.ts'
import { timeout } from '../client/timer.ts'
import { isReservedNumbers } from '../durable/reserveNumbers.ts'
import { sequencedError, unconfirmedError } from '../errors.ts'
import type { NoticeSink } from '../internal/notices.ts'
import { check, parsePrefix } from '../options.ts'
import { createDropNotices } from './dropNotices.ts'
import type { HeadSource, SendAnswer } from './headServer.ts'
import { headServerOf } from './headServer.ts'
import { heartbeatTimerOf } from './heartbeatTimer.ts'
import { publisherOptions } from './options.ts'
import type { PublisherContext } from './publisherContext.ts'
import { entries } from './ranges.ts'
import type { OwnSubjects } from './refusals.ts'
import { Refusals } from './refusals.ts'
import { createReplySubjectFilter } from './replySubjectFilter.ts'
import type { SenderOriginStats, SenderStats } from './senderStats.ts'
import { countNotices, statsOf } from './senderStats.ts'
import { sendLogOf } from './sendLog.ts'
import type { PublisherOptions, SenderNotice, Unconfirmed } from './types.ts'

/** A message with a reply subject. */
export interface RequestMsg extends Msg {
  readonly reply: string
}

/** The form of the data subjects, and the prefix of heartbeats and requests. */
export interface AddressSettings {
  readonly addressing: Addressing
  readonly prefix: ControlSubject.Prefix
}

const checkOptions = check('publisher', publisherOptions)

/** Checks the options, and that the data subjects do not begin with the prefix of heartbeats and requests. */
export const checkAddressSettings = (options: PublisherOptions, subjects: string): AddressSettings => {
  checkOptions(options)
  const { addressing = 'single', from } = options
  if (addressing === 'perSender' && isReservedNumbers(from))
    throw sequencedError(
      "Reserved numbers are for the addressing 'single': in 'perSender' each run has its own sequence. Omit the option from.",
      { _tag: 'BadOption', option: 'from', value: from },
    )
  const prefix = parsePrefix(options.prefix)
  if (subjects.startsWith(`${prefix}.`))
    throw sequencedError(
      `${subjects} begins with ${prefix}., the prefix of heartbeats and requests. Use another subject, or set another prefix.`,
      { _tag: 'BadSubject', subject: subjects },
    )
  return { addressing, prefix }
}

export interface PublisherSession {
  readonly context: PublisherContext
  /** The options of a new origin. */
  readonly senderOptions: () => Sender.Options
  /** Subscribes until the session ends. Errors of the handler do not reach the client. */
  readonly subscribe: (at: string, handler: (msg: Msg) => void) => void
  /** Answers requests for one head on a subject. */
  readonly answerHead: (at: string, answerTo: (subject: string) => SendAnswer) => void
  /** Answers head requests to all senders. */
  readonly answerAllHeads: (heads: HeadSource['heads']) => void
  /** Answers the replay requests on a subject. */
  readonly serveReplays: (at: string) => void
  /** Runs the set-up of a publisher. If it throws, all subscriptions are removed. */
  readonly setUp: <A>(start: () => A) => A
  /**
   * Closes in order: waits for the connection, sends the `ended` heartbeats, then waits for the server's confirmation.
   * Closes after `drainTimeout` ms in any case, and rejects with `Unconfirmed` if messages are not confirmed.
   *
   * @param sendEnded settled when the `ended` heartbeats were sent
   */
  readonly close: (sendEnded: () => Promise<void>) => Promise<void>
  readonly closeNow: () => void
  /**
   * @param subjects the numbered subjects, as a filter
   * @param publishedBefore the messages of origins that the publisher no longer has
   */
  readonly stats: (subjects: string, origins: ReadonlyArray<SenderOriginStats>, publishedBefore: number) => SenderStats
  /**
   * Settled when there is room to publish and there are reserved numbers, or the session has ended.
   *
   * @param number the next number, if there is only one origin
   */
  readonly ready: (number?: number) => Promise<void>
  /** Settled at the end, with an error if messages are not confirmed. */
  readonly closed: Promise<Error | undefined>
}

const isRequest = (msg: Msg): msg is RequestMsg => msg.reply !== undefined && msg.reply !== ''

/** An error of a handler must not end the client's read loop. */
const callSafely = (handler: (msg: Msg) => void, msg: Msg): void => {
  try {
    handler(msg)
  } catch {
    // The connection is closing, so no answer can be sent. Its own status reports that.
  }
}

/** @param stopOrigins stops all origins of the publisher at once */
export const openSession = (
  nc: Connection,
  { addressing, prefix }: AddressSettings,
  options: PublisherOptions,
  sink: NoticeSink<SenderNotice>,
  own: OwnSubjects,
  stopOrigins: () => void,
): PublisherSession => {
  const { from = 1, heartbeatDelay, maxHeartbeatInterval, history, drainTimeout = 5000 } = options
  const notices = countNotices(sink)
  const sendLog = sendLogOf(nc, history === undefined ? undefined : { ...defaultLimits, ...history })
  const numbers = isReservedNumbers(from) ? from.join(notices.report) : undefined
  const context: PublisherContext = {
    nc,
    prefix,
    sendLog,
    heartbeatTimer: heartbeatTimerOf(nc),
    headServer: headServerOf(nc),
    numbers,
    sign: options.sign,
    report: notices.report,
  }

  const startNumber = (): SequenceNumber.SequenceNumber => {
    if (numbers !== undefined) return numbers.start()
    return typeof from === 'number' ? SequenceNumber.nearest(from) : Sender.startFromClock(Date.now())
  }

  // --- the end

  let settle: (error: Error | undefined) => void = () => undefined
  const closed = new Promise<Error | undefined>(resolve => {
    settle = resolve
  })
  const subscriptions: Array<NatsSubscription> = []
  let stopAnswering = (): void => undefined
  let isClosed = false

  const unsubscribe = (): void => {
    isClosed = true
    stopListening()
    stopAnswering()
    if (!nc.isClosed()) for (const s of subscriptions) s.unsubscribe()
  }

  /** Settled when unused numbers were given back. */
  let givenBack: Promise<void> | undefined

  const closeNow = (): void => {
    if (isClosed) return
    unsubscribe()
    stopOrigins()
    givenBack = numbers?.leave()
    const unconfirmed = [...entries(sendLog.unconfirmed(context))].map(
      ([{ name }, range]): Unconfirmed => ({ _tag: 'Unconfirmed', origin: name, ...range }),
    )
    sendLog.discardUnconfirmed(context)
    for (const notice of unconfirmed) notices.report(notice)
    notices.end()
    settle(unconfirmed.length === 0 ? undefined : unconfirmedError(unconfirmed))
  }

  const closeInOrder = async (sendEnded: () => Promise<void>): Promise<void> => {
    const { elapsed, cancel } = timeout(drainTimeout)
    const isOver = Promise.race([elapsed, closed])
    for (const step of [() => whenConnected(nc), sendEnded, sendLog.confirm]) await Promise.race([step(), isOver])
    closeNow()
    await Promise.race([givenBack, elapsed])
    cancel()
    const error = await closed
    if (error !== undefined) throw error
  }

  const close: PublisherSession['close'] = sendEnded => {
    const closing = closeInOrder(sendEnded)
    // A notice reports the failure too, so a caller that does not await it gets no unhandled rejection.
    closing.catch(() => undefined)
    return closing
  }

  const refusals = new Refusals(nc, own, { addressing, prefix }, options.inboxes ?? [], notices.report)

  const stopListening = onConnectionStatus(nc, {
    onPublishRefused: at => refusals.onPublishRefused(at),
    onClosed: closeNow,
  })

  // --- requests

  const subscribe: PublisherSession['subscribe'] = (at, handler) => {
    const callback = (err: Error | null, msg: Msg): void => {
      if (isClosed) return
      if (err === null) callSafely(handler, msg)
      else if (isSubscriptionRefusal(err)) refusals.onSubscribeRefused(at)
    }
    subscriptions.push(nc.subscribe(at, { callback }))
  }

  const isAcceptedReply = createReplySubjectFilter(nc, prefix, options.inboxes, notices.report)

  const reportDropped = createDropNotices(notices.report)

  /** Subscribes to requests whose reply subject is an inbox. */
  const onRequest = (at: string, handler: (request: RequestMsg) => void): void =>
    subscribe(at, msg => {
      if (!isRequest(msg) || !isAcceptedReply(msg)) return
      refusals.onRequest(msg.reply)
      handler(msg)
    })

  /** Answers a request in its turn. */
  const answer = (request: RequestMsg, send: SendAnswer): void => {
    const dropped = context.headServer.answer(request, send)
    if (dropped !== undefined) reportDropped(request, dropped)
  }

  const answerHead: PublisherSession['answerHead'] = (at, answerTo) =>
    onRequest(at, request => answer(request, answerTo(request.subject)))

  const answerAllHeads: PublisherSession['answerAllHeads'] = heads => {
    const sendsTo = (send: SendAnswer) => (reply: string) => {
      refusals.onRequest(reply)
      send(reply)
    }
    stopAnswering = context.headServer.serve(prefix, options.inboxes ?? [], {
      *heads(filter) {
        for (const send of heads(filter)) yield send && sendsTo(send)
      },
      report: notices.report,
      onSubscribeRefused: at => refusals.onSubscribeRefused(at),
    })
  }

  const serveReplays: PublisherSession['serveReplays'] = at =>
    onRequest(at, msg => {
      const { subject, data, reply } = msg
      const address = ControlSubject.addressOfReplay(prefix, addressing)(subject)
      // If this connection does not have the origin, another sender may answer.
      if (E.isRight(address) && !sendLog.has(address.right.origin.name)) return
      const request = E.isLeft(address)
        ? E.left({ why: Address.explain(address.left) })
        : ReplayQueue.parse(address.right, decodeText(data, ReplayQueue.maxLength), reply)
      if (E.isLeft(request)) {
        const headers = new EncodedHeaders(headerBlock(`400 ${request.left.why}`, []))
        return answer(msg, to => nc.publish(to, undefined, { headers }))
      }
      const dropped = sendLog.replay(request.right)
      if (dropped !== undefined) reportDropped(msg, dropped)
    })

  return {
    context,
    senderOptions: () => ({
      start: startNumber(),
      ...(heartbeatDelay === undefined ? {} : { after: heartbeatDelay }),
      ...(maxHeartbeatInterval === undefined ? {} : { max: maxHeartbeatInterval }),
    }),
    subscribe,
    answerHead,
    answerAllHeads,
    serveReplays,
    setUp: start => {
      try {
        return start()
      } catch (e) {
        unsubscribe()
        void numbers?.leave()
        throw e
      }
    },
    close,
    closeNow,
    stats: (subjects, origins, publishedBefore) =>
      statsOf([subjects], origins, publishedBefore, notices.counts(), sendLog.stats()),
    ready: async number => {
      await sendLog.ready()
      if (numbers !== undefined) await Promise.race([numbers.ready(number), closed])
    },
    closed,
  }
}
