/**
 * A publisher that numbers its messages.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import * as Json from 'fp-ts/lib/Json.js'
import * as t from 'io-ts'
import * as Address from '../core/Address.ts'
import type { Headers } from '../core/Delivery.ts'
import type { Epoch } from '../core/Epoch.ts'
import * as Head from '../core/Head.ts'
import type { Limits } from '../core/History.ts'
import { defaultLimits } from '../core/History.ts'
import type { Addressing } from '../core/Origin.ts'
import * as Replays from '../core/Replays.ts'
import * as Sender from '../core/Sender.ts'
import * as SequenceNumber from '../core/SequenceNumber.ts'
import * as Subject from '../core/Subject.ts'
import * as Verb from '../core/Verb.ts'
import { now } from './alarm.ts'
import type { Connection, Msg, NatsSubscription } from './Connection.ts'
import { drawEpoch } from './entropy.ts'
import { feed } from './Feed.ts'
import { block, wireHeaders } from './headers.ts'
import { listen } from './link.ts'
import { checkPublisherOptions, checkSubject } from './options.ts'
import type { Line, Repair } from './outbound.ts'
import { outboundOf } from './outbound.ts'
import { checkSize, encoded, originFor, payloadOf } from './outgoing.ts'
import type { Beating } from './pulse.ts'
import { pulseOf } from './pulse.ts'
import { orThrow, sequencedError } from './SequencedError.ts'

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
   * What is kept to be replayed, for all publishers of the connection together: at most `messages` (default 65,536),
   * `bytes` (default 32 MiB, with 200 for each message counted in) and `age` in ms (default 300,000).
   */
  readonly history?: Partial<Limits>
  /** How long after a message the first heartbeat follows, in ms. Default 50. */
  readonly heartbeatAfter?: number
  /** The longest time between two heartbeats, in ms. Default 5000. */
  readonly heartbeatMax?: number
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

/** What a sender is told. @since 0.1.0 */
export type SenderNotice = SenderConflict | SenderRefused | Repair

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
  readonly publish: (data?: Uint8Array | string, options?: PublishOptions) => SequenceNumber.SequenceNumber
  /** Settled when there is room to publish: at once, unless disconnected with a full history. */
  readonly ready: () => Promise<void>
  /** What its owner should know; it ends with the publisher. The last 256 wait for a reader. */
  readonly notices: () => AsyncIterable<SenderNotice>
  /** Says that nothing follows, three times within 200 ms, then stops. */
  readonly close: () => Promise<void>
  /** Settled when it is closed. */
  readonly closed: Promise<void>
}

const decoder = new TextDecoder()
const nothing = new Uint8Array(0)

const HeadRequest = t.partial({ filter: t.string })

/**
 * Publishes to a subject, `updates`, under numbered ones: `updates.1`, `updates.2` …
 *
 * Throws a `SequencedError` if the subject or an option can't be, and what the client throws, such as for a closed
 * connection.
 *
 * @since 0.1.0
 */
