/**
 * An attempt to recover a range from one source of a replayer. If the source refuses a part of the range, or can't
 * answer, the next attempt goes to the next source.
 */
import type { RefusalReason } from '../../core/receiver/Delivery.ts'
import type { Event } from '../../core/receiver/events.ts'
import type { Output } from '../../core/receiver/outputs.ts'
import { now } from '../client/timer.ts'

/** A replay request of the core. */
export type ReplayRequest = Extract<Output<Uint8Array>, { _tag: 'RequestReplay' }>

/** An event of the core about a replay request. */
export type ReplayEvent = Extract<Event<Uint8Array>, { _tag: `Replay${string}` }>

/** A range of a request for one source. */
export interface RangeAttempt {
  readonly request: ReplayRequest
  readonly first: number
  readonly last: number
  /** The number of earlier sources. */
  readonly sourcesTried: number
  /** Why all earlier sources have refused the range; `undefined` if one of them gave no answer. */
  readonly refusal: RefusalReason | undefined
}

/** An attempt that was sent to a source. */
export interface SentAttempt extends RangeAttempt {
  readonly id: number
  /** The time of its last answer. */
  answeredAt: number
}

/** The limit of attempts that wait for answers. */
const maxSent = 65_536

/** The common fields of the events about a request. */
export const eventFields = ({ id, origin, epoch }: ReplayRequest) => ({ now: now(), requestId: id, origin, epoch })

/**
 * Drops attempts without an answer for `maxAge` ms, and the oldest beyond the limit. The map is in the order of
 * answers.
 */
export const dropStale = <S extends SentAttempt>(
  attempts: Map<number, S>,
  maxAge: number,
  drop: (attempt: S) => void,
): void => {
  const oldest = now() - maxAge
  for (const attempt of attempts.values()) {
    if (attempt.answeredAt > oldest && attempts.size <= maxSent) return
    drop(attempt)
  }
}

/** The more specific of two reasons: an eviction at one source does not explain the refusal of another. */
export const moreSpecific = (a: RefusalReason, b: RefusalReason): RefusalReason => (a === 'evicted' ? b : a)
