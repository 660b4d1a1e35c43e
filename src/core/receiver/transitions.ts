/**
 * The transition table of an origin.
 *
 * The table has one row per state and one cell per event. The compiler checks that no cell is missing, and that each
 * cell lists all of its target states. The diagram in docs/architecture.md is generated from it.
 */
import type * as F from './follow.ts'
import type {
  Checking,
  Conflicted,
  Ended,
  Following,
  Joining,
  Known,
  NumberRange,
  OriginState,
  Unvouched,
} from './OriginState.ts'
import * as H from './onHead.ts'
import * as Messages from './onMessage.ts'
import * as Local from './onReconnect.ts'
import type { Arrival } from './outputs.ts'
import type { Step } from './Step.ts'
import * as Stored from './stored.ts'
import * as Unanswered from './unanswered.ts'

export interface States<A> {
  readonly Joining: Joining<A>
  readonly Following: Following<A>
  readonly Checking: Checking<A>
  readonly Unvouched: Unvouched<A>
  readonly Conflicted: Conflicted<A>
  readonly Ended: Ended<A>
}

/** The events of an origin and their data. */
export interface Inputs<A> {
  /** A live message. */
  readonly message: Arrival<A>
  /** A heartbeat of the followed run. */
  readonly head: F.Heard
  /** A heartbeat of another epoch (`single`). */
  readonly otherHead: F.Heard
  /** The followed run answers the open probe. */
  readonly answer: F.Heard
  /** Another epoch answers the open probe. */
  readonly otherAnswer: F.Heard
  /** Nobody answers the probe. */
  readonly unanswered: undefined
  /** The sender was not heard within its promised interval and `grace`. */
  readonly overdue: undefined
  /** The receiver is connected again. It has sent a head request with this id to all senders. */
  readonly reconnected: number
  /** A stream says which numbers it holds. */
  readonly stored: ReadonlyArray<NumberRange>
}

export type Tag = keyof States<unknown>
export type EventTag = keyof Inputs<unknown>

type Target = Tag | 'Gone'

type Result<A, T extends Target> = T extends Tag ? States<A>[T] : undefined

interface Cell<S extends Tag, E extends EventTag> {
  /** The target states. `Gone`: the receiver no longer follows the origin. */
  readonly to: ReadonlyArray<Target>
  readonly run: <A>(step: Step<A>, s: States<A>[S], input: Inputs<A>[E]) => OriginState<A> | undefined
}

/** A cell whose function leads to exactly these states. The compiler checks it. */
const cell = <S extends Tag, E extends EventTag, T extends Target>(
  to: ReadonlyArray<T>,
  run: <A>(step: Step<A>, s: States<A>[S], input: Inputs<A>[E]) => Result<A, T>,
): Cell<S, E> => ({ to, run })

type Table = { readonly [S in Tag]: { readonly [E in EventTag]: Cell<S, E> } }

const stay = <A, S extends OriginState<A>>(_: Step<A>, s: S): S => s
const stayWithoutRequests = <A, S extends Known<A>>(_: Step<A>, s: S): S => Local.withoutRequests<A, S>(s)

const checked = ['Checking', 'Following', 'Ended', 'Conflicted'] as const

