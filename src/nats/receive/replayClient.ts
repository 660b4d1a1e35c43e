/**
 * The replay client of a receiver: requests missing messages from the sources of a replayer, and turns the answers into
 * events of the core.
 *
 * Each request goes to one source at a time. If a source refuses, or can't answer, the client tries the next one at
 * once. If a source is silent, the core repeats the request later. Only numbers that all sources have refused count as
 * refused. The reply subject identifies the request, and with it the origin:
 *
 * ```
 * <replayInbox>.<request>                  an answer of a sender
 * <replayInbox>.<request>.<number>         an answer of a stream, for one number
 * <replayInbox>.<request>.<first>.<last>   an answer of a stream, for a batch
 * ```
 */
import * as ControlSubject from '../../core/protocol/ControlSubject.ts'
import type { Epoch } from '../../core/protocol/Epoch.ts'
import * as SequenceNumber from '../../core/protocol/SequenceNumber.ts'
import type { RefusalReason } from '../../core/receiver/Delivery.ts'
import type { Settings } from '../../core/receiver/settings.ts'
import type { Connection, Msg } from '../client/Connection.ts'
import { now, nowInTurn } from '../client/timer.ts'
import type { ReceiverContext } from './ReceiverContext.ts'
import type { Source } from './Replayer.ts'
import type { RequestProgress, SenderAnswer } from './replayAnswers.ts'
import { decodeSenderAnswer, startProgress } from './replayAnswers.ts'
import type { RangeAttempt, ReplayEvent, ReplayRequest, SentAttempt } from './replayAttempts.ts'
import { dropStale, eventFields, moreSpecific } from './replayAttempts.ts'
import type { StreamFetch } from './streamFetch.ts'
import { createStreamFetcher } from './streamFetcher.ts'

/** An attempt that was sent to a sender. */
interface SenderRequest extends SentAttempt {
  readonly progress: RequestProgress
}

/** The limit of messages of which some parts have arrived. Each sender sends one such message at a time. */
const maxIncomplete = 8

export interface ReplayClient {
  readonly request: (request: ReplayRequest) => void
  /** Handles a message on the replay inbox. */
  readonly onAnswer: (msg: Msg) => void
  /** Drops all requests. */
  readonly clear: () => void
}

const isStreamFetch = (attempt: SenderRequest | StreamFetch): attempt is StreamFetch => 'source' in attempt

