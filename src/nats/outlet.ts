/** What a publisher has, of one origin or of many: what it shares with others, requests, notices, and an end. */
import * as E from 'fp-ts/lib/Either.js'
import * as Json from 'fp-ts/lib/Json.js'
import * as t from 'io-ts'
import * as Address from '../core/Address.ts'
import { defaultLimits } from '../core/History.ts'
import type { Addressing } from '../core/Origin.ts'
import * as Replays from '../core/Replays.ts'
import * as Sender from '../core/Sender.ts'
import * as SequenceNumber from '../core/SequenceNumber.ts'
import * as Subject from '../core/Subject.ts'
import * as Verb from '../core/Verb.ts'
import { answersTo } from './answersTo.ts'
import type { Connection, Msg, NatsSubscription } from './Connection.ts'
import { feed } from './Feed.ts'
import { block, wireHeaders } from './headers.ts'
import { listen } from './link.ts'
import * as Options from './Options.ts'
import { outboundOf } from './outbound.ts'
import type { PublisherOptions, SenderNotice } from './publisher.ts'
import { pulseOf } from './pulse.ts'
import { orThrow, sequencedError } from './SequencedError.ts'
import type { Means } from './sending.ts'

/** A message that wants an answer. */
export interface Question extends Msg {
  readonly reply: string
}

/** How a publisher spells its addresses, and those of heartbeats and requests. */
export interface Spelling {
  readonly addressing: Addressing
  readonly verbs: Verb.Prefix
}

const checkOptions = Options.check('publisher', Options.publisher)

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

export interface Outlet extends Means {
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
  readonly notices: () => AsyncIterable<SenderNotice>
  /** Unsubscribes, and ends the notices. */
  readonly finish: () => void
  readonly closed: Promise<void>
}

const decoder = new TextDecoder()

const HeadRequest = t.partial({ filter: t.string })

const parseHeadRequest = (body: string): E.Either<unknown, t.TypeOf<typeof HeadRequest>> =>
  E.chainW(HeadRequest.decode)(Json.parse(body === '' ? '{}' : body))

const isQuestion = (msg: Msg): msg is Question => msg.reply !== undefined && msg.reply !== ''

/**
 * @param isOurs whether a subject that the server has refused concerns this publisher
 * @param ended called when the connection has closed
 */
export const openOutlet = (
  nc: Connection,
  { addressing, verbs }: Spelling,
  options: PublisherOptions,
  isOurs: (at: string) => boolean,
  ended: () => void,
): Outlet => {
  const { from = 1, heartbeatAfter, heartbeatMax, history } = options
  const pulse = pulseOf(nc)
  const outbound = outboundOf(nc, history === undefined ? undefined : { ...defaultLimits, ...history })

  const notices = feed<SenderNotice, SenderNotice>(
    notice => notice,
    () => undefined,
    () => undefined,
    256,
  )
  let settle: () => void = () => undefined
  const closed = new Promise<void>(resolve => {
    settle = resolve
  })
  const subscriptions: Array<NatsSubscription> = []
  let isFinished = false
  const finish = (): void => {
    if (isFinished) return
    isFinished = true
    unlisten()
    if (!nc.isClosed()) for (const s of subscriptions) s.unsubscribe()
    notices.end()
    settle()
  }
  const unlisten = listen(nc, {
    disconnected: () => undefined,
    reconnected: () => undefined,
    refused: ({ operation, subject }) => {
      if (isOurs(subject)) notices.push({ _tag: 'Refused', operation, subject })
    },
    closed: () => {
      ended()
      finish()
    },
  })

  const listenTo: Outlet['listenTo'] = (at, take) => {
    const callback = (err: Error | null, msg: Msg): void => {
      if (err === null && !isFinished) guarded(take, msg)
    }
    subscriptions.push(nc.subscribe(at, { callback }))
  }
  const mayAnswer = answersTo(nc, verbs, options.inboxes, notices.push)
  const answerAt: Outlet['answerAt'] = (at, take) =>
    listenTo(at, msg => (isQuestion(msg) && mayAnswer(msg) ? take(msg) : undefined))

  return {
    nc,
    verbs,
    outbound,
    pulse,
    settings: {
      start: from === 'clock' ? Sender.startFromClock(Date.now()) : SequenceNumber.nearest(from),
      ...(heartbeatAfter === undefined ? {} : { after: heartbeatAfter }),
      ...(heartbeatMax === undefined ? {} : { max: heartbeatMax }),
    },
    tell: notices.push,
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
        else nc.publish(reply, undefined, { headers: wireHeaders(block(`400 ${request.left.why}`, [])) })
      }),
    started: start => {
      try {
        return start()
      } catch (e) {
        finish()
        throw e
      }
    },
    notices: () => notices,
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
