/**
 * One-shot replay requests as composable effects: `_SEQ.REPLAY.updates.17`.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type * as Address from '../../core/protocol/Address.ts'
import * as ControlSubject from '../../core/protocol/ControlSubject.ts'
import type { Headers } from '../../core/protocol/Headers.ts'
import type { NotPermitted } from '../../core/protocol/notPermitted.ts'
import type * as Origin from '../../core/protocol/Origin.ts'
import * as SequenceNumber from '../../core/protocol/SequenceNumber.ts'
import type { RefusalReason } from '../../core/receiver/Delivery.ts'
import type { Connection, Msg } from '../client/Connection.ts'
import { isSubscriptionRefusal, onConnectionStatus } from '../client/connectionStatus.ts'
import { createInbox, inboxPrefix } from '../client/inbox.ts'
import { assertNotWrapped } from '../client/wrappedConnections.ts'
import type { ClientError } from '../errors.ts'
import { parsePrefix } from '../options.ts'
import { copyBytes } from './payloads.ts'
import { createRefusals } from './refusals.ts'
import type { SenderAnswer } from './replayAnswers.ts'
import { decodeSenderAnswer, startProgress } from './replayAnswers.ts'

/** The options of a replay request. All of them are optional. @since 0.1.0 */
export interface ReplayOptions {
  /** The first tokens of the subjects of requests, at most 64 bytes. Default `_SEQ`. */
  readonly prefix?: string
  /** How long to wait for each answer, in ms. Default 2000. */
  readonly timeout?: number
}

/** A replayed message, as it was sent. @since 0.1.0 */
export interface Replayed {
  readonly _tag: 'Replayed'
  readonly number: SequenceNumber.SequenceNumber
  readonly data: Uint8Array
  readonly headers: Headers | undefined
  readonly reply: string | undefined
}

/** The sender has not sent these numbers yet (status 404). @since 0.1.0 */
export interface NotSentYet {
  readonly _tag: 'NotSentYet'
  readonly first: SequenceNumber.SequenceNumber
  readonly last: SequenceNumber.SequenceNumber
}

/**
 * The sender can't replay these numbers (status 410). `evicted`: the history no longer has them, or they belong to
 * another run. `tooLarge`: with the headers of an answer they exceed the server's `max_payload`. `unreadable`: this
 * client can't read their headers.
 *
 * @since 0.1.0
 */
export interface Gone {
  readonly _tag: 'Gone'
  readonly first: SequenceNumber.SequenceNumber
  readonly last: SequenceNumber.SequenceNumber
  readonly reason: RefusalReason
}

/** The sender does not accept the request (status 400). @since 0.1.0 */
export interface Refused {
  readonly _tag: 'Refused'
  /** The sender's explanation. */
  readonly why: string
}

/** No sender serves this origin. @since 0.1.0 */
export interface NoResponders {
  readonly _tag: 'NoResponders'
}

/** No answer arrived within `ms`. @since 0.1.0 */
export interface TimedOut {
  readonly _tag: 'TimedOut'
  readonly ms: number
}

/** The errors of `replay`. @since 0.1.0 */
export type ReplayError = NotSentYet | Gone | Failure

/** An answer about numbers of a range. @since 0.1.0 */
export type Answer = Replayed | NotSentYet | Gone

/** The errors of `replayRange`. @since 0.1.0 */
export type Failure = Refused | NoResponders | NotPermitted | TimedOut | ClientError

/** All answers to one request, and the last number that the sender considered. */
interface Page {
  readonly answers: ReadonlyArray<Answer>
  readonly last: number
}

