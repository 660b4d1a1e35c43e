/**
 * A stream as a witness: what it holds exists. The receiver asks it only while the sender does not answer.
 */
import type { Head } from '../protocol/Head.ts'
import { last as lastNumber } from '../protocol/SequenceNumber.ts'
import { leave, restart } from './follow.ts'
import * as Next from './nextState.ts'
import type {
  Checking,
  Ended,
  Following,
  Joining,
  Known,
  NumberRange,
  OriginState,
  Stored,
  Unvouched,
} from './OriginState.ts'
import { isSingle, isUnique, maxHole, withBuffer } from './OriginState.ts'
import { unvouched } from './onMessage.ts'
import * as B from './ReorderBuffer.ts'
import { noticeMissing } from './reorder.ts'
import type { Step } from './Step.ts'
import { keepsUp, requestStored } from './Step.ts'

const answersOf = (stored: Stored): number => (stored._tag === 'Unknown' ? 0 : stored.answers)

/** The stream has answered: it holds `later`, and nothing else that is not missing already. */
export const known = <A>({ now }: Step<A>, before: Stored, later: ReadonlyArray<NumberRange>): Stored => {
  if (before._tag === 'Known') return { ...before, later }
  const answers = answersOf(before) + 1
  return { _tag: 'Known', later, answers, dueAt: now + firstPause * 4 ** (answers - 1) }
}

/** The stream has answered with numbers that were not known. It may hold more. */
const learned = <A>(step: Step<A>, later: ReadonlyArray<NumberRange>): Stored => known(step, { _tag: 'Unknown' }, later)

/** A replica of the stream may lag, so an answer without news is believed only when it repeats. */
const answersToBelieve = 3

/** True if the stream has said often enough that it holds nothing more. */
export const isBelieved = (stored: Stored): boolean => answersOf(stored) >= answersToBelieve

export const mayRequest = <A>(step: Step<A>, s: OriginState<A>): boolean =>
  step.settings.stored && s.stored._tag === 'Unknown'

/** Asks the stream for numbers of an origin. */
export const queryStream = <A, S extends OriginState<A>>(
  step: Step<A>,
  s: S,
  first: number,
  last: number = lastNumber,
): S => ({
  ...s,
  stored: {
    _tag: 'Requested',
    id: requestStored(step, s.origin, first, last),
    failures: s.stored._tag === 'Unanswered' ? s.stored.failures : 0,
    answers: answersOf(s.stored),
  },
})

/** In ms: the pause after the first unanswered request, which doubles each time, and the longest. */
const firstPause = 1000
const longestPause = 60_000

/** When to ask again after this many unanswered requests. */
export const retryAt = (now: number, failures: number): number =>
  now + Math.min(firstPause * 2 ** (failures - 1), longestPause)

/** After this many unanswered requests the stream is reported silent. An election of its leader takes fewer. */
export const failuresToReport = 3

/** No stream has answered the request with that id. */
export const unanswered = <A>(step: Step<A>, s: OriginState<A>, requestId: number): OriginState<A> => {
  if (s.stored._tag !== 'Requested' || s.stored.id !== requestId) return s
  const failures = s.stored.failures + 1
  const { answers } = s.stored
  return { ...s, stored: { _tag: 'Unanswered', dueAt: retryAt(step.now, failures), failures, answers } }
}

/** The state if its sender does not answer, so that the stream decides. */
const withoutSender = <A>(s: OriginState<A>): Following<A> | Unvouched<A> | undefined =>
  s._tag === 'Unvouched' || (s._tag === 'Following' && s.contact._tag === 'Silent') ? s : undefined

/** When the stream must be asked again. */
export const dueAt = <A>(s: OriginState<A>): number => {
  const { stored } = s
  if (withoutSender(s) === undefined) return Number.POSITIVE_INFINITY
  if (stored._tag === 'Unanswered') return stored.dueAt
  const isIdle = stored._tag === 'Known' && stored.later.length === 0 && !isBelieved(stored)
  // Gaps come first.
  return isIdle && s._tag !== 'Joining' && !isOpen(s) ? stored.dueAt : Number.POSITIVE_INFINITY
}

/** The parts of the ranges from a number on. */
export const from = (ranges: ReadonlyArray<NumberRange>, first: number): ReadonlyArray<NumberRange> =>
  ranges.flatMap(r => (r.last < first ? [] : [{ first: Math.max(r.first, first), last: r.last }]))

/** Numbers in the stream above the sequence are missing. A later run starts when they are settled. */
export const extend = <A, S extends Known<A>>(step: Step<A>, s: S, ranges: ReadonlyArray<NumberRange>): S => {
  const above = from(ranges, s.buffer.highest + 1)
  const [next, ...rest] = above
  if (next === undefined || !isUnique(s, next.first)) return { ...s, stored: known(step, s.stored, []) }
  if (isSingle(s) && next.first > s.buffer.highest + maxHole) return { ...s, stored: learned(step, above) }
  const buffer = noticeMissing(step, s.about, s.buffer, next.last, 'Stream')
  return { ...withBuffer<A, S>(s, buffer), stored: learned(step, rest) }
}

