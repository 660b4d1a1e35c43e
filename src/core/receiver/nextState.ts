/**
 * The next state of an origin, made from the previous one.
 *
 * Each record is written out. A spread followed by new fields takes V8 5 to 30 µs, and anybody can invent origins.
 */
import type {
  Checking,
  Common,
  Conflicted,
  Contact,
  End,
  Ended,
  Far,
  Following,
  Joining,
  Sequenced,
  Unvouched,
} from './OriginState.ts'

/** The fields that a state adds to those of another one. */
type Added<S, Base> = Omit<S, keyof Base | '_tag'>

/** The sequence of a state that follows one. */
type Sequence<A> = Added<Sequenced<A>, Common<A>>

type NamedSequence<A> = Sequence<A> & Pick<Following<A>, 'epoch'>

export const joining = <A>(
  { origin, about, parked, others, otherHeardAt, checkedAt, stored }: Common<A>,
  { reason, probe, heard }: Added<Joining<A>, Common<A>>,
): Joining<A> => ({
  _tag: 'Joining',
  origin,
  about,
  parked,
  others,
  otherHeardAt,
  checkedAt,
  stored,
  reason,
  probe,
  heard,
})

export const following = <A>(
  { origin, about, parked, others, otherHeardAt, checkedAt, stored }: Common<A>,
  { epoch, start, buffer, requestAt, unansweredSince }: NamedSequence<A>,
  contact: Contact,
  far: Far<A> | undefined,
): Following<A> => ({
  _tag: 'Following',
  origin,
  about,
  parked,
  others,
  otherHeardAt,
  checkedAt,
  stored,
  epoch,
  start,
  buffer,
  requestAt,
  unansweredSince,
  contact,
  far,
})

export const checking = <A>(
  { origin, about, parked, others, otherHeardAt, stored }: Common<A>,
  { epoch, start, buffer, requestAt, unansweredSince }: Sequence<A>,
  more: Added<Checking<A>, Sequenced<A>> & Pick<Checking<A>, 'checkedAt'>,
): Checking<A> => ({
  _tag: 'Checking',
  origin,
  about,
  parked,
  others,
  otherHeardAt,
  checkedAt: more.checkedAt,
  stored,
  epoch,
  start,
  buffer,
  requestAt,
  unansweredSince,
  contact: more.contact,
  end: more.end,
  saved: more.saved,
  probe: more.probe,
  own: more.own,
  other: more.other,
  isNewProbe: more.isNewProbe,
  before: more.before,
  next: more.next,
})

export const unvouched = <A>(
  { origin, about, parked, others, otherHeardAt, checkedAt, stored }: Common<A>,
  { epoch, start, buffer, requestAt, unansweredSince }: Sequence<A>,
  { contact, saved, refused, below, far }: Added<Unvouched<A>, Sequenced<A>>,
): Unvouched<A> => ({
  _tag: 'Unvouched',
  origin,
  about,
  parked,
  others,
  otherHeardAt,
  checkedAt,
  stored,
  epoch,
  start,
  buffer,
  requestAt,
  unansweredSince,
  contact,
  saved,
  refused,
  below,
  far,
})

export const conflicted = <A>(
  { origin, about, parked, others, otherHeardAt, checkedAt, stored }: Common<A>,
  { epoch, start, buffer, requestAt, unansweredSince }: Sequence<A>,
  { live, lastEnded }: Added<Conflicted<A>, Sequenced<A>>,
): Conflicted<A> => ({
  _tag: 'Conflicted',
  origin,
  about,
  parked,
  others,
  otherHeardAt,
  checkedAt,
  stored,
  epoch,
  start,
  buffer,
  requestAt,
  unansweredSince,
  live,
  lastEnded,
})

export const ended = <A>(
  { origin, about, parked, others, otherHeardAt, checkedAt, stored }: Common<A>,
  { epoch, start, buffer, requestAt, unansweredSince }: NamedSequence<A>,
  end: End,
): Ended<A> => ({
  _tag: 'Ended',
  origin,
  about,
  parked,
  others,
  otherHeardAt,
  checkedAt,
  stored,
  epoch,
  start,
  buffer,
  requestAt,
  unansweredSince,
  end,
})
