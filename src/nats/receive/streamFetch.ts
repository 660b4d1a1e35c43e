/** One attempt to fetch a range from a stream, and its progress. */
import type { StreamSource } from './Replayer.ts'
import type { SentAttempt } from './replayAttempts.ts'
import type { PlainBlock } from './streamAnswers.ts'
import { plainBlock } from './streamAnswers.ts'

/** A request for several numbers. */
export interface Batch {
  readonly first: number
  readonly last: number
  /** 1 for each number that was answered, or that another fetch requests now. */
  readonly answered: Uint8Array
}

/** An attempt to fetch a range from a stream. */
export interface StreamFetch extends SentAttempt {
  readonly source: StreamSource
  /** The first and last number that are not requested yet. */
  next: number
  end: number
  /** Numbers to request one by one: a batch did not contain them. */
  single: Array<number>
  /** The count of requested numbers without an answer. */
  pending: number
  /** Those that were requested one by one. */
  readonly pendingSingle: Set<number>
  /** Batches that have not ended, by their first numbers. */
  readonly batches: Map<number, Batch>
  /** The headers of answers to single requests and to batches. */
  readonly plainSingle: PlainBlock
  readonly plainBatch: PlainBlock
  /** True if messages are requested one by one, because an earlier request got no answer. */
  readonly isRepeated: boolean
  /** Numbers that the stream does not have. */
  readonly missing: Array<number>
  /** Numbers that the stream did not have yet. It may lag. */
  readonly maybeMissing: Array<number>
}

/** A fetch before its first request. */
export const startFetch = (attempt: SentAttempt, source: StreamSource, isRepeated: boolean): StreamFetch => {
  const { first, last, request } = attempt
  return {
    ...attempt,
    source,
    next: first,
    end: last,
    single: [],
    pending: 0,
    pendingSingle: new Set(),
    batches: new Map(),
    plainSingle: plainBlock(source.stream, request.origin.name, false),
    plainBatch: plainBlock(source.stream, request.origin.name, true),
    isRepeated,
    missing: [],
    maybeMissing: [],
  }
}

/** Consecutive numbers as ranges. */
export const toRanges = (numbers: ReadonlyArray<number>): ReadonlyArray<readonly [number, number]> => {
  const ranges: Array<readonly [number, number]> = []
  for (const n of [...numbers].sort((a, b) => a - b)) {
    const [first, last] = ranges.at(-1) ?? [n, n - 2]
    if (n === last + 1) ranges[ranges.length - 1] = [first, n]
    else ranges.push([n, n])
  }
  return ranges
}

export const isAllRequested = (fetch: StreamFetch): boolean => fetch.next > fetch.end && fetch.single.length === 0

export const isComplete = (fetch: StreamFetch): boolean => isAllRequested(fetch) && fetch.pending === 0