/** A check found a later run. Before it starts, the receiver fetches what a stream holds of the runs before. */
export const lookBack = <A>(step: Step<A>, s: Checking<A>, next: Head): Checking<A> => ({
  ...queryStream<A, Checking<A>>(step, s, s.buffer.highest + 1, next.start - 1),
  next,
  probe: { ...s.probe, dueAt: step.now + step.settings.gapTimeout },
})

/** True if the numbers of the next run are above those of this one, and a stream may hold some in between. */
export const mayLookBack = <A>(step: Step<A>, s: Checking<A>, next: Head): boolean =>
  mayRequest(step, s) && isSingle(s) && next.epoch !== s.epoch && next.start > s.buffer.highest + 1

/**
 * The sender of a saved position has restarted since. Before the new run starts, the receiver fetches what a stream
 * holds of the saved one. `undefined`: there is nothing to fetch.
 */
export const lookBackFromSaved = <A>(step: Step<A>, s: Joining<A>, next: Head): Checking<A> | undefined => {
  if (!step.settings.stored || !isSingle(s) || s.reason._tag !== 'Saved') return undefined
  const { position } = s.reason
  const { number, epoch } = position
  if (epoch === undefined || epoch === next.epoch || next.start <= number + 1) return undefined
  step.epoch = epoch
  const sequence = {
    epoch,
    start: undefined,
    buffer: B.startingAt(number + 1),
    requestAt: Number.NEGATIVE_INFINITY,
    unansweredSince: Number.POSITIVE_INFINITY,
  }
  const checking = Next.checking(s, sequence, {
    checkedAt: step.now,
    contact: undefined,
    end: undefined,
    saved: position,
    probe: s.probe,
    own: undefined,
    other: { head: next, by: 'answer', at: step.now },
    isNewProbe: false,
    before: s.probe.pending,
    next: undefined,
  })
  return lookBack(step, checking, next)
}

export const fetchBefore = <A>(step: Step<A>, s: Checking<A>, ranges: ReadonlyArray<NumberRange>): Checking<A> => {
  const extended = extend<A, Checking<A>>(step, s, ranges)
  // The deadlines of the gaps decide from now on.
  return s.next === undefined ? extended : { ...extended, probe: { ...s.probe, dueAt: Number.POSITIVE_INFINITY } }
}

/** Starts a later run in the stream. Its epoch is unknown. */
const startLater = <A>(step: Step<A>, s: Known<A>, range: NumberRange): Known<A> => {
  const left = leave(step, s, s.buffer, undefined, range.first)
  return withBuffer(left, noticeMissing(step, s.about, left.buffer, range.last, 'Stream'))
}

const isOpen = <A>({ buffer }: Known<A>): boolean => buffer.missing !== undefined || buffer.held !== undefined

/** The sender does not answer: asks the stream, and goes through what it holds. */
const followStored = <A>(step: Step<A>, s: Following<A> | Unvouched<A>): OriginState<A> => {
  const isDue = s.stored._tag === 'Unknown' || dueAt(s) <= step.now
  if (isDue) return queryStream<A, Following<A> | Unvouched<A>>(step, s, s.buffer.highest + 1)
  if (s.stored._tag !== 'Known' || isOpen(s)) return s
  const [range, ...later] = s.stored.later
  if (range === undefined) return s
  if (!keepsUp(step)) {
    step.waitsForRoom = true
    return s
  }
  const state = unvouched(startLater(step, s, range), { contact: s.contact, refused: true })
  return { ...state, epoch: undefined, start: undefined, saved: undefined, stored: learned(step, later) }
}

/** Everything before the next run is settled: it starts. */
const startNext = <A>(step: Step<A>, s: Checking<A>, next: Head): Checking<A> | Following<A> | Ended<A> => {
  if (s.stored._tag !== 'Known' || isOpen(s)) return s
  if (!keepsUp(step)) {
    step.waitsForRoom = true
    return s
  }
  const [range, ...later] = s.stored.later
  if (range === undefined) return restart(step, { ...s, stored: { _tag: 'Unknown' } }, next)
  const { buffer, others, requestAt, unansweredSince } = startLater(step, s, range)
  return {
    ...s,
    buffer,
    others,
    requestAt,
    unansweredSince,
    epoch: undefined,
    start: undefined,
    stored: learned(step, later),
  }
}

/** Runs after each event of an origin: asks the stream, or uses its answer. */
export const followWitness = <A>(step: Step<A>, s: OriginState<A>): OriginState<A> => {
  if (!step.settings.stored) return s
  const mute = withoutSender(s)
  if (mute !== undefined) return followStored(step, mute)
  if (s._tag === 'Checking' && s.next !== undefined) return startNext(step, s, s.next)
  // The sender is heard again.
  return s._tag === 'Following' && s.stored._tag !== 'Unknown' ? { ...s, stored: { _tag: 'Unknown' } } : s
}
