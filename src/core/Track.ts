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
import type { About } from './Delivery.ts'
import type { Doubt } from './Doubt.ts'
import * as D from './Doubt.ts'
import type { Epoch } from './Epoch.ts'
import type { Head } from './Head.ts'
import type { Ledger } from './Ledger.ts'
import * as L from './Ledger.ts'
import * as M from './OrderedMap.ts'
import type { Origin } from './Origin.ts'
import type { Position } from './Positions.ts'
import { expire, noticed, receive, settleAll } from './reception.ts'
import * as R from './recovery.ts'
import * as SequenceNumber from './SequenceNumber.ts'
import type { Arrival, Turn } from './Turn.ts'
import { askHead, deliver, hasRoom, keepsUp } from './Turn.ts'

/** A run that was left: heard again, it is a conflict, not a restart. */
interface LeftRun {
  readonly epoch: Epoch
  /** Only the answer to a later request proves that it is still alive. */
  readonly asked: number
  /** Not before then is it asked again. */
  readonly inquireAt: number
  readonly told: boolean
}

export interface Track<A> {
  readonly origin: Origin
  readonly about: About
  /** Undefined until it is known where to begin. */
  readonly ledger: Ledger<A> | undefined
  readonly doubt: Doubt<A> | undefined
  /** `Mute`: nobody has ever sent a head for it, or nobody answered lately. */
  readonly voice: 'Heard' | 'Mute'
  /** The run, once its sender has named it. */
  readonly epoch: Epoch | undefined
  /** When to hear from the sender at the latest, and whether it was asked why not. */
  readonly promise: { readonly max: number; readonly dueAt: number; readonly inquired: boolean } | undefined
  /** It has been silent; told unless there was no room. `max` was its promise. */
  readonly silence: { readonly max: number | undefined; readonly told: boolean } | undefined
  /** Its last number, once it has said so. */
  readonly end: { readonly last: number; readonly told: boolean } | undefined
  readonly left: ReadonlyArray<LeftRun>
  /** Another run that answers beside this one. It may take over once this one answers no more. */
  readonly rival: { readonly epoch: Epoch; readonly head: Head | undefined } | undefined
  /** The last request that this run has answered. */
  readonly answered: number
  /** When to ask for what is missing next; at once, as soon as it can be asked. */
  readonly askAt: number
  /** How far we had come in an earlier life, and until when its sender may answer for it. */
  readonly saved: { readonly position: Position; readonly until: number } | undefined
}

const maxLeft = 64

export const of = (origin: Origin, saved?: Track<never>['saved']): Track<never> => ({
  origin,
  about: { origin: origin.name, subject: origin.subject, sender: origin.run?.sender },
  ledger: undefined,
  doubt: undefined,
  voice: 'Mute',
  epoch: origin.run?.epoch,
  promise: undefined,
  silence: undefined,
  end: undefined,
  left: [],
  rival: undefined,
  answered: 0,
  askAt: Number.POSITIVE_INFINITY,
  saved,
})

const isSingle = <A>(t: Track<A>): boolean => t.origin.run === undefined

/** Is everything pending? A far jump keeps only far numbers waiting, and so does a mute sender's doubt. */
const isHeldUp = <A>(t: Track<A>): boolean =>
  t.doubt !== undefined && (t.ledger === undefined || (t.voice === 'Heard' && t.doubt.cause !== 'Jump'))

/** How far a number may be ahead and still be believed. */
const horizon = <A>(turn: Turn<A>, l: Ledger<A>, head: number): number =>
  Math.max(l.highest, head) + turn.settings.maxJump

/** Hands over a message that was kept and that no sequence vouches for. */
const unsequenced = <A>(
  turn: Turn<A>,
  t: Track<A>,
  a: Arrival<A>,
  reason: 'Refuted' | 'Unconfirmed' | 'BetweenRuns',
): void => {
  const { data, headers, reply } = a
  const subject = `${t.origin.name}.${a.number}`
  deliver(turn, { _tag: 'Unsequenced', subject, reason, data, headers, reply }, a.bytes)
}

/** Tells the end once all before it is settled. */
const withEnd = <A>(turn: Turn<A>, t: Track<A>): Track<A> => {
  if (t.end === undefined || t.end.told || t.ledger === undefined || t.ledger.next <= t.end.last) return t
  deliver(turn, { _tag: 'Ended', ...t.about, last: t.end.last }, 0)
  return { ...t, end: { ...t.end, told: true } }
}

