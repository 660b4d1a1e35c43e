/**
 * Messages asked for once more, as an effect that can be composed: `_SEQ.REPLAY.updates.17`.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import * as t from 'io-ts'
import * as Address from '../core/Address.ts'
import type { Headers } from '../core/Delivery.ts'
import * as Origin from '../core/Origin.ts'
import * as SequenceNumber from '../core/SequenceNumber.ts'
import * as Subject from '../core/Subject.ts'
import * as Verb from '../core/Verb.ts'
import type { Connection, Msg } from './Connection.ts'
import { createInbox } from './inbox.ts'
import { copy, headersOf, readReplay } from './incoming.ts'
import { orThrow } from './SequencedError.ts'
import type { ClientError } from './tryPublish.ts'
import { checkPlain } from './wrapped.ts'

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

/** Its sender does not hold it any more, or it is of another run (`410`). @since 0.1.0 */
export interface Gone {
  readonly _tag: 'Gone'
  readonly first: SequenceNumber.SequenceNumber
  readonly last: SequenceNumber.SequenceNumber
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

const description = t.type({ description: t.string })

const refused = (headers: Headers): Refused => {
  const status = description.decode(headers)
  return { _tag: 'Refused', why: E.isRight(status) ? status.right.description : '' }
}

interface Considered {
  readonly _tag: 'Considered'
  readonly last: number
}

/** One message of the conversation; `undefined` if it is none. */
const read = (addressing: Origin.Addressing, msg: Msg): Answer | Failure | Considered | undefined => {
  const headers = headersOf(msg)
  if (headers?.code === 503) return { _tag: 'NoResponders' }
  if (headers?.code === 400) return refused(headers)
  if (headers?.code === 404) {
    const address = Address.parse(addressing)(headers.get('Nats-Subject'))
    const last = SequenceNumber.parse(headers.get('Seq-Last'))
    if (E.isLeft(address)) return undefined
    const first = address.right.number
    return { _tag: 'NotSentYet', first, last: E.isRight(last) ? last.right : first }
  }
  const event = readReplay({ addressing, take: copy }, msg, 0, 1)
  switch (event?._tag) {
    case 'ReplayAnswered': {
      const { number, data, headers: own, reply } = event.arrival
      return { _tag: 'Replayed', number, data, headers: own, reply }
    }
    case 'ReplayRefused':
      return { _tag: 'Gone', first: event.first, last: event.last }
    case 'ReplayEnded':
      return { _tag: 'Considered', last: event.last }
    default:
      return undefined
  }
}

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
      const hear = (heard: Answer | Failure | Considered): void => {
        wait()
        switch (heard._tag) {
          case 'Considered':
            return settle(E.right({ answers, last: heard.last }))
          case 'Replayed':
          case 'NotSentYet':
          case 'Gone':
            answers.push(heard)
            return last === undefined ? settle(E.right({ answers, last: number })) : undefined
          default:
            return settle(E.left(heard))
        }
      }
      try {
        const callback = (cause: Error | null, msg: Msg): void => {
          if (cause !== null) return settle(E.left({ _tag: 'ClientError', cause }))
          const heard = read(Origin.addressingOf(origin), msg)
          if (heard !== undefined) hear(heard)
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
  checkPlain(nc, 'replay')
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
  checkPlain(nc, 'replayRange')
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