export const publisher = (nc: Connection, subject: string, options: PublisherOptions = {}): Publisher => {
  checkSubject(subject)
  checkPublisherOptions(options)
  const { addressing = 'single', prefix = '_SEQ', from = 1, heartbeatAfter, heartbeatMax, history } = options
  const verbs = orThrow(Subject.explain)(Verb.parsePrefix(prefix))
  const ownVerbs = `${verbs}.`
  if (subject.startsWith(ownVerbs))
    throw sequencedError(
      `${subject} begins with ${ownVerbs}, where heartbeats and requests go: use another subject, or another prefix.`,
      {
        _tag: 'BadSubject',
        subject,
      },
    )
  const epoch = drawEpoch()
  const origin = originFor(subject, addressing, options.sender, epoch)
  const start = from === 'clock' ? Sender.startFromClock(Date.now()) : SequenceNumber.nearest(from)
  const pulse = pulseOf(nc)
  const outbound = outboundOf(nc, history === undefined ? undefined : { ...defaultLimits, ...history })

  let sender = Sender.create(origin, epoch, now(), {
    start,
    ...(heartbeatAfter === undefined ? {} : { after: heartbeatAfter }),
    ...(heartbeatMax === undefined ? {} : { max: heartbeatMax }),
  })

  const line: Line = {
    origin: origin.name,
    epoch,
    isSingle: addressing === 'single',
    head: () => sender.head,
    revive: () => {
      sender = Sender.revived(now())(sender)
      pulse.book(origin.name, beating)
    },
    tell: notice => notices.push(notice),
  }

  // --- heartbeats, and the same when asked

  const headNow = (): Head.Head =>
    Sender.headOf(now(), pulse.stretched(sender.max), outbound.oldest(origin.name) ?? sender.head + 1)(sender)

  const beating: Beating = {
    max: sender.max,
    dueAt: max => Sender.dueAt(max)(sender),
    beat: max => {
      try {
        nc.publish(Verb.heartbeat(verbs)(origin, sender.head), Head.format(headNow()))
      } catch {
        // The connection is closing, and says so itself.
      }
      sender = Sender.beaten(now(), max)(sender)
      if (sender.state === 'ended') finish()
    },
  }

  const answer = (msg: Msg): void => {
    if (msg.reply === undefined || msg.reply === '') return
    const headers = wireHeaders(block('', [['Nats-Subject', Verb.newest(origin, sender.head)]]))
    nc.publish(msg.reply, Head.format(headNow()), { headers })
  }

  /** All senders are asked at once; the body may say for which subjects. */
  const answerAll = (msg: Msg): void => {
    const request = parseHeadRequest(msg.data.length === 0 ? '{}' : decoder.decode(msg.data))
    if (E.isLeft(request)) return
    const filter = Subject.parseFilter(request.right.filter ?? '>')
    if (E.isRight(filter) && Subject.matches(filter.right)(origin.subject)) answer(msg)
  }

  /** A `single` subject has one sender: another that is alive is an error. */
  const rivals = new Set<Epoch>()
  const overhear = (msg: Msg): void => {
    const head = Head.parse(decoder.decode(msg.data))
    if (E.isLeft(head) || head.right.epoch === epoch || head.right.state === 'ended') return
    const rival = head.right.epoch
    // The farewell of the run before us is no conflict, but a live heartbeat is: it was sent after we had begun.
    if (rivals.has(rival) || rivals.size >= 64) return
    rivals.add(rival)
    notices.push({ _tag: 'Conflict', origin: origin.name, epoch, rival })
  }

  /** Messages that somebody has missed. */
  const replay = (msg: Msg): void => {
    if (msg.reply === undefined || msg.reply === '') return
    const address = Verb.addressOfReplay(verbs, addressing)(msg.subject)
    const request = E.isLeft(address)
      ? E.left({ why: Address.explain(address.left) })
      : Replays.parse(address.right, decoder.decode(msg.data), msg.reply)
    if (E.isRight(request)) outbound.replay(request.right)
    else nc.publish(msg.reply, undefined, { headers: wireHeaders(block(`400 ${request.left.why}`, [])) })
  }

  // --- life and death

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
    pulse.remove(origin.name)
    outbound.close(line)
    unlisten()
    if (!nc.isClosed()) for (const s of subscriptions) s.unsubscribe()
    notices.end()
    settle()
  }

  const listenTo = (at: string, take: (msg: Msg) => void): void => {
    const callback = (err: Error | null, msg: Msg): void => {
      if (err === null && !isFinished) guarded(take, msg)
    }
    subscriptions.push(nc.subscribe(at, { callback }))
  }

  const isOurs = (at: string): boolean =>
    at.startsWith(`${origin.name}.`) ||
    (at.startsWith(ownVerbs) && `${at}.`.includes(`.${origin.subject}.`)) ||
    at === Verb.headOfAll(verbs)
  const unlisten = listen(nc, {
    disconnected: () => undefined,
    reconnected: () => undefined,
    refused: ({ operation, subject: at }) => {
      if (isOurs(at)) notices.push({ _tag: 'Refused', operation, subject: at })
    },
    closed: finish,
  })
  try {
    listenTo(Verb.head(verbs)(origin.subject), answer)
    if (origin.name !== origin.subject) listenTo(Verb.head(verbs)(origin.name), answer)
    else listenTo(Verb.heartbeats(verbs, addressing)(origin.subject), overhear)
    listenTo(Verb.headOfAll(verbs), answerAll)
    listenTo(Verb.replays(verbs)(origin), replay)
  } catch (e) {
    finish()
    throw e
  }
  outbound.open(line)
  // Before any message: a receiver of the run before this one must not take the first for a gap of that.
  beating.beat(pulse.stretched(sender.max))
  pulse.book(origin.name, beating)

  // --- messages

  const publish = (data: Uint8Array | string = nothing, { reply = '', headers }: PublishOptions = {}) => {
    if (sender.state !== 'live')
      throw sequencedError(`The publisher of ${origin.name} is closed: make a new one to go on.`, { _tag: 'Closed' })
    const number = orThrow(Sender.explain)(Sender.next(sender))
    if (reply !== '') orThrow(Subject.explain)(Subject.parse(reply))
    const payload = payloadOf(data, outbound.copy)
    const head = headers === undefined ? undefined : outbound.copy(encoded(headers))
    checkSize(nc, payload.length + (head?.length ?? 0))
    outbound.send(line, number, payload, head, reply)
    const decayed = sender.wait !== undefined
    sender = Sender.published(now())(sender)
    if (decayed) pulse.book(origin.name, beating)
    return number
  }

  const close = (): Promise<void> => {
    if (sender.state === 'live' && !isFinished) {
      sender = Sender.closed(now())(sender)
      pulse.book(origin.name, beating)
    }
    return closed
  }

  return { origin: origin.name, epoch, publish, ready: outbound.ready, notices: () => notices, close, closed }
}

/** What a request makes us throw must not end the client's reader. */
const guarded = (take: (msg: Msg) => void, msg: Msg): void => {
  try {
    take(msg)
  } catch {
    // The connection is closing, and says so itself: nobody can be answered any more.
  }
}

const parseHeadRequest = (body: string): E.Either<unknown, t.TypeOf<typeof HeadRequest>> =>
  E.chainW(HeadRequest.decode)(Json.parse(body))