const withoutSilence = <A>(turn: Turn<A>, t: Track<A>): Track<A> => {
  if (t.silence === undefined) return t
  if (t.silence.told) deliver(turn, { _tag: 'Resumed', ...t.about }, 0)
  return { ...t, silence: undefined }
}

/** Nobody vouches for the tail; told now, or when there is room. */
const silenced = <A>(turn: Turn<A>, t: Track<A>, max: number | undefined): Track<A> => {
  if (t.silence !== undefined) return t
  const told = hasRoom(turn, 0)
  if (told) deliver(turn, { _tag: 'Silent', ...t.about, promised: max }, 0)
  else turn.forgot = true
  return { ...t, promise: undefined, silence: { max, told } }
}

const promised = <A>(turn: Turn<A>, t: Track<A>, max: number | undefined): Track<A> => ({
  ...t,
  promise: max === undefined || t.end !== undefined ? undefined : { max, dueAt: turn.now + max, inquired: false },
})

// --- messages -------------------------------------------------------------------------------------------------------

const raised = <A>(turn: Turn<A>, t: Track<A>, cause: D.Cause): Doubt<A> => {
  const raise = t.voice === 'Mute' && t.ledger !== undefined ? D.ofMute(turn, cause) : D.raise(turn, cause, t.origin)
  const { pending, forgotten } = t.doubt ?? raise
  return { ...raise, pending, forgotten }
}

const suspend = <A>(turn: Turn<A>, t: Track<A>, cause: D.Cause, a: Arrival<A>): Track<A> => {
  const weaker = t.doubt?.cause === 'Jump' && cause !== 'Jump' && t.voice === 'Heard'
  const doubt = t.doubt === undefined || weaker ? raised(turn, t, cause) : t.doubt
  const suspended = { ...t, doubt: D.suspend(turn, doubt, a) }
  return suspended.voice === 'Mute' && suspended.ledger !== undefined
    ? confirmed(turn, suspended, suspended.ledger, a.number)
    : suspended
}

/** Where nobody answers, two consecutive numbers confirm each other: a jump, or a restart. */
const confirmed = <A>(turn: Turn<A>, t: Track<A>, l: Ledger<A>, n: number): Track<A> => {
  const pair = t.doubt === undefined ? undefined : D.consecutive(t.doubt, n)
  if (t.doubt === undefined || pair === undefined) return t
  // While the run that we know keeps its promise, only a head can end it: these may be duplicates.
  if (pair < l.next && t.epoch !== undefined && t.silence === undefined) return t
  const pending = D.resume(turn, t.doubt)
  const undoubted = { ...t, doubt: undefined }
  const from = pending.filter(a => a.number >= pair && (pair >= l.next || a.number < l.next))
  const rest = pending.filter(a => a.number < pair || (pair < l.next && a.number >= l.next))
  const begun =
    pair < l.next
      ? silenced(turn, restarted(turn, undoubted, l, undefined, SequenceNumber.nearest(pair)), undefined)
      : undoubted
  const ledger = from.reduce((to, a) => receive(turn, t.about, to, a), begun.ledger ?? l)
  return rest.reduce((to: Track<A>, a) => arrived(turn, to, a), { ...begun, ledger })
}

/** The sequence goes on where it should: what was pending below was a duplicate. */
const withoutRewind = <A>(turn: Turn<A>, t: Track<A>, next: number): Track<A> => {
  if (t.doubt === undefined || t.voice === 'Heard') return t
  const doubt = D.withoutBelow(turn, t.doubt, next)
  return doubt === t.doubt ? t : { ...t, doubt: doubt.pending === undefined ? undefined : doubt }
}

/** A message of this origin has come. */
export const arrived = <A>(turn: Turn<A>, t: Track<A>, a: Arrival<A>): Track<A> => {
  const l = t.ledger
  if (l === undefined) return suspend(turn, t, 'NewOrigin', a)
  if (isHeldUp(t)) return suspend(turn, t, 'Away', a)
  if (a.number < l.next) {
    if (isSingle(t)) return suspend(turn, t, 'Rewind', a)
    turn.duplicates += 1
    return t
  }
  if (isSingle(t) && t.voice === 'Heard' && (t.silence !== undefined || (t.end !== undefined && a.number > t.end.last)))
    return suspend(turn, t, 'Away', a)
  if (a.number > horizon(turn, l, 0)) return suspend(turn, t, 'Jump', a)
  return followed(turn, t, l, a)
}

