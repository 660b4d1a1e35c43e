/** What a publisher has, of one origin or of many: what it shares with others, requests, notices, and an end. */
import * as E from 'fp-ts/lib/Either.js'
import * as Json from 'fp-ts/lib/Json.js'
import * as t from 'io-ts'
import * as Address from '../../core/protocol/Address.ts'
import * as Verb from '../../core/protocol/ControlSubject.ts'
import type { Addressing } from '../../core/protocol/Origin.ts'
import * as SequenceNumber from '../../core/protocol/SequenceNumber.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import { defaultLimits } from '../../core/sender/History.ts'
import * as Replays from '../../core/sender/ReplayQueue.ts'
import * as Sender from '../../core/sender/Sender.ts'
import type { Connection, Msg, NatsSubscription } from '../client/Connection.ts'
import { onConnectionStatus, whenConnected } from '../client/connectionStatus.ts'
import { EncodedHeaders } from '../client/EncodedHeaders.ts'
import { headerBlock } from '../client/headers.ts'
import { timeout } from '../client/timer.ts'
import { orThrow, sequencedError, unconfirmedError } from '../errors.ts'
import type { NoticeSink } from '../internal/notices.ts'
import { check } from '../options.ts'
import { answersTo } from './answersTo.ts'
import { pulseOf } from './heartbeatTimer.ts'
import type { Means } from './OriginSender.ts'
import { publisherOptions } from './options.ts'
import { each } from './ranges.ts'
import type { Outbound } from './sendLog.ts'
import { outboundOf } from './sendLog.ts'
import type { PublisherOptions, SenderNotice, Unconfirmed } from './types.ts'

/** A message that wants an answer. */
export interface Question extends Msg {
  readonly reply: string
}

/** How a publisher spells its addresses, and those of heartbeats and requests. */
export interface Spelling {
  readonly addressing: Addressing
  readonly verbs: Verb.Prefix
}

const checkOptions = check('publisher', publisherOptions)

/** Checks the options, and that the subjects are not those of heartbeats and requests. */
export const spellingOf = (options: PublisherOptions, subjects: string): Spelling => {
  checkOptions(options)
  const { addressing = 'single', prefix = '_SEQ' } = options
  const verbs = orThrow(Subject.explain)(Verb.parsePrefix(prefix))
  if (subjects.startsWith(`${verbs}.`))
    throw sequencedError(
      `${subjects} begins with ${verbs}., where heartbeats and requests go: use another subject, or another prefix.`,
      { _tag: 'BadSubject', subject: subjects },
    )
  return { addressing, verbs }
}

export interface Outlet {
  readonly means: Means
  readonly outbound: Outbound
  readonly settings: Sender.Options
  /** Listens until the end; what a message makes `take` throw does not reach the client. */
  readonly listenTo: (at: string, take: (msg: Msg) => void) => void
  /** The same, for what wants an answer. */
  readonly answerAt: (at: string, take: (question: Question) => void) => void
  /** Hears who asks all senders for their heads: of the subjects in a filter. */
  readonly answerAll: (take: (filter: Subject.Filter, question: Question) => void) => void
  /** Sends again what is asked for there. */
  readonly replayAt: (at: string) => void
  /** What a start gives; if it throws, nothing of it is left. */
  readonly started: <A>(start: () => A) => A
  /**
   * Ends it, at most `drainTimeout` ms later: waits for the connection, says farewell, and waits until the server has
   * confirmed everything. Rejects with `Unconfirmed` if it did not.
   *
   * @param farewell settled when receivers have been told
   */
  readonly end: (farewell: () => Promise<void>) => Promise<void>
  /** Ends it at once. */
  readonly finish: () => void
  /** Settled at the end, with the error if messages are not confirmed. */
  readonly closed: Promise<Error | undefined>
}

const decoder = new TextDecoder()

const HeadRequest = t.partial({ filter: t.string })

const parseHeadRequest = (body: string): E.Either<unknown, t.TypeOf<typeof HeadRequest>> =>
  E.chainW(HeadRequest.decode)(Json.parse(body === '' ? '{}' : body))

const isQuestion = (msg: Msg): msg is Question => msg.reply !== undefined && msg.reply !== ''

/**
 * @param isOurs whether a subject that the server has refused concerns this publisher
 * @param stop stops all origins at once
 */