/** Sends one request. A range ends with status 204 EOB, a single message with its first answer. */
const request =
  (nc: Connection, prefix: ControlSubject.Prefix, timeout: number) =>
  (
    { origin, number }: Address.Address,
    last: SequenceNumber.SequenceNumber | undefined,
  ): Promise<E.Either<Failure, Page>> =>
    new Promise(resolve => {
      const inbox = createInbox(nc)
      const answers: Array<Answer> = []
      let timer: ReturnType<typeof setTimeout> | undefined
      let unsubscribe = (): void => undefined
      const settle = (result: E.Either<Failure, Page>): void => {
        clearTimeout(timer)
        stopListening()
        if (!nc.isClosed()) unsubscribe()
        resolve(result)
      }
      const wait = (): void => {
        clearTimeout(timer)
        timer = setTimeout(() => settle(E.left({ _tag: 'TimedOut', ms: timeout })), timeout)
      }
      const add = (answer: Answer): void => {
        answers.push(answer)
        if (last === undefined) settle(E.right({ answers, last: number }))
      }
      const onAnswer = (answer: SenderAnswer): void => {
        switch (answer._tag) {
          case 'Message': {
            const { number: n, data, headers, reply } = answer.arrival
            return add({ _tag: 'Replayed', number: n, data, headers, reply })
          }
          case 'Refused':
            return add({ _tag: 'Gone', first: answer.first, last: answer.last, reason: answer.reason })
          case 'NotSentYet':
            return add(answer)
          case 'Ended':
            return settle(E.right({ answers, last: answer.last }))
          case 'NoResponders':
            return settle(E.left(answer))
          case 'BadRequest':
            return settle(E.left({ _tag: 'Refused', why: answer.why }))
        }
      }
      const progress = startProgress(origin, number, last ?? number)
      const at = ControlSubject.replay(prefix)({ origin, number })
      const addressing = origin.run === undefined ? 'single' : 'perSender'
      const refusals = createRefusals(
        { subjects: origin.subject, addressing, prefix, inboxes: `${inboxPrefix(nc)}.>` },
        [],
        undefined,
        notice => settle(E.left(notice)),
      )
      const stopListening = onConnectionStatus(nc, {
        // Other requests of the connection have other subjects.
        onPublishRefused: refused => (refused === at ? refusals.onPublishRefused(at) : undefined),
        onClosed: () => undefined,
      })
      try {
        const callback = (cause: Error | null, msg: Msg): void => {
          if (cause !== null && isSubscriptionRefusal(cause)) return void refusals.onSubscribeRefused(`${inbox}.*`)
          if (cause !== null) return settle(E.left({ _tag: 'ClientError', cause }))
          wait()
          for (const answer of decodeSenderAnswer(progress, msg, copyBytes)) onAnswer(answer)
        }
        const subscription = nc.subscribe(`${inbox}.*`, { callback })
        unsubscribe = () => subscription.unsubscribe()
        wait()
        const body = last === undefined ? undefined : JSON.stringify({ last })
        nc.publish(at, body, { reply: `${inbox}.1` })
      } catch (cause) {
        settle(E.left({ _tag: 'ClientError', cause }))
      }
    })

/**
 * Requests one message from its sender again.
 *
 * @example
 * import { publisher } from 'nats-sequenced'
 * import { Address } from 'nats-sequenced/core'
 * import { replay } from 'nats-sequenced/fp'
 * import * as TE from 'fp-ts/lib/TaskEither.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 *
 * publisher(nc, 'updates').publish('hello')
 * const again = (subject: string) =>
 *   pipe(
 *     TE.fromEither(Address.parse('single')(subject)),
 *     TE.chainW(replay(nc)),
 *     TE.map(message => new TextDecoder().decode(message.data)),
 *   )
 * await again('updates.1')() // right('hello')
 * await again('updates.2')() // left({ _tag: 'NotSentYet', first: 2, last: 2 })
 * await again('elsewhere.1')() // left({ _tag: 'NoResponders' })
 *
 * @throws a `SequencedError` if the prefix is not valid
 * @since 0.1.0
 */
export const replay = (
  nc: Connection,
  options: ReplayOptions = {},
): ((address: Address.Address) => TaskEither<ReplayError, Replayed>) => {
  assertNotWrapped(nc, 'replay')
  const { prefix, timeout = 2000 } = options
  const requestPage = request(nc, parsePrefix(prefix), timeout)
  return address => async () => {
    const page = await requestPage(address, undefined)
    if (E.isLeft(page)) return page
    const [answer] = page.right.answers
    return answer?._tag === 'Replayed' ? E.right(answer) : E.left(answer ?? { _tag: 'NoResponders' })
  }
}

/** A range of numbers of one sequence. @since 0.1.0 */
export interface Range {
  readonly origin: Origin.Origin
  readonly first: SequenceNumber.SequenceNumber
  readonly last: SequenceNumber.SequenceNumber
}

/**
 * Requests a range from its sender again, in as many pages as it needs. The answers are in ascending order, and each
 * number is in one of them.
 *
 * @throws a `SequencedError` if the prefix is not valid
 * @since 0.1.0
 */
export const replayRange = (
  nc: Connection,
  options: ReplayOptions = {},
): ((range: Range) => TaskEither<Failure, ReadonlyArray<Answer>>) => {
  assertNotWrapped(nc, 'replayRange')
  const { prefix, timeout = 2000 } = options
  const requestPage = request(nc, parsePrefix(prefix), timeout)
  return ({ origin, first, last }) =>
    async () => {
      const answers: Array<Answer> = []
      let next: number = first
      while (next <= last) {
        const page = await requestPage({ origin, number: SequenceNumber.nearest(next) }, last)
        if (E.isLeft(page)) return page
        answers.push(...page.right.answers)
        // Without progress the loop would not end.
        if (page.right.last < next) return E.left({ _tag: 'Refused', why: 'the sender considered none of the range' })
        next = page.right.last + 1
      }
      return E.right(answers)
    }
}
