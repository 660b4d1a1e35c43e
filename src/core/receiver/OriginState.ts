/**
 * A receiver's view of one origin: a ledger of its numbers, what is in doubt, and what its sender has promised.
 *
 * ```
 *                    first head, or nobody answers
 *   (unknown) ─────────────────────────────────────► following ◄───────────────┐
 *       │ data: NewOrigin                              │                       │ the head of this run, or of a new one
 *       └── pending until then                         │ Jump, Rewind,         │ (`Restarted`), or nobody answers
 *                                                      │ NewEpoch, Away        │
 *                                                      └──────► in doubt ──────┘
 * ```
 *
 * While in doubt, messages are pending; but a far `Jump` keeps only far numbers waiting. A sender that nobody answers
 * for is `Mute`: then two consecutive numbers confirm each other.
 */

import type { Epoch } from '../protocol/Epoch.ts'
import type { Head } from '../protocol/Head.ts'
import type { Origin } from '../protocol/Origin.ts'
import type { Position } from '../protocol/Positions.ts'
import * as SequenceNumber from '../protocol/SequenceNumber.ts'
import type { About } from './Delivery.ts'
import type { Cause, Doubt } from './Probe.ts'
import * as D from './Probe.ts'
import type { Ledger } from './ReorderBuffer.ts'
import type { Arrival, Turn } from './Step.ts'
import { deliver, hasRoom } from './Step.ts'

/** A run that was left: heard again, it is a conflict, not a restart. */
interface LeftRun {
  readonly epoch: Epoch
  /** Only the answer to a later request proves that it is still alive. */
  readonly asked: number
  /** Not before then is it asked again; each time it has to wait twice as long, or it would be asked for ever. */
  readonly inquireAt: number
  readonly wait: number
  readonly told: boolean
}

/** Another run that answers: beside this one, which is told, or in its place. It takes over once this one answers no more. */
export interface Rival {
  readonly epoch: Epoch
  readonly head: Head | undefined
  readonly told: boolean
}

export interface Track<A> {
  readonly origin: Origin
  readonly about: About
  /** Undefined until it is known where to begin. */
  readonly ledger: Ledger<A> | undefined
  /** Where the first head made us begin; nothing has come of it as long as that is next. */
  readonly baseline: number
  readonly doubt: Doubt<A> | undefined
  /** `Mute`: nobody has ever sent a head for it, or nobody answered lately. */
  readonly voice: 'Heard' | 'Mute'
  /** The run, once its sender has named it. */
  readonly epoch: Epoch | undefined
  /** The first number of the run, once its sender has said so. */
  readonly start: SequenceNumber.SequenceNumber | undefined
  /** When to hear from the sender at the latest, and whether it was asked why not. */
  readonly promise: { readonly max: number; readonly dueAt: number; readonly inquired: boolean } | undefined
  /** It has been silent; told unless there was no room. `max` was its promise. */
  readonly silence: { readonly max: number | undefined; readonly told: boolean } | undefined
  /** Its last number, once it has said so. */
  readonly end: { readonly last: number; readonly told: boolean } | undefined
  readonly left: ReadonlyArray<LeftRun>
  readonly rival: Rival | undefined
  /** The last head that came unasked, is to be doubted, and led to a request: nobody may be there to answer it. `highest`: how far we were. */
  readonly claim: (Head & { readonly highest: number }) | undefined
  /** The first request that was given up since the run has last answered: an answer that is just late still counts. */
  readonly vain: number
  /** The last request that this run has answered. */
  readonly answered: number
  /** When to ask for what is missing next; at once, as soon as it can be asked. */
  readonly askAt: number
  /** How far we had come in an earlier life, and until when its sender may answer for it. */
  readonly saved: { readonly position: Position; readonly until: number } | undefined
}

export const of = (origin: Origin, saved?: Track<never>['saved']): Track<never> => ({
  origin,
  about: { origin: origin.name, subject: origin.subject, sender: origin.run?.sender },
  ledger: undefined,
  baseline: 0,
  doubt: undefined,
  voice: 'Mute',
  epoch: undefined,
  start: undefined,
  promise: undefined,
  silence: undefined,
  end: undefined,
  left: [],
  rival: undefined,
  claim: undefined,
  vain: Number.POSITIVE_INFINITY,
  answered: 0,
  askAt: Number.POSITIVE_INFINITY,
  saved,
})