export const createReplayClient = (
  nc: Pick<Connection, 'publish'>,
  context: ReceiverContext,
  sources: ReadonlyArray<Source>,
  {
    requestTimeout: patience,
    gapTimeout: deadline,
    maxBytes,
    seed,
  }: Pick<Settings<Uint8Array>, 'requestTimeout' | 'gapTimeout' | 'maxBytes' | 'seed'>,
  onEvent: (event: ReplayEvent) => void,
): ReplayClient => {
  /** Identifies this receiver to senders. Across a service import the reply subject does not. */
  const asker = seed.toString(36)
  let nextId = 0
  /** Attempts that may still get answers, in the order of their last answers. */
  const sent = new Map<number, SenderRequest | StreamFetch>()
  /** The attempt with the newest answer. */
  let latest: SenderRequest | StreamFetch | undefined
  /** The reply subject of the newest answer. Most answers have the same one as the answer before. */
  let answered: { readonly subject: string; readonly tokens: ReadonlyArray<number> } = { subject: '', tokens: [] }
  /** Requests with an incomplete message. */
  const incomplete = new Set<SenderRequest>()

  const publish = (subject: string, body: string | undefined, reply: string): void => {
    try {
      nc.publish(subject, body, { reply })
    } catch {
      // The connection is closing. Its own status reports that, and the core repeats the request.
    }
  }

  const parseTokens = (subject: string): ReadonlyArray<number> =>
    subject
      .slice(context.replayInbox.length + 1)
      .split('.')
      .map(Number)

  // --- the choice of a source

  const start = (attempt: RangeAttempt): void => {
    const { request, first, last, sourcesTried, refusal } = attempt
    const hasNext = sourcesTried < sources.length
    const source = hasNext ? sources[(request.tries + sourcesTried) % sources.length] : undefined
    // Written out, here and below: a spread followed by new fields is slow, and each gap takes one.
    const next = { request, first, last, sourcesTried, refusal, id: nextId++, answeredAt: now() }
    latest = undefined
    if (source === undefined) {
      if (refusal !== undefined) reportRefusal(request, undefined, first, last, refusal)
    } else if (source._tag === 'Sender') requestFromSender(next)
    else if (request.isUnique) sent.set(next.id, streams.fetch(next, source))
    else start({ ...attempt, sourcesTried: sourcesTried + 1 })
  }

  /** Tries the next source for a part of an attempt. `reason`: why the last source refused it, if it did. */
  const tryNext = (attempt: RangeAttempt, first: number, last: number, reason: RefusalReason | undefined): void => {
    const { request, sourcesTried } = attempt
    const refusal =
      attempt.refusal === undefined || reason === undefined ? undefined : moreSpecific(attempt.refusal, reason)
    if (first <= last) start({ request, first, last, sourcesTried: sourcesTried + 1, refusal })
  }

  const reportRefusal = (
    request: ReplayRequest,
    epoch: Epoch | undefined,
    first: number,
    last: number,
    reason: RefusalReason,
  ): void =>
    onEvent({
      _tag: 'ReplayRefused',
      ...eventFields(request),
      epoch: epoch ?? request.epoch,
      first: SequenceNumber.nearest(first),
      last: SequenceNumber.nearest(last),
      reason,
    })

  const requestFromSender = (attempt: SentAttempt): void => {
    const { request, first, last, sourcesTried, refusal, id, answeredAt } = attempt
    const { origin, epoch } = request
    const progress = startProgress(origin, first, last)
    sent.set(id, { request, first, last, sourcesTried, refusal, id, answeredAt, progress })
    const body =
      last === first && epoch === undefined ? undefined : JSON.stringify({ last, epoch, asker, bundle: true })
    const address = { origin, number: SequenceNumber.nearest(first) }
    publish(ControlSubject.replay(context.prefix)(address), body, `${context.replayInbox}.${id}`)
  }

  const streams = createStreamFetcher({
    context,
    sourceCount: sources.length,
    publish,
    onEvent,
    tryNext,
  })

  // --- answers

  const drop = (attempt: SenderRequest | StreamFetch): void => {
    sent.delete(attempt.id)
    if (isStreamFetch(attempt)) streams.close(attempt)
    else incomplete.delete(attempt)
  }

  /** Moves an attempt to the end of the order in which attempts become stale. */
  const onAnswered = (attempt: SenderRequest | StreamFetch): void => {
    attempt.answeredAt = nowInTurn()
    // Most answers follow another answer to the same request.
    if (attempt === latest) return
    latest = attempt
    sent.delete(attempt.id)
    sent.set(attempt.id, attempt)
    if (isStreamFetch(attempt)) streams.onAnswered(attempt)
  }

  /** Limits the number and the bytes of incomplete messages. The oldest are dropped. */
  const limitIncomplete = (request: SenderRequest): void => {
    if (request.progress.incompleteMessage === undefined) return void incomplete.delete(request)
    incomplete.add(request)
    let bytes = 0
    for (const one of incomplete) bytes += one.progress.incompleteMessage?.bytes ?? 0
    for (const one of incomplete) {
      if (incomplete.size <= maxIncomplete && bytes <= maxBytes) return
      bytes -= one.progress.incompleteMessage?.bytes ?? 0
      one.progress.incompleteMessage = undefined
      incomplete.delete(one)
    }
  }

  const onSenderAnswer = (attempt: SenderRequest, answer: SenderAnswer): void => {
    const { request, first, last } = attempt
    switch (answer._tag) {
      case 'Message': {
        const { id, origin } = request
        const { epoch, arrival } = answer
        return onEvent({ _tag: 'ReplayAnswered', now: attempt.answeredAt, requestId: id, origin, epoch, arrival })
      }
      case 'Ended':
        onEvent({ _tag: 'ReplayEnded', ...eventFields(request), epoch: answer.epoch, last: answer.last })
        return
      case 'Refused': {
        const { epoch, reason } = answer
        // A refusal may exceed the requested range. The excess counts only if no other source may have the messages.
        if (sources.length === 1) return reportRefusal(request, epoch, answer.first, answer.last, reason)
        return tryNext(attempt, Math.max(first, answer.first), Math.min(last, answer.last), reason)
      }
      case 'NoResponders':
        // Nobody has the request, so no other answer follows.
        drop(attempt)
        return tryNext(attempt, first, last, undefined)
      case 'NotSentYet':
      case 'BadRequest':
        // The message may follow, or another sender may understand the request. The core repeats it until its deadline.
        return
    }
  }

  return {
    request: request => {
      const { origin, first, last } = request
      streams.removeRange(origin.name, first, last)
      // The core repeats the requests for numbers that are still missing, so old attempts are not needed.
      streams.closeStale(patience * 32)
      dropStale(sent, Math.max(patience * 32, deadline), drop)
      start({ request, first, last, sourcesTried: 0, refusal: 'evicted' })
      streams.sendRequests()
    },
    onAnswer: msg => {
      const { subject } = msg
      if (subject !== answered.subject) answered = { subject, tokens: parseTokens(subject) }
      const [id, first, last] = answered.tokens
      const attempt = id === undefined ? undefined : sent.get(id)
      if (attempt === undefined) return
      onAnswered(attempt)
      if (isStreamFetch(attempt)) {
        if (first !== undefined) streams.onAnswer(attempt, first, last, msg)
        return
      }
      const answers = decodeSenderAnswer(attempt.progress, msg, context.toPayload)
      limitIncomplete(attempt)
      for (const answer of answers) onSenderAnswer(attempt, answer)
    },
    clear: () => {
      sent.clear()
      latest = undefined
      incomplete.clear()
      streams.clear()
    },
  }
}