/** A message that may be believed. */
const followed = <A>(turn: Turn<A>, before: Track<A>, l: Ledger<A>, a: Arrival<A>): Track<A> => {
  const goesOn = before.end !== undefined && a.number > before.end.last
  const t: Track<A> = goesOn ? silenced(turn, { ...before, end: undefined, voice: 'Mute' }, undefined) : before
  const heard = t.silence === undefined || t.voice === 'Mute' ? t : withoutSilence(turn, t)
  const max = heard.silence === undefined ? (t.silence?.max ?? t.promise?.max) : undefined
  const sure = withoutRewind(turn, heard, l.next)
  return withEnd(turn, promised(turn, { ...sure, ledger: receive(turn, t.about, l, a) }, max))
}

// --- heads ----------------------------------------------------------------------------------------------------------

/** Takes what is pending, as far as the head of its run vouches for it. */
const released = <A>(turn: Turn<A>, t: Track<A>, ledger: Ledger<A>, head: Head): Track<A> => {
  const pending = t.doubt === undefined ? [] : D.resume(turn, t.doubt)
  // Where nothing is known of the origin yet, what its sender has not sent is likely of a run before it (`single`).
  const isNew = t.ledger === undefined && isSingle(t)
  let l = ledger
  for (const a of pending)
    if (a.number < head.start || a.number > (isNew ? head.head : horizon(turn, l, head.head)))
      unsequenced(turn, t, a, 'Refuted')
    else l = receive(turn, t.about, l, a)
  return { ...t, doubt: undefined, ledger: noticed(turn, t.about, l, head.head, 'Heartbeat') }
}

/** What the head of this run promises. */
const vouched = <A>(turn: Turn<A>, t: Track<A>, head: Head): Track<A> => {
  const end = t.end ?? (head.state === 'ended' ? { last: head.head, told: false } : undefined)
  turn.epoch = head.epoch
  return promised(turn, { ...withoutSilence(turn, t), voice: 'Heard', epoch: head.epoch, end }, head.max)
}

/** All below a number is done with, and was not there for us to miss. */
const begun = <A>(turn: Turn<A>, t: Track<A>, begin: number): Ledger<A> => {
  turn.out.push({ _tag: 'Began', origin: t.origin.name, epoch: turn.epoch, number: begin - 1 })
  return L.startingAt(begin)
}

/** Where to begin with a run, as its head and our settings say; `lowest` is the first number that is certainly new. */
const beginning = <A>(turn: Turn<A>, t: Track<A>, head: Head, lowest: number): Ledger<A> => {
  const { start } = turn.settings
  const within = (n: number): number => Math.min(Math.max(n, head.start), head.head + 1)
  // A run that is younger than we are is all new; of an older one only what comes from now on.
  if (start === 'new') {
    const isYounger = (head.age ?? Number.POSITIVE_INFINITY) <= turn.age
    return begun(turn, t, isYounger ? head.start : Math.max(lowest, head.start))
  }
  if (start !== 'all' && 'from' in start) return begun(turn, t, within(start.from))
  if (start === 'all' || t.saved === undefined) return begun(turn, t, head.start)
  const { number, epoch = t.origin.run?.epoch } = t.saved.position
  // A run that was not named can't be this one if it has come further, or not as far as this one's start.
  const isSame = epoch === undefined ? number <= head.head && number >= head.start - 1 : epoch === head.epoch
  if (isSame) return begun(turn, t, within(number + 1))
  gone(turn, t, number + 1)
  const change = { from: epoch, to: head.epoch, after: number, start: head.start }
  // The position moves on when the application has been told, not before.
  deliver(turn, { _tag: 'Restarted', ...t.about, ...change }, 0, head.start - 1)
  return L.startingAt(head.start)
}

/** Nobody vouches for what came after: all of it is lost, however much that may be. */
const gone = <A>(turn: Turn<A>, t: Track<A>, first: number): void =>
  deliver(turn, { _tag: 'Lost', ...t.about, first: SequenceNumber.nearest(first), last: undefined, reason: 'gone' }, 0)

