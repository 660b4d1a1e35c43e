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
import { NOT_FOUND } from '../client/statusCodes.ts'
import type { ReceiverContext } from './ReceiverContext.ts'
import type { StreamSource } from './Replayer.ts'
import type { RangeAttempt, ReplayEvent, SentAttempt } from './replayAttempts.ts'
import { dropStale, eventFields } from './replayAttempts.ts'
import { decodeStreamAnswer } from './streamAnswers.ts'
import { batchBody, createStreamBatches } from './streamBatches.ts'
import type { Batch, StreamFetch } from './streamFetch.ts'
import { isAllRequested, isComplete, startFetch, toRanges } from './streamFetch.ts'

/**
 * Limits of pending messages, and of their expected bytes: live messages wait for them, and the server disconnects a
 * slow consumer.
 */
const maxPending = 1024
const maxPendingBytes = 4 * 1024 * 1024

/** The number of 404 answers after which a message counts as missing. */
const missesForProof = 3

/** The limit of remembered 404 answers. */
const maxMisses = 65_536

const BATCH_ENDED = 204

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

  const pendingLimit = (): number => Math.min(maxPending, Math.ceil(maxPendingBytes / expectedBytes))

  const addPending = (fetch: StreamFetch, count: number): void => {
    fetch.pending += count
    pending += count
  }

  const markSingle = (fetch: StreamFetch, n: number): boolean => {
    const wasPending = fetch.pendingSingle.delete(n)
    if (wasPending) addPending(fetch, -1)
    return wasPending
  }

  const markInBatch = (fetch: StreamFetch, { first, answered }: Batch, n: number): boolean => {
    const wasPending = answered[n - first] === 0
    answered[n - first] = 1
    if (wasPending) addPending(fetch, -1)
    return wasPending
  }

  const requestOne = (fetch: StreamFetch): void => {
    const { request, id, source } = fetch
    const n = fetch.single.shift() ?? fetch.next++
    fetch.pendingSingle.add(n)
    addPending(fetch, 1)
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
    fetch.batches.set(first, { first, last, answered: new Uint8Array(size) })
    addPending(fetch, size)
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

  /**
   * Requests one number or batch of each fetch in turn, once half of the limit is free: one write with many requests
   * costs the client and the server less than many writes.
   */
  const sendRequests = (): void => {
    if (pending * 2 > maxPending || pending * 2 > pendingLimit()) return
    for (let [fetch] = queue; fetch !== undefined; [fetch] = queue) {
      if (isAllRequested(fetch)) {
        queue.shift()
        continue
      }
      const limit = pendingLimit()
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
    addPending(fetch, -fetch.pending)
    fetch.pendingSingle.clear()
    for (const { answered } of fetch.batches.values()) answered.fill(1)
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
    for (const n of fetch.pendingSingle) if (n >= first && n <= last) markSingle(fetch, n)
    for (const batch of fetch.batches.values())
      for (let n = Math.max(first, batch.first); n <= Math.min(last, batch.last); n++) markInBatch(fetch, batch, n)
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
    const { id, origin } = fetch.request
    onEvent({
      _tag: 'ReplayAnswered',
      now: fetch.answeredAt,
      requestId: id,
      origin,
      epoch: undefined,
      arrival: message,
    })
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
    const wasPending = markSingle(fetch, n)
    const answer = decodeStreamAnswer(request.origin, n, fetch.plainSingle, msg, context.toPayload)
    if (answer !== 'Unreadable' && 'number' in answer) return onMessage(fetch, answer)
    // Another fetch requests this number now. A message counts in any case.
    if (!wasPending) return
    if (answer === 'Unreadable') tryNext(fetch, n, n, 'unreadable')
    else if (answer.status !== NOT_FOUND) onUnavailable(fetch)
    else (isProvedMissing(`${request.origin.name}.${n}`) ? fetch.missing : fetch.maybeMissing).push(n)
  }

  /** What a batch did not contain is requested one by one. */
  const onBatchEnded = (fetch: StreamFetch, batch: Batch, status: number): void => {
    fetch.batches.delete(batch.first)
    if (status === BATCH_ENDED || status === NOT_FOUND) batches.onAnswered(fetch.source)
    else batches.onRefused(fetch.source)
    for (let n = batch.first; n <= batch.last; n++) if (markInBatch(fetch, batch, n)) fetch.single.push(n)
    if (!queue.includes(fetch)) queue.push(fetch)
  }

  const onBatchAnswer = (fetch: StreamFetch, first: number, last: number, msg: Msg): void => {
    const answer = decodeStreamAnswer(fetch.request.origin, undefined, fetch.plainBatch, msg, context.toPayload)
    // The number of an unreadable message is not known yet.
    if (answer === 'Unreadable') return
    const batch = fetch.batches.get(first)
    if ('status' in answer) return batch && onBatchEnded(fetch, batch, answer.status)
    if (answer.number < first || answer.number > last) return
    if (batch !== undefined) markInBatch(fetch, batch, answer.number)
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
      const { request } = attempt
      const isRepeated = request.tries >= sourceCount
      if (isRepeated) batches.onRepeated(source)
      const fetch = startFetch(attempt, source, isRepeated)
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
