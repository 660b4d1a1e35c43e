/**
 * Fetches messages from JetStream streams with the direct get API, in batches where the server answers them. All
 * fetches share the limits of pending requests, and take turns.
 *
 * A batch proves nothing about the numbers that it does not contain: their answers may be lost. They are requested one
 * by one, and only then a 404 answer counts.
 */
import type { RefusalReason } from '../../core/receiver/Delivery.ts'
import type { Arrival } from '../../core/receiver/outputs.ts'
import type { Msg } from '../client/Connection.ts'
import type { ReceiverContext } from './decode.ts'
import type { StreamSource } from './Replayer.ts'
import { decodeStreamAnswer } from './replayAnswers.ts'
import type { RangeAttempt, ReplayEvent, SentAttempt } from './replayAttempts.ts'
import { dropStale, eventFields } from './replayAttempts.ts'
import { batchBody, createStreamBatches } from './streamBatches.ts'

/** An attempt to fetch a range from a stream. */
export interface StreamFetch extends SentAttempt {
  readonly source: StreamSource
  /** The first and last number that are not requested yet. */
  next: number
  end: number
  /** Numbers to request one by one: a batch did not contain them. */
  single: Array<number>
  /** Numbers without an answer. */
  readonly pending: Set<number>
  /** The first numbers of batches that have not ended. */
  readonly batches: Set<number>
  /** True if messages are requested one by one, because an earlier request got no answer. */
  readonly isRepeated: boolean
  /** Numbers that the stream does not have. */
  readonly missing: Array<number>
  /** Numbers that the stream did not have yet. It may lag. */
  readonly maybeMissing: Array<number>
}

/**
 * Limits of pending messages, and of their expected bytes: live messages wait for them, and the server disconnects a
 * slow consumer.
 */
const maxPending = 512
const maxPendingBytes = 4 * 1024 * 1024

/** The number of 404 answers after which a message counts as missing. */
const missesForProof = 3

/** The limit of remembered 404 answers. */
const maxMisses = 65_536

const BATCH_ENDED = 204
const NOT_FOUND = 404
/** The answer of servers that know no batches. */
const BAD_REQUEST = 408

export interface StreamFetcher {
  readonly fetch: (attempt: SentAttempt, source: StreamSource) => StreamFetch
  /** Handles the answer to a request for the numbers from `first` to `last`, or for one number (`undefined`). */
  readonly onAnswer: (fetch: StreamFetch, first: number, last: number | undefined, msg: Msg) => void
  /** Moves a fetch to the end of the order in which fetches become stale. */
  readonly onAnswered: (fetch: StreamFetch) => void
  /** Ends a fetch. Numbers that the stream did not have go to the next source. */
  readonly close: (fetch: StreamFetch) => void
  /** Removes a range that is requested again from all fetches of an origin. */
  readonly removeRange: (origin: string, first: number, last: number) => void
  /** Ends fetches without an answer for `maxAge` ms. */
  readonly closeStale: (maxAge: number) => void
  /** Sends as many requests as the limits allow. */
  readonly sendRequests: () => void
  readonly clear: () => void
}

interface StreamFetcherOptions {
  readonly context: ReceiverContext
  /** The number of sources. A request that was repeated as often was sent to each of them. */
  readonly sourceCount: number
  readonly publish: (subject: string, body: string | undefined, reply: string) => void
  readonly onEvent: (event: ReplayEvent) => void
  /** Tries the next source for a range. `refusal`: why the stream refused it, if it did. */
  readonly tryNext: (attempt: RangeAttempt, first: number, last: number, refusal: RefusalReason | undefined) => void
}

/** Consecutive numbers as ranges. */
const toRanges = (numbers: ReadonlyArray<number>): ReadonlyArray<readonly [number, number]> => {
  const ranges: Array<readonly [number, number]> = []
  for (const n of [...numbers].sort((a, b) => a - b)) {
    const [first, last] = ranges.at(-1) ?? [n, n - 2]
    if (n === last + 1) ranges[ranges.length - 1] = [first, n]
    else ranges.push([n, n])
  }
  return ranges
}

const isAllRequested = (fetch: StreamFetch): boolean => fetch.next > fetch.end && fetch.single.length === 0

const isComplete = (fetch: StreamFetch): boolean => isAllRequested(fetch) && fetch.pending.size === 0