export const isSingle = <A>(t: Track<A>): boolean => t.origin.run === undefined

/** Is everything pending? A far jump keeps only far numbers waiting; so does a doubt that nobody can be asked about. */
export const isHeldUp = <A>(t: Track<A>): boolean =>
  t.doubt !== undefined &&
  (t.ledger === undefined || (t.doubt.cause !== 'Jump' && t.doubt.asked !== Number.POSITIVE_INFINITY))

/** How far a number may be ahead and still be believed. */
export const horizon = <A>(turn: Turn<A>, l: Ledger<A>, head: number): number =>
  Math.max(l.highest, head) + turn.settings.maxJump

/** Hands over a message that was kept and that no sequence vouches for. */
export const unsequenced = <A>(
  turn: Turn<A>,
  t: Track<A>,
  a: Arrival<A>,
  reason: 'Refuted' | 'Unconfirmed' | 'BetweenRuns',
): void => {
  const { data, headers, reply } = a
  const subject = `${t.origin.name}.${a.number}`
  deliver(turn, { _tag: 'Unsequenced', subject, reason, data, headers, reply }, a.bytes)
}

/** Tells the end once all is settled: of what was said to lie behind it, too. */
export const withEnd = <A>(turn: Turn<A>, t: Track<A>): Track<A> => {
  if (t.end === undefined || t.end.told || t.ledger === undefined) return t
  if (t.ledger.next <= Math.max(t.end.last, t.ledger.highest)) return t
  deliver(turn, { _tag: 'Ended', ...t.about, last: t.end.last }, 0)
  return { ...t, end: { ...t.end, told: true } }
}

export const withoutSilence = <A>(turn: Turn<A>, t: Track<A>): Track<A> => {
  if (t.silence === undefined) return t
  if (t.silence.told) deliver(turn, { _tag: 'Resumed', ...t.about }, 0)
  return { ...t, silence: undefined }
}

/** Nobody vouches for the tail; told now, or when there is room. */
export const silenced = <A>(turn: Turn<A>, t: Track<A>, max: number | undefined): Track<A> => {
  if (t.silence !== undefined) return t
  const told = hasRoom(turn, 0)
  if (told) deliver(turn, { _tag: 'Silent', ...t.about, promised: max }, 0)
  else turn.forgot = true
  return { ...t, promise: undefined, silence: { max, told } }
}

export const promised = <A>(turn: Turn<A>, t: Track<A>, max: number | undefined): Track<A> => ({
  ...t,
  promise: max === undefined || t.end !== undefined ? undefined : { max, dueAt: turn.now + max, inquired: false },
})

/** A doubt in place of what was in doubt before; where nobody answers, a jump waits for the number after it. */
export const raised = <A>(turn: Turn<A>, t: Track<A>, cause: Cause): Doubt<A> => {
  const isHopeless = t.voice === 'Mute' && t.ledger !== undefined && cause === 'Jump'
  const raise = isHopeless ? D.ofMute(turn, cause) : D.raise(turn, cause, t.origin)
  const { pending, forgotten } = t.doubt ?? raise
  return { ...raise, pending, forgotten }
}

/** Nobody vouches for what came after: all of it is lost, however much that may be. */
export const gone = <A>(turn: Turn<A>, t: Track<A>, first: number): void =>
  deliver(turn, { _tag: 'Lost', ...t.about, first: SequenceNumber.nearest(first), last: undefined, reason: 'gone' }, 0)

/** Can we ask for what is missing? Somebody must be there to answer, the sender or a store, and we must know what run we follow. */
export const canAsk = <A>(turn: Turn<A>, t: Track<A>): boolean =>
  t.ledger !== undefined &&
  (t.voice === 'Heard' || (turn.settings.stored && (t.epoch !== undefined || !isSingle(t)))) &&
  !isHeldUp(t)
