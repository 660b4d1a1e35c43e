/**
 * Fetches messages from JetStream streams with the direct get API, one message per request. All fetches share the
 * limits of pending requests, and take turns.
 */
import type { RefusalReason } from '../../core/receiver/Delivery.ts'
import type { Msg } from '../client/Connection.ts'
import type { ReceiverContext } from './decode.ts'
import type { StreamSource } from './Replayer.ts'
import { decodeStreamAnswer } from './replayAnswers.ts'
import type { RangeAttempt, ReplayEvent, SentAttempt } from './replayAttempts.ts'
import { dropStale, eventFields } from './replayAttempts.ts'

/** An attempt to fetch a range from a stream. */
export interface StreamFetch extends SentAttempt {
  readonly source: StreamSource
  /** The first and last number that are not requested yet. */
  next: number
  end: number
  /** Numbers without an answer. */
  readonly pending: Set<number>
  /** Numbers that the stream does not have. */
  readonly missing: Array<number>
  /** Numbers that the stream did not have yet. It may lag. */
  readonly maybeMissing: Array<number>
}

/** Limits of pending requests, and of the expected bytes of their answers: the server disconnects a slow consumer. */
const maxPending = 256
const maxPendingBytes = 4 * 1024 * 1024

/** The number of 404 answers after which a message counts as missing. */
const missesForProof = 3

/** The limit of remembered 404 answers. */
const maxMisses = 65_536

const NOT_FOUND = 404

export interface StreamFetcher {
  readonly fetch: (attempt: SentAttempt, source: StreamSource) => StreamFetch
  readonly onAnswer: (fetch: StreamFetch, number: number, msg: Msg) => void
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
  readonly publish: (subject: string, reply: string) => void
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

const isComplete = (fetch: StreamFetch): boolean => fetch.next > fetch.end && fetch.pending.size === 0

export const createStreamFetcher = ({ context, publish, onEvent, tryNext }: StreamFetcherOptions): StreamFetcher => {
  /** Open fetches, in the order of their last answers. */
  const fetches = new Map<number, StreamFetch>()
  const fetchesOfOrigin = new Map<string, Set<StreamFetch>>()
  /** Fetches with numbers to request. */
  let queue: Array<StreamFetch> = []
  let pending = 0
  /** The expected size of an answer. It decreases slowly while answers are small. */
  let expectedBytes = maxPendingBytes / 16
  const misses = new Map<string, number>()

  /** Requests one number of each fetch in turn. */
  const sendRequests = (): void => {
    while (pending * expectedBytes < maxPendingBytes && pending < maxPending) {
      const fetch = queue.shift()
      if (fetch === undefined) return
      if (fetch.next > fetch.end) continue
      const n = fetch.next
      fetch.next += 1
      fetch.pending.add(n)
      pending += 1
      queue.push(fetch)
      const { request, id, source } = fetch
      publish(
        `${source.api}.DIRECT.GET.${source.stream}.${request.origin.name}.${n}`,
        `${context.replayInbox}.${id}.${n}`,
      )
    }
  }

  const close = (fetch: StreamFetch): void => {
    if (!fetches.delete(fetch.id)) return
    pending -= fetch.pending.size
    fetch.pending.clear()
    fetch.next = Number.POSITIVE_INFINITY
    const { name } = fetch.request.origin
    const siblings = fetchesOfOrigin.get(name)
    siblings?.delete(fetch)
    if (siblings?.size === 0) fetchesOfOrigin.delete(name)
    for (const [first, last] of toRanges(fetch.missing)) tryNext(fetch, first, last, 'evicted')
    for (const [first, last] of toRanges(fetch.maybeMissing)) tryNext(fetch, first, last, undefined)
  }

  const removeFrom = (fetch: StreamFetch, first: number, last: number): void => {
    for (const n of fetch.pending) if (n >= first && n <= last && fetch.pending.delete(n)) pending -= 1
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

  const onAnswer = (fetch: StreamFetch, n: number, msg: Msg): void => {
    const { request } = fetch
    const subject = `${request.origin.name}.${n}`
    const wasPending = fetch.pending.delete(n)
    if (wasPending) pending -= 1
    const answer = decodeStreamAnswer(request.origin, n, msg, context.toPayload)
    if (answer !== 'Unreadable' && 'number' in answer) {
      misses.delete(subject)
      expectedBytes = Math.max(answer.bytes, expectedBytes * 0.9)
      onEvent({ _tag: 'ReplayAnswered', ...eventFields(request), epoch: undefined, arrival: answer })
    }
    // Another fetch requests this number now. A message counts in any case.
    if (!wasPending) return
    if (answer === 'Unreadable') tryNext(fetch, n, n, 'unreadable')
    else if ('status' in answer && answer.status === NOT_FOUND)
      (isProvedMissing(subject) ? fetch.missing : fetch.maybeMissing).push(n)
    else if ('status' in answer) {
      // The stream does not answer: no other request of this fetch gets an answer either.
      fetch.missing.length = 0
      fetch.maybeMissing.length = 0
      close(fetch)
      tryNext(fetch, fetch.first, fetch.last, undefined)
      return sendRequests()
    }
    if (isComplete(fetch)) {
      close(fetch)
      if (fetch.last === request.last) onEvent({ _tag: 'ReplayEnded', ...eventFields(request), last: fetch.last })
    }
    sendRequests()
  }

  return {
    fetch: (attempt, source) => {
      const { first, last, request } = attempt
      const progress = { next: first, end: last, pending: new Set<number>(), missing: [], maybeMissing: [] }
      const fetch: StreamFetch = { ...attempt, source, ...progress }
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
    },
  }
}