export const openOutlet = (
  nc: Connection,
  { addressing, verbs }: Spelling,
  options: PublisherOptions,
  notices: NoticeSink<SenderNotice>,
  isOurs: (at: string) => boolean,
  stop: () => void,
): Outlet => {
  const { from = 1, heartbeatAfter, heartbeatMax, history, drainTimeout = 5000 } = options
  const pulse = pulseOf(nc)
  const outbound = outboundOf(nc, history === undefined ? undefined : { ...defaultLimits, ...history })

  let settle: (error: Error | undefined) => void = () => undefined
  const closed = new Promise<Error | undefined>(resolve => {
    settle = resolve
  })
  const subscriptions: Array<NatsSubscription> = []
  let isFinished = false
  const unsubscribe = (): void => {
    isFinished = true
    unlisten()
    if (!nc.isClosed()) for (const s of subscriptions) s.unsubscribe()
  }
  const finish = (): void => {
    if (isFinished) return
    unsubscribe()
    stop()
    const left = [...each(outbound.unconfirmed(means))].map(
      ([{ name }, range]): Unconfirmed => ({ _tag: 'Unconfirmed', origin: name, ...range }),
    )
    outbound.abandon(means)
    for (const notice of left) notices.report(notice)
    notices.end()
    settle(left.length === 0 ? undefined : unconfirmedError(left))
  }
  const end: Outlet['end'] = farewell => {
    const ending = endInOrder(farewell)
    // A notice says it, too: who doesn't await the end must not be ended by an unhandled rejection.
    ending.catch(() => undefined)
    return ending
  }
  const endInOrder: Outlet['end'] = async farewell => {
    const { elapsed, cancel } = timeout(drainTimeout)
    const isOver = Promise.race([elapsed, closed])
    for (const step of [() => whenConnected(nc), farewell, outbound.confirm]) await Promise.race([step(), isOver])
    cancel()
    finish()
    const error = await closed
    if (error !== undefined) throw error
  }
  const unlisten = onConnectionStatus(nc, {
    onDisconnected: () => undefined,
    onReconnected: () => undefined,
    onRefused: ({ operation, subject }) => {
      if (isOurs(subject)) notices.report({ _tag: 'Refused', operation, subject })
    },
    onClosed: finish,
  })
  const means: Means = { nc, verbs, outbound, pulse, tell: notices.report }

  const listenTo: Outlet['listenTo'] = (at, take) => {
    const callback = (err: Error | null, msg: Msg): void => {
      if (err === null && !isFinished) guarded(take, msg)
    }
    subscriptions.push(nc.subscribe(at, { callback }))
  }
  const mayAnswer = answersTo(nc, verbs, options.inboxes, notices.report)
  const answerAt: Outlet['answerAt'] = (at, take) =>
    listenTo(at, msg => (isQuestion(msg) && mayAnswer(msg) ? take(msg) : undefined))

  return {
    means,
    outbound,
    settings: {
      start: from === 'clock' ? Sender.startFromClock(Date.now()) : SequenceNumber.nearest(from),
      ...(heartbeatAfter === undefined ? {} : { after: heartbeatAfter }),
      ...(heartbeatMax === undefined ? {} : { max: heartbeatMax }),
    },
    listenTo,
    answerAt,
    answerAll: take =>
      answerAt(Verb.headOfAll(verbs), question => {
        const request = parseHeadRequest(decoder.decode(question.data))
        if (E.isLeft(request)) return
        const filter = Subject.parseFilter(request.right.filter ?? '>')
        if (E.isRight(filter)) take(filter.right, question)
      }),
    replayAt: at =>
      answerAt(at, ({ subject, data, reply }) => {
        const address = Verb.addressOfReplay(verbs, addressing)(subject)
        // Another sender may answer at the same place.
        if (E.isRight(address) && !outbound.knows(address.right.origin.name)) return
        const request = E.isLeft(address)
          ? E.left({ why: Address.explain(address.left) })
          : Replays.parse(address.right, decoder.decode(data), reply)
        if (E.isRight(request)) outbound.replay(request.right)
        else nc.publish(reply, undefined, { headers: new EncodedHeaders(headerBlock(`400 ${request.left.why}`, [])) })
      }),
    started: start => {
      try {
        return start()
      } catch (e) {
        unsubscribe()
        throw e
      }
    },
    end,
    finish,
    closed,
  }
}

/** What a request makes us throw must not end the client's reader. */
const guarded = (take: (msg: Msg) => void, msg: Msg): void => {
  try {
    take(msg)
  } catch {
    // The connection is closing, and says so itself: nobody can be answered any more.
  }
}