export const createStreamFetcher = (options: StreamFetcherOptions): StreamFetcher => {
  const { context, sourceCount, publish, onEvent, tryNext } = options
  const batches = createStreamBatches()
  /** Open fetches, in the order of their last answers. */
  const fetches = new Map<number, StreamFetch>()
  const fetchesOfOrigin = new Map<string, Set<StreamFetch>>()
  /** Fetches with numbers to request. */
  let queue: Array<StreamFetch> = []
  let pending = 0
  /** The expected size of an answer. It decreases slowly while answers are small. */
  let expectedBytes = maxPendingBytes / 16
  const misses = new Map<string, number>()

  const markPending = (fetch: StreamFetch, n: number): void => {
    fetch.pending.add(n)
    pending += 1
  }

  const markAnswered = (fetch: StreamFetch, n: number): boolean => {
    const wasPending = fetch.pending.delete(n)
    if (wasPending) pending -= 1
    return wasPending
  }

  const requestOne = (fetch: StreamFetch): void => {
    const { request, id, source } = fetch
    const n = fetch.single.shift() ?? fetch.next++
    markPending(fetch, n)
    publish(
      `${source.api}.DIRECT.GET.${source.stream}.${request.origin.name}.${n}`,
      undefined,
      `${context.replayInbox}.${id}.${n}`,
    )
  }

  const requestBatch = (fetch: StreamFetch, size: number): void => {
    const { request, id, source, next: first } = fetch
    const last = first + size - 1
    fetch.next = last + 1
    fetch.batches.add(first)
    for (let n = first; n <= last; n++) markPending(fetch, n)
    batches.onSent(source)
    publish(
      `${source.api}.DIRECT.GET.${source.stream}`,
      batchBody(request.origin.name, first, last),
      `${context.replayInbox}.${id}.${first}.${last}`,
    )
  }

  /** The size of the next batch of a fetch; 1 for a single message. */
  const batchSize = (fetch: StreamFetch, limit: number): number => {
    const { single, isRepeated, source, request, next, end } = fetch
    if (isRepeated || single.length > 0) return 1
    // At least two batches fit into the limit, so that the server is never idle.
    return Math.min(batches.sizeFor(source, request.origin.name), end - next + 1, Math.ceil(limit / 2))
  }

  /** Requests one number or batch of each fetch in turn, as far as the limits allow. */
  const sendRequests = (): void => {
    for (let [fetch] = queue; fetch !== undefined; [fetch] = queue) {
      if (isAllRequested(fetch)) {
        queue.shift()
        continue
      }
      const limit = Math.min(maxPending, Math.ceil(maxPendingBytes / expectedBytes))
      const size = batchSize(fetch, limit)
      if (pending + size > limit) return
      queue.shift()
      if (size > 1) requestBatch(fetch, size)
      else requestOne(fetch)
      queue.push(fetch)
    }
  }

  const close = (fetch: StreamFetch): void => {
    if (!fetches.delete(fetch.id)) return
    pending -= fetch.pending.size
    fetch.pending.clear()
    fetch.single = []
    fetch.next = Number.POSITIVE_INFINITY
    const { name } = fetch.request.origin
    const siblings = fetchesOfOrigin.get(name)
    siblings?.delete(fetch)
    if (siblings?.size === 0) fetchesOfOrigin.delete(name)
    for (const [first, last] of toRanges(fetch.missing)) tryNext(fetch, first, last, 'evicted')
    for (const [first, last] of toRanges(fetch.maybeMissing)) tryNext(fetch, first, last, undefined)
  }

  const removeFrom = (fetch: StreamFetch, first: number, last: number): void => {
    for (const n of fetch.pending) if (n >= first && n <= last) markAnswered(fetch, n)
    fetch.single = fetch.single.filter(n => n < first || n > last)
    if (first <= fetch.next) fetch.next = Math.max(fetch.next, last + 1)
    else fetch.end = Math.min(fetch.end, first - 1)
    if (isComplete(fetch)) close(fetch)
  }

  /** Counts a 404 answer. True if it is the last that the proof needs. */
  const isProvedMissing = (subject: string): boolean => {
    const times = (misses.get(subject) ?? 0) + 1
    misses.set(subject, times)
    const [oldest = subject] = misses.size > maxMisses ? misses.keys() : []
    if (oldest !== subject) misses.delete(oldest)
    return times >= missesForProof
  }

  const onMessage = (fetch: StreamFetch, message: Arrival<Uint8Array>): void => {
    if (misses.size > 0) misses.delete(`${fetch.request.origin.name}.${message.number}`)
    expectedBytes = Math.max(message.bytes, expectedBytes * 0.9)
    onEvent({ _tag: 'ReplayAnswered', ...eventFields(fetch.request), epoch: undefined, arrival: message })
  }

  /** The stream does not answer: no other request of this fetch gets an answer either. */
  const onUnavailable = (fetch: StreamFetch): void => {
    fetch.missing.length = 0
    fetch.maybeMissing.length = 0
    close(fetch)
    tryNext(fetch, fetch.first, fetch.last, undefined)
  }

  const onSingleAnswer = (fetch: StreamFetch, n: number, msg: Msg): void => {
    const { request } = fetch
    const wasPending = markAnswered(fetch, n)
    const answer = decodeStreamAnswer(request.origin, n, msg, context.toPayload)
    if (answer !== 'Unreadable' && 'number' in answer) return onMessage(fetch, answer)
    // Another fetch requests this number now. A message counts in any case.
    if (!wasPending) return
    if (answer === 'Unreadable') tryNext(fetch, n, n, 'unreadable')
    else if (answer.status !== NOT_FOUND) onUnavailable(fetch)
    else (isProvedMissing(`${request.origin.name}.${n}`) ? fetch.missing : fetch.maybeMissing).push(n)
  }

  /** What a batch did not contain is requested one by one. */
  const onBatchEnded = (fetch: StreamFetch, first: number, last: number, status: number): void => {
    if (!fetch.batches.delete(first)) return
    if (status === BAD_REQUEST) batches.onRefused(fetch.source)
    else if (status === BATCH_ENDED || status === NOT_FOUND) batches.onAnswered(fetch.source)
    else return onUnavailable(fetch)
    for (let n = first; n <= last; n++) if (markAnswered(fetch, n)) fetch.single.push(n)
    if (!queue.includes(fetch)) queue.push(fetch)
  }

  const onBatchAnswer = (fetch: StreamFetch, first: number, last: number, msg: Msg): void => {
    const answer = decodeStreamAnswer(fetch.request.origin, undefined, msg, context.toPayload)
    // The number of an unreadable message is not known yet.
    if (answer === 'Unreadable') return
    if ('status' in answer) return onBatchEnded(fetch, first, last, answer.status)
    if (answer.number < first || answer.number > last) return
    markAnswered(fetch, answer.number)
    onMessage(fetch, answer)
  }

  const onAnswer = (fetch: StreamFetch, first: number, last: number | undefined, msg: Msg): void => {
    if (last === undefined) onSingleAnswer(fetch, first, msg)
    else onBatchAnswer(fetch, first, last, msg)
    if (isComplete(fetch) && fetches.has(fetch.id)) {
      close(fetch)
      const { request } = fetch
      if (fetch.last === request.last) onEvent({ _tag: 'ReplayEnded', ...eventFields(request), last: fetch.last })
    }
    sendRequests()
  }

  return {
    fetch: (attempt, source) => {
      const { first, last, request } = attempt
      const isRepeated = request.tries >= sourceCount
      if (isRepeated) batches.onRepeated(source)
      const fetch: StreamFetch = {
        ...attempt,
        source,
        next: first,
        end: last,
        single: [],
        pending: new Set(),
        batches: new Set(),
        isRepeated,
        missing: [],
        maybeMissing: [],
      }
      fetches.set(fetch.id, fetch)
      const siblings = fetchesOfOrigin.get(request.origin.name)
      if (siblings === undefined) fetchesOfOrigin.set(request.origin.name, new Set([fetch]))
      else siblings.add(fetch)
      queue.push(fetch)
      sendRequests()
      return fetch
    },
    onAnswer,
    onAnswered: fetch => {
      if (fetches.delete(fetch.id)) fetches.set(fetch.id, fetch)
    },
    close,
    removeRange: (origin, first, last) => {
      for (const fetch of [...(fetchesOfOrigin.get(origin) ?? [])]) removeFrom(fetch, first, last)
    },
    closeStale: maxAge => dropStale(fetches, maxAge, close),
    sendRequests,
    clear: () => {
      fetches.clear()
      fetchesOfOrigin.clear()
      queue = []
      pending = 0
      misses.clear()
      batches.clear()
    },
  }
}