/** The first head decides where to begin: at the start of a run that is younger than we are, else here and now. */
const firstHead = <A>(turn: Turn<A>, t: Track<A>, head: Head): Track<A> => {
  const lowest = Math.min(
    M.min(t.doubt?.pending)?.key ?? Number.POSITIVE_INFINITY,
    t.doubt?.forgotten?.first ?? Number.POSITIVE_INFINITY,
    head.head + 1,
  )
  const vouchedFor = vouched(turn, t, head)
  return withEnd(turn, released(turn, vouchedFor, beginning(turn, t, head, lowest), head))
}

const sameRun = <A>(turn: Turn<A>, t: Track<A>, l: Ledger<A>, head: Head, asked: number | undefined): Track<A> => {
  const answers = asked !== undefined && (t.doubt === undefined || t.voice === 'Mute' || asked >= t.doubt.asked)
  const heard = { ...vouched(turn, t, head), answered: asked ?? t.answered }
  if (answers) return withEnd(turn, released(turn, heard, l, head))
  // It has a voice after all: what only the next number could have settled can be asked for now.
  const found = t.voice === 'Mute' && t.doubt !== undefined
  const vouchedFor = found ? { ...heard, doubt: raised(turn, heard, t.doubt.cause) } : heard
  if (isHeldUp(vouchedFor)) return vouchedFor
  if (head.head > horizon(turn, l, 0)) return { ...vouchedFor, doubt: t.doubt ?? raised(turn, vouchedFor, 'Jump') }
  return withEnd(turn, { ...vouchedFor, ledger: noticed(turn, t.about, l, head.head, 'Heartbeat') })
}

/** Settles the old run and begins the new one. */
const restarted = <A>(
  turn: Turn<A>,
  t: Track<A>,
  old: Ledger<A>,
  to: Epoch | undefined,
  start: SequenceNumber.SequenceNumber,
): Track<A> => {
  settleAll(turn, t.about, old, 'gone')
  turn.epoch = to
  deliver(turn, { _tag: 'Restarted', ...t.about, from: t.epoch, to, after: old.highest, start }, 0, start - 1)
  const left =
    t.epoch === undefined
      ? t.left
      : [...t.left, { epoch: t.epoch, asked: turn.asked, inquireAt: turn.now, told: false }]
  return {
    ...t,
    left: left.slice(-maxLeft),
    epoch: to,
    end: undefined,
    promise: undefined,
    rival: undefined,
    ledger: L.startingAt(start),
  }
}

/** Enters another run, which a head has proved. */
const entered = <A>(turn: Turn<A>, t: Track<A>, l: Ledger<A>, head: Head): Track<A> => {
  const pending = t.doubt === undefined ? [] : D.resume(turn, t.doubt)
  const ofNew = (a: Arrival<A>): boolean => a.number >= head.start && a.number <= head.head
  let old = l
  for (const a of pending)
    if (!ofNew(a)) {
      if (a.number > l.highest) unsequenced(turn, t, a, 'BetweenRuns')
      else old = receive(turn, t.about, old, a)
    }
  const begun = vouched(turn, restarted(turn, { ...t, doubt: undefined }, old, head.epoch, head.start), head)
  const ledger = pending
    .filter(ofNew)
    .reduce((to, a) => receive(turn, t.about, to, a), begun.ledger ?? L.startingAt(head.start))
  return withEnd(turn, { ...begun, ledger: noticed(turn, t.about, ledger, head.head, 'Heartbeat') })
}

const conflict = <A>(turn: Turn<A>, t: Track<A>, rival: Epoch): void =>
  deliver(turn, { _tag: 'Conflict', ...t.about, epoch: t.epoch, rival }, 0)