export const transitions: Table = {
  Joining: {
    message: cell(['Joining'], Messages.hold),
    head: cell(['Joining', 'Following', 'Ended', 'Checking'], H.remember),
    otherHead: cell(['Joining', 'Following', 'Ended', 'Checking'], H.remember),
    answer: cell(['Following', 'Ended', 'Checking'], H.join),
    otherAnswer: cell(['Following', 'Ended', 'Checking'], H.join),
    unanswered: cell(['Joining', 'Following', 'Ended', 'Unvouched', 'Checking', 'Gone'], Unanswered.joinUnanswered),
    overdue: cell(['Joining'], stay),
    reconnected: cell(['Joining'], Local.awaitAgain),
    stored: cell(['Joining', 'Unvouched', 'Checking', 'Gone'], Unanswered.startStored),
  },
  Following: {
    message: cell(['Following', 'Checking'], Messages.accept),
    head: cell(['Following', 'Ended', 'Checking'], H.follow),
    otherHead: cell(['Following', 'Checking'], H.checkOther),
    answer: cell(['Following', 'Ended'], H.settle),
    otherAnswer: cell(checked, H.checkAnswered),
    unanswered: cell(['Following', 'Ended', 'Unvouched', 'Checking'], Unanswered.farUnanswered),
    overdue: cell(['Following'], Local.fallSilent),
    reconnected: cell(['Following', 'Checking'], Local.checkAway),
    stored: cell(['Following'], Stored.extend),
  },
  Checking: {
    message: cell(['Checking'], Messages.hold),
    head: cell(['Checking'], H.noteOwn),
    otherHead: cell(['Checking'], H.noteOther),
    answer: cell(checked, H.ownAnswers),
    otherAnswer: cell(checked, H.otherAnswers),
    unanswered: cell([...checked, 'Unvouched'], Unanswered.checkUnanswered),
    overdue: cell(['Checking'], Local.fallSilent),
    reconnected: cell(['Checking'], Local.checkAgain),
    stored: cell(['Checking'], Stored.fetchBefore),
  },
  Unvouched: {
    message: cell(['Unvouched', 'Checking'], Messages.acceptUnvouched),
    head: cell(['Following', 'Ended'], H.name),
    otherHead: cell(['Unvouched', 'Checking'], H.checkOther),
    answer: cell(['Following', 'Ended'], H.name),
    otherAnswer: cell(['Unvouched', 'Checking'], H.checkOther),
    unanswered: cell(['Unvouched'], Unanswered.unconfirmed),
    overdue: cell(['Unvouched'], Local.fallSilent),
    reconnected: cell(['Unvouched'], stayWithoutRequests),
    stored: cell(['Unvouched'], Stored.extend),
  },
  Conflicted: {
    message: cell(['Conflicted'], Messages.deliverInConflict),
    head: cell(['Conflicted', 'Joining'], H.noteLive),
    otherHead: cell(['Conflicted', 'Joining'], H.noteLive),
    answer: cell(['Conflicted', 'Joining'], H.noteLive),
    otherAnswer: cell(['Conflicted', 'Joining'], H.noteLive),
    unanswered: cell(['Conflicted'], stay),
    overdue: cell(['Conflicted', 'Joining'], H.dropSilent),
    reconnected: cell(['Conflicted'], stayWithoutRequests),
    stored: cell(['Conflicted'], stay),
  },
  Ended: {
    message: cell(['Ended', 'Checking', 'Unvouched'], Messages.acceptAfterEnd),
    head: cell(['Ended', 'Following'], H.reopen),
    otherHead: cell(['Ended', 'Checking'], H.checkOther),
    answer: cell(['Ended', 'Following'], H.reopen),
    otherAnswer: cell(['Ended', 'Checking'], H.checkOther),
    unanswered: cell(['Ended'], stay),
    overdue: cell(['Ended'], stay),
    reconnected: cell(['Ended'], stayWithoutRequests),
    stored: cell(['Ended'], stay),
  },
}

/** The state after an event. `undefined`: the receiver no longer follows the origin. */
export const after = <A, E extends EventTag>(
  step: Step<A>,
  s: OriginState<A>,
  event: E,
  input: Inputs<A>[E],
): OriginState<A> | undefined => {
  switch (s._tag) {
    case 'Joining':
      return transitions.Joining[event].run(step, s, input)
    case 'Following':
      return transitions.Following[event].run(step, s, input)
    case 'Checking':
      return transitions.Checking[event].run(step, s, input)
    case 'Unvouched':
      return transitions.Unvouched[event].run(step, s, input)
    case 'Conflicted':
      return transitions.Conflicted[event].run(step, s, input)
    case 'Ended':
      return transitions.Ended[event].run(step, s, input)
  }
}
