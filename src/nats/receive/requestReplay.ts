/**
 * Messages asked for once more, as an effect that can be composed: `_SEQ.REPLAY.updates.17`.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type * as Address from '../../core/protocol/Address.ts'
import * as Verb from '../../core/protocol/ControlSubject.ts'
import type { Headers } from '../../core/protocol/Headers.ts'
import type * as Origin from '../../core/protocol/Origin.ts'
import * as SequenceNumber from '../../core/protocol/SequenceNumber.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import type { RefusalReason } from '../../core/receiver/Delivery.ts'
import type { Connection, Msg } from '../client/Connection.ts'
import { createInbox } from '../client/inbox.ts'
import { assertNotWrapped } from '../client/wrappedConnections.ts'
import type { ClientError } from '../errors.ts'
import { orThrow } from '../errors.ts'
import type { Answer as Heard } from './answers.ts'
import { begin, hear } from './answers.ts'
import { copy } from './decode.ts'

/** How a replay is asked for. @since 0.1.0 */
export interface ReplayOptions {
  /** What stands before requests. Default `_SEQ`. */
  readonly prefix?: string
  /** How long to wait for each answer, in ms. Default 2000. */
  readonly timeout?: number
}

/** A message as it was sent. @since 0.1.0 */
export interface Replayed {
  readonly _tag: 'Replayed'
  readonly number: SequenceNumber.SequenceNumber
  readonly data: Uint8Array
  readonly headers: Headers | undefined
  readonly reply: string | undefined
}

/** Its sender has not sent it so far (`404`). @since 0.1.0 */
export interface NotSentYet {
  readonly _tag: 'NotSentYet'
  readonly first: SequenceNumber.SequenceNumber
  readonly last: SequenceNumber.SequenceNumber
}

/**
 * Its sender does not hold it any more, or it is of another run (`410`, `evicted`); its sender holds it, and it is larger than
 * the server takes (`410`, `tooLarge`); or this client can't read its headers (`unreadable`).
 *
 * @since 0.1.0
 */
export interface Gone {
  readonly _tag: 'Gone'
  readonly first: SequenceNumber.SequenceNumber
  readonly last: SequenceNumber.SequenceNumber
  readonly reason: RefusalReason
}

/** Its sender can make nothing of the request (`400`). @since 0.1.0 */
export interface Refused {
  readonly _tag: 'Refused'
  /** In the sender's words. */
  readonly why: string
}

/** Nobody sends on this origin. @since 0.1.0 */
export interface NoResponders {
  readonly _tag: 'NoResponders'
}

/** No answer came within `ms`. @since 0.1.0 */
export interface TimedOut {
  readonly _tag: 'TimedOut'
  readonly ms: number
}

/** Why nothing was replayed. @since 0.1.0 */
export type ReplayError = NotSentYet | Gone | Failure

/** A match over all that can go wrong. @since 0.1.0 */
export const matchReplayError =
  <B>(cases: { readonly [E in ReplayError as E['_tag']]: (e: E) => B }) =>
  (e: ReplayError): B => {
    switch (e._tag) {
      case 'NotSentYet':
        return cases.NotSentYet(e)
      case 'Gone':
        return cases.Gone(e)
      case 'Refused':
        return cases.Refused(e)
      case 'NoResponders':
        return cases.NoResponders(e)
      case 'TimedOut':
        return cases.TimedOut(e)
      case 'ClientError':
        return cases.ClientError(e)
    }
  }

/** What is said of the numbers of a range. @since 0.1.0 */
export type Answer = Replayed | NotSentYet | Gone

/** Why a range was not replayed. @since 0.1.0 */
export type Failure = Refused | NoResponders | TimedOut | ClientError

/** All answers to one request, and up to which number it was considered. */
interface Page {
  readonly answers: ReadonlyArray<Answer>
  readonly last: number
}

/** One request; its end is told for a range (`204 EOB`), and is the first answer for a single message. */
const ask =
  (nc: Connection, verbs: Verb.Prefix, timeout: number) =>
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
      const understand = (heard: Heard): void => {
        switch (heard._tag) {
          case 'Message': {
            const { number: n, data, headers, reply } = heard.arrival
            return add({ _tag: 'Replayed', number: n, data, headers, reply })
          }
          case 'Refused':
            return add({ _tag: 'Gone', first: heard.first, last: heard.last, reason: heard.reason })
          case 'NotSentYet':
            return add(heard)
          case 'Ended':
            return settle(E.right({ answers, last: heard.last }))
          case 'NoResponders':
            return settle(E.left(heard))
          case 'BadRequest':
            return settle(E.left({ _tag: 'Refused', why: heard.why }))
        }
      }
      const conversation = begin(origin, number, last ?? number)
      try {
        const callback = (cause: Error | null, msg: Msg): void => {
          if (cause !== null) return settle(E.left({ _tag: 'ClientError', cause }))
          wait()
          for (const heard of hear(conversation, msg, copy)) understand(heard)
        }
        const subscription = nc.subscribe(`${inbox}.*`, { callback })
        unsubscribe = () => subscription.unsubscribe()
        wait()
        const body = last === undefined ? undefined : JSON.stringify({ last })
        nc.publish(Verb.replay(verbs)({ origin, number }), body, { reply: `${inbox}.1` })
      } catch (cause) {
        settle(E.left({ _tag: 'ClientError', cause }))
      }
    })

const settings = (options: ReplayOptions): readonly [Verb.Prefix, number] => {
  const { prefix = '_SEQ', timeout = 2000 } = options
  return [orThrow(Subject.explain)(Verb.parsePrefix(prefix)), timeout]
}

/**
 * Asks the sender for one message again.
 *
 * @example
 * import { publisher, replay } from 'nats-sequenced'
 * import { Address } from 'nats-sequenced/core'
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
 * @throws a `SequencedError` if the prefix is not a subject
 * @since 0.1.0
 */
export const replay = (
  nc: Connection,
  options: ReplayOptions = {},
): ((address: Address.Address) => TaskEither<ReplayError, Replayed>) => {
  assertNotWrapped(nc, 'replay')
  const request = ask(nc, ...settings(options))
  return address => async () => {
    const page = await request(address, undefined)
    if (E.isLeft(page)) return page
    const [answer] = page.right.answers
    return answer?._tag === 'Replayed' ? E.right(answer) : E.left(answer ?? { _tag: 'NoResponders' })
  }
}

/** A part of one sequence. @since 0.1.0 */
export interface Range {
  readonly origin: Origin.Origin
  readonly first: SequenceNumber.SequenceNumber
  readonly last: SequenceNumber.SequenceNumber
}

/**
 * Asks the sender for a range again, in ascending order: each number is in one of the answers. As many pages as it takes.
 *
 * @throws a `SequencedError` if the prefix is not a subject
 * @since 0.1.0
 */
export const replayRange = (
  nc: Connection,
  options: ReplayOptions = {},
): ((range: Range) => TaskEither<Failure, ReadonlyArray<Answer>>) => {
  assertNotWrapped(nc, 'replayRange')
  const request = ask(nc, ...settings(options))
  return ({ origin, first, last }) =>
    async () => {
      const answers: Array<Answer> = []
      let next: number = first
      while (next <= last) {
        const page = await request({ origin, number: SequenceNumber.nearest(next) }, last)
        if (E.isLeft(page)) return page
        answers.push(...page.right.answers)
        // A sender that has considered nothing new would be asked for ever.
        if (page.right.last < next) return E.left({ _tag: 'Refused', why: 'it has considered none of the range' })
        next = page.right.last + 1
      }
      return E.right(answers)
    }
}