/** The head of another run than the one we follow (`single`). */
const otherRun = <A>(turn: Turn<A>, t: Track<A>, l: Ledger<A>, head: Head, asked: number | undefined): Track<A> => {
  const left = t.left.find(r => r.epoch === head.epoch)
  if (left !== undefined) {
    if (left.told || (asked === undefined ? turn.now < left.inquireAt : asked <= left.asked)) return t
    if (asked === undefined) askHead(turn, t.origin.name)
    else conflict(turn, t, head.epoch)
    const known = { ...left, told: asked !== undefined, inquireAt: turn.now + turn.settings.grace }
    return { ...t, left: t.left.map(r => (r === left ? known : r)) }
  }
  if (t.rival?.epoch === head.epoch) return asked === undefined ? t : { ...t, rival: { epoch: head.epoch, head } }
  if (asked !== undefined && asked === t.answered) {
    // With a third run it is the same conflict.
    if (t.rival !== undefined) return t
    conflict(turn, t, head.epoch)
    return { ...t, rival: { epoch: head.epoch, head: undefined } }
  }
  const answers = asked !== undefined && t.doubt !== undefined && (t.voice === 'Mute' || asked >= t.doubt.asked)
  if (answers && keepsUp(turn)) return entered(turn, t, l, head)
  return t.doubt !== undefined && t.doubt.cause !== 'Jump' && t.voice === 'Heard'
    ? t
    : { ...t, doubt: raised(turn, { ...t, voice: 'Heard' }, 'NewEpoch'), voice: 'Heard' }
}

/** The sender has said where it is: of itself (a heartbeat), or because it was `asked`. */
export const headHeard = <A>(turn: Turn<A>, t: Track<A>, head: Head, asked: number | undefined): Track<A> => {
  const l = t.ledger
  if (l === undefined) {
    // A heartbeat may be a late one of a run that is over, and what is pending of the next.
    const isSure = !isSingle(t) || t.doubt === undefined || (asked !== undefined && asked >= t.doubt.asked)
    return isSure ? firstHead(turn, t, head) : t
  }
  // A run that has no name was guessed. If the one that it seemed to follow still answers, the guess was wrong.
  const isOver = t.left.some(r => r.epoch === head.epoch && (asked ?? 0) <= r.asked)
  const isFirst = t.epoch === undefined && !isOver && head.start <= l.next && head.head >= l.next - 1
  return head.epoch === t.epoch || isFirst ? sameRun(turn, t, l, head, asked) : otherRun(turn, t, l, head, asked)
}

/** Nobody listens for the request. One more is enough to be sure; after that there is nothing to wait for. */
export const headRefused = <A>(turn: Turn<A>, t: Track<A>, asked: number): Track<A> => {
  const d = t.doubt
  if (d === undefined || asked < d.asked) return t
  const isSure = d.tries >= turn.settings.tries
  return { ...t, doubt: isSure ? { ...d, dueAt: turn.now } : { ...d, tries: turn.settings.tries - 1 } }
}

// --- time -----------------------------------------------------------------------------------------------------------

/** Nobody has answered: the sender counts as mute, and what was pending is judged by the numbers alone. */
const unanswered = <A>(turn: Turn<A>, t: Track<A>, d: Doubt<A>): Track<A> => {
  if (!keepsUp(turn)) {
    turn.forgot = true
    return { ...t, doubt: { ...d, dueAt: Number.POSITIVE_INFINITY } }
  }
  if (t.ledger === undefined && d.pending === undefined && d.forgotten === undefined) return unclaimed(turn, t, d)
  if (t.ledger !== undefined && t.rival?.head !== undefined) return entered(turn, t, t.ledger, t.rival.head)
  const pending = D.resume(turn, d)
  const mute: Track<A> = { ...t, doubt: undefined, voice: 'Mute' }
  const begun = t.ledger === undefined ? unvouched(turn, mute, d, pending) : mute
  const after = pending.reduce((to, a) => arrived(turn, to, a), begun)
  // Its farewell may be all that we have of its tail.
  return after.end === undefined || after.ledger === undefined
    ? after
    : withEnd(turn, { ...after, ledger: noticed(turn, t.about, after.ledger, after.end.last, 'Heartbeat') })
}

/** Without a head it begins where we were told to, or with the first number seen; and nobody vouches for the tail. */
const unvouched = <A>(turn: Turn<A>, t: Track<A>, d: Doubt<A>, pending: ReadonlyArray<Arrival<A>>): Track<A> => {
  const { start } = turn.settings
  const from = typeof start !== 'string' && 'from' in start ? start.from : Number.POSITIVE_INFINITY
  const seen = Math.min(pending[0]?.number ?? Number.POSITIVE_INFINITY, d.forgotten?.first ?? Number.POSITIVE_INFINITY)
  const begin = t.saved === undefined ? Math.min(seen, from) : t.saved.position.number + 1
  return silenced(turn, { ...t, ledger: begun(turn, t, begin) }, undefined)
}

/** A saved origin of which nothing is heard: at its deadline it is gone. */
const unclaimed = <A>(turn: Turn<A>, t: Track<A>, d: Doubt<A>): Track<A> => {
  if (t.saved !== undefined && turn.now < t.saved.until) {
    askHead(turn, t.origin.name)
    return { ...t, doubt: { ...d, dueAt: Math.min(t.saved.until, turn.now + turn.settings.patience * 8) } }
  }
  if (t.saved !== undefined) gone(turn, t, t.saved.position.number + 1)
  return { ...t, doubt: undefined, saved: undefined }
}

const doubtTicked = <A>(turn: Turn<A>, t: Track<A>): Track<A> => {
  const d = t.doubt
  if (d === undefined || d.dueAt > turn.now) return t
  if (t.voice === 'Mute' && t.ledger !== undefined) {
    for (const a of D.resume(turn, d)) unsequenced(turn, t, a, 'Unconfirmed')
    return { ...t, doubt: undefined }
  }
  const doubt = D.again(turn, d, t.origin)
  return doubt === undefined ? unanswered(turn, t, d) : { ...t, doubt }
}

const gapsTicked = <A>(turn: Turn<A>, t: Track<A>): Track<A> => {
  const front = t.ledger === undefined || isHeldUp(t) ? undefined : L.frontMissing(t.ledger)
  return t.ledger === undefined || front === undefined || front.deadline > turn.now
    ? t
    : withEnd(turn, { ...t, ledger: expire(turn, t.about, t.ledger) })
}

/** A promise that is broken: half its grace later the sender is asked why, at the end it is called silent. */
const promiseTicked = <A>(turn: Turn<A>, t: Track<A>): Track<A> => {
  const p = t.promise
  if (p === undefined || p.dueAt + turn.settings.grace / 2 > turn.now) return t
  if (p.dueAt + turn.settings.grace <= turn.now) {
    // Where another run answers in its place, that one takes over.
    const doubt = t.doubt ?? (t.rival === undefined ? undefined : raised(turn, t, 'NewEpoch'))
    return { ...silenced(turn, t, p.max), promise: undefined, doubt }
  }
  if (p.inquired) return t
  if (t.doubt === undefined) askHead(turn, t.origin.name)
  return { ...t, promise: { ...p, inquired: true } }
}

/** Time has passed. */
export const ticked = <A>(turn: Turn<A>, t: Track<A>): Track<A> =>
  promiseTicked(turn, gapsTicked(turn, doubtTicked(turn, t)))

/** When time matters next. */
export const wakeAt = <A>(turn: Turn<A>, t: Track<A>): number => {
  const doubt = t.doubt?.dueAt ?? Number.POSITIVE_INFINITY
  const gap =
    t.ledger === undefined || isHeldUp(t)
      ? Number.POSITIVE_INFINITY
      : (L.frontMissing(t.ledger)?.deadline ?? Number.POSITIVE_INFINITY)
  const promise =
    t.promise === undefined
      ? Number.POSITIVE_INFINITY
      : t.promise.dueAt + turn.settings.grace / (t.promise.inquired ? 1 : 2)
  const ask = canAsk(t) ? t.askAt : Number.POSITIVE_INFINITY
  return Math.min(doubt, gap, promise, ask)
}

// --- recovery -------------------------------------------------------------------------------------------------------

/** Can we ask for what is missing? Somebody must be there to answer, and we must know what run we follow. */
const canAsk = <A>(t: Track<A>): boolean => t.voice === 'Heard' && t.ledger !== undefined && !isHeldUp(t)

/** Asks for what is missing, if that has changed or time has come. */
export const pursued = <A>(turn: Turn<A>, before: Track<A>, t: Track<A>): Track<A> => {
  if (t.ledger?.missing === undefined)
    return t.askAt === Number.POSITIVE_INFINITY ? t : { ...t, askAt: Number.POSITIVE_INFINITY }
  if (!canAsk(t)) return { ...t, askAt: Number.NEGATIVE_INFINITY }
  if (t.ledger.missing === before.ledger?.missing && t.askAt > turn.now) return t
  return { ...t, ...R.pursue(turn, t.origin, t.ledger) }
}

/** Does an answer speak for the run that we follow? It need not name it. Of two that are alive one can't refuse for the other. */
const isOwn = <A>(t: Track<A>, epoch: Epoch | undefined): boolean => epoch === undefined || epoch === t.epoch

/** A message that was asked for has come. In doubt about the run that we follow, it counts if it bears its name. */
export const replayed = <A>(
  turn: Turn<A>,
  t: Track<A>,
  asked: number,
  epoch: Epoch | undefined,
  a: Arrival<A>,
): Track<A> =>
  t.ledger === undefined || !isOwn(t, epoch) || (epoch === undefined && !canAsk(t))
    ? t
    : withEnd(turn, { ...t, ledger: R.replayed(turn, t.about, t.ledger, asked, a) })

/** A request has been considered up to a number. */
export const considered = <A>(
  turn: Turn<A>,
  t: Track<A>,
  asked: number,
  epoch: Epoch | undefined,
  last: number,
): Track<A> =>
  t.ledger === undefined || !canAsk(t) || !isOwn(t, epoch)
    ? t
    : { ...t, ledger: R.considered(turn, t.ledger, asked, last) }

/** Numbers that were asked for are not to be had any more. */
export const refused = <A>(
  turn: Turn<A>,
  t: Track<A>,
  asked: number,
  epoch: Epoch | undefined,
  first: number,
  last: number,
): Track<A> =>
  t.ledger === undefined || !canAsk(t) || !isOwn(t, epoch)
    ? t
    : withEnd(turn, { ...t, ledger: R.refused(turn, t.about, t.ledger, asked, first, last) })

// --- the receiver's own affairs -------------------------------------------------------------------------------------

/** We are connected again and have asked all senders; requests from before are forgotten. */
export const reconnected = <A>(turn: Turn<A>, t: Track<A>, asked: number): Track<A> => {
  const promise = t.promise === undefined ? undefined : { ...t.promise, inquired: false }
  const ledger = t.ledger === undefined ? undefined : L.withoutAsks(t.ledger)
  const waits = t.doubt !== undefined && (t.ledger === undefined || t.voice === 'Heard')
  const away = isSingle(t) && t.voice === 'Heard'
  if (!waits && !away) return { ...t, promise, ledger, askAt: Number.NEGATIVE_INFINITY }
  const { cause, pending, forgotten } = t.doubt ?? { cause: 'Away', pending: undefined, forgotten: undefined }
  const doubt = D.waitingFor(turn, away && cause === 'Jump' ? 'Away' : cause, asked)
  return { ...t, promise, ledger, askAt: Number.NEGATIVE_INFINITY, doubt: { ...doubt, pending, forgotten } }
}

/** The consumer has made room again: what had to wait for that goes on. */
export const relieved = <A>(turn: Turn<A>, t: Track<A>): Track<A> => {
  if (t.silence !== undefined && !t.silence.told)
    deliver(turn, { _tag: 'Silent', ...t.about, promised: t.silence.max }, 0)
  return {
    ...t,
    silence: t.silence === undefined ? undefined : { ...t.silence, told: true },
    ledger: t.ledger === undefined ? undefined : L.remember(t.ledger, turn.now + turn.settings.deadline),
    askAt: Number.NEGATIVE_INFINITY,
    doubt: t.doubt?.dueAt === Number.POSITIVE_INFINITY ? raised(turn, t, t.doubt.cause) : t.doubt,
  }
}

/** Nothing more is expected of it: it has ended, or it is silent; and nothing is open. */
export const isIdle = <A>(t: Track<A>): boolean =>
  t.doubt === undefined &&
  t.ledger !== undefined &&
  L.frontMissing(t.ledger) === undefined &&
  (t.end?.told === true || (t.silence?.told === true && t.voice === 'Heard'))

/** It is followed no more: unless it has ended, what it sends from now on is lost. */
export const dropped = <A>(turn: Turn<A>, t: Track<A>): void => {
  if (t.end?.told !== true && t.ledger !== undefined) gone(turn, t, t.ledger.next)
}

/** Nothing is known of it, and nothing pending: it need not be followed. */
export const isVoid = <A>(t: Track<A>): boolean => t.ledger === undefined && t.doubt === undefined

/** An origin of an earlier life: all senders have been asked, and it waits for its own to answer. */
export const resumed = <A>(turn: Turn<A>, t: Track<A>, asked: number): Track<A> => ({
  ...t,
  doubt: D.waitingFor(turn, 'NewOrigin', asked),
})
