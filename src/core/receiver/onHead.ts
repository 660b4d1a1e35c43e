/** What a head makes of a track: where to begin, how far its run is, and whether it is still the run that we follow. */

import * as M from '../internal/OrderedMap.ts'
import type { Epoch } from '../protocol/Epoch.ts'
import type { Head } from '../protocol/Head.ts'
import type * as SequenceNumber from '../protocol/SequenceNumber.ts'
import type { Rival, Track } from './OriginState.ts'
import {
  gone,
  horizon,
  isHeldUp,
  isSingle,
  promised,
  raised,
  unsequenced,
  withEnd,
  withoutSilence,
} from './OriginState.ts'
import * as D from './Probe.ts'
import type { Ledger } from './ReorderBuffer.ts'
import * as L from './ReorderBuffer.ts'
import { noticed, receive, settleAll } from './reorder.ts'
import type { Arrival, Turn } from './Step.ts'
import { askHead, deliver, keepsUp } from './Step.ts'

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
  // An answer may be older than the farewell, and that be all that we have of the tail.
  const last = Math.max(head.head, t.end?.last ?? 0)
  return { ...t, doubt: undefined, ledger: noticed(turn, t.about, l, last, 'Heartbeat') }
}

/** What the head of this run promises. Who has gone on after its farewell has taken that back. */
const vouched = <A>(turn: Turn<A>, t: Track<A>, head: Head): Track<A> => {
  const goesOn = t.end !== undefined && head.head > Math.max(t.end.last, t.ledger?.highest ?? 0)
  const before = goesOn ? undefined : t.end
  const end = before ?? (head.state === 'ended' ? { last: head.head, told: false } : undefined)
  turn.epoch = head.epoch
  return promised(
    turn,
    { ...withoutSilence(turn, t), voice: 'Heard', epoch: head.epoch, start: head.start, end },
    head.max,
  )
}

/** All below a number is done with, and was not there for us to miss. */
export const begun = <A>(turn: Turn<A>, t: Track<A>, begin: number): Ledger<A> => {
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
  if (t.saved === undefined) return begun(turn, t, head.start)
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

/** Runs that are remembered to have been left; the oldest is forgotten. */
const maxLeft = 64

/** A run that is left, if it has a name. */
const leaving = <A>(turn: Turn<A>, { left }: Track<A>, epoch: Epoch | undefined): Track<A>['left'] => {
  if (epoch === undefined) return left
  const before = left.find(r => r.epoch === epoch)
  const now = { asked: turn.asked, inquireAt: turn.now, wait: turn.settings.grace, told: before?.told ?? false }
  return [...left.filter(r => r !== before), { epoch, ...now }].slice(-maxLeft)
}

/** The first head decides where to begin: at the start of a run that is younger than we are, else here and now. */
const firstHead = <A>(turn: Turn<A>, t: Track<A>, head: Head): Track<A> => {
  const lowest = Math.min(
    M.min(t.doubt?.pending)?.key ?? Number.POSITIVE_INFINITY,
    t.doubt?.forgotten?.first ?? Number.POSITIVE_INFINITY,
    head.head + 1,
  )
  const vouchedFor = vouched(turn, t, head)
  const ledger = beginning(turn, t, head, lowest)
  // The run of an earlier life is left like any other.
  const before = isSingle(t) ? t.saved?.position.epoch : undefined
  const left = before === head.epoch ? t.left : leaving(turn, t, before)
  return withEnd(turn, released(turn, { ...vouchedFor, left, baseline: ledger.next }, ledger, head))
}

/** Does the answer to that request settle a doubt? Where nobody could be asked, any answer does. */
const settles = <A>(d: D.Doubt<A>, asked: number): boolean => d.asked === Number.POSITIVE_INFINITY || asked >= d.asked

const isLater = (before: Head, head: Head): boolean =>
  before.age === undefined || head.age === undefined || head.age > before.age

/**
 * A sender may be heard and not be there for requests (it may not subscribe to them). When it was asked in vain, what it says
 * again has to do: or each of its heartbeats would set off the same questions, and what it claims never be told. The same heartbeat
 * that comes twice says nothing again: it is no older.
 */
const isSaidAgain = <A>(turn: Turn<A>, t: Track<A>, head: Head): boolean =>
  t.claim?.epoch === head.epoch &&
  (t.doubt === undefined || t.doubt.asked === Number.POSITIVE_INFINITY) &&
  isLater(t.claim, head) &&
  head.head >= t.claim.head &&
  head.head <= t.claim.head + turn.settings.maxJump

/** What came unasked, and has to be asked about. An answer that is late is no claim: whoever gave it can be asked. */
const claimed = <A>(t: Track<A>, head: Head, asked: number | undefined): Track<A> =>
  asked === undefined ? { ...t, claim: { ...head, highest: t.ledger?.highest ?? 0 } } : t

const sameRun = <A>(turn: Turn<A>, t: Track<A>, l: Ledger<A>, head: Head, asked: number | undefined): Track<A> => {
  const answers =
    asked === undefined
      ? isSaidAgain(turn, t, head)
      : asked > t.answered && (t.doubt === undefined || settles(t.doubt, asked))
  const isFar = head.head > horizon(turn, l, 0)
  // A head that is in doubt ends nothing, and takes no end back.
  const said = vouched(turn, t, answers || !isFar ? head : { ...head, state: 'live', head: head.start - 1 })
  const heard = { ...said, answered: asked ?? t.answered, claim: undefined }
  if (answers) {
    const known = { ...heard, rival: t.rival?.told ? t.rival : undefined, vain: Number.POSITIVE_INFINITY }
    return withEnd(turn, released(turn, known, l, head))
  }
  // It has a voice after all: what only the next number could have settled can be asked for now.
  const found = t.voice === 'Mute' && t.doubt !== undefined
  const vouchedFor = found ? { ...claimed(heard, head, asked), doubt: raised(turn, heard, t.doubt.cause) } : heard
  if (isHeldUp(vouchedFor)) return vouchedFor
  if (isFar) return { ...claimed(vouchedFor, head, asked), doubt: vouchedFor.doubt ?? raised(turn, vouchedFor, 'Jump') }
  return withEnd(turn, { ...vouchedFor, ledger: noticed(turn, t.about, l, head.head, 'Heartbeat') })
}

/** Settles the old run and begins the new one. */
export const restarted = <A>(
  turn: Turn<A>,
  t: Track<A>,
  old: Ledger<A>,
  to: Epoch | undefined,
  start: SequenceNumber.SequenceNumber,
): Track<A> => {
  settleAll(turn, t.about, old, 'gone')
  turn.epoch = to
  deliver(turn, { _tag: 'Restarted', ...t.about, from: t.epoch, to, after: old.highest, start }, 0, start - 1)
  return {
    ...t,
    left: leaving(turn, t, t.epoch),
    epoch: to,
    start: undefined,
    end: undefined,
    promise: undefined,
    rival: undefined,
    claim: undefined,
    vain: Number.POSITIVE_INFINITY,
    saved: undefined,
    ledger: L.startingAt(start),
    baseline: 0,
  }
}

/** What came, found no room, and can't be of the new run is lost with the old one, as far as it may be believed. */
const forgottenOfOld = <A>(turn: Turn<A>, t: Track<A>, l: Ledger<A>, head: Head): number => {
  const forgotten = t.doubt?.forgotten
  const isOfOld = (n: number): boolean => (n < head.start || n > head.head) && n <= horizon(turn, l, 0)
  return forgotten === undefined ? 0 : Math.max(0, ...[forgotten.first, forgotten.last].filter(isOfOld))
}

/** Enters another run, which a head has proved. */
export const entered = <A>(turn: Turn<A>, t: Track<A>, l: Ledger<A>, head: Head): Track<A> => {
  const pending = t.doubt === undefined ? [] : D.resume(turn, t.doubt)
  const ofNew = (a: Arrival<A>): boolean => a.number >= head.start && a.number <= head.head
  let old = l
  for (const a of pending)
    if (!ofNew(a)) {
      if (a.number > l.highest) unsequenced(turn, t, a, 'BetweenRuns')
      else old = receive(turn, t.about, old, a)
    }
  old = noticed(turn, t.about, old, forgottenOfOld(turn, t, l, head), 'Data')
  const begun = vouched(turn, restarted(turn, { ...t, doubt: undefined }, old, head.epoch, head.start), head)
  const ledger = pending
    .filter(ofNew)
    .reduce((to, a) => receive(turn, t.about, to, a), begun.ledger ?? L.startingAt(head.start))
  return withEnd(turn, { ...begun, ledger: noticed(turn, t.about, ledger, head.head, 'Heartbeat') })
}

const conflict = <A>(turn: Turn<A>, t: Track<A>, rival: Epoch): void =>
  deliver(turn, { _tag: 'Conflict', ...t.about, epoch: t.epoch, rival }, 0)

/** A rival that has answered says how far it is since then: what came of it meanwhile is its own. */
const noted = <A>(turn: Turn<A>, rival: Rival, head: Head): Rival => {
  const least = rival.head?.head ?? Number.POSITIVE_INFINITY
  return head.head >= least && head.head <= least + turn.settings.maxJump ? { ...rival, head } : rival
}

/** The head of another run than the one we follow (`single`). */
const otherRun = <A>(turn: Turn<A>, t: Track<A>, l: Ledger<A>, head: Head, asked: number | undefined): Track<A> => {
  const left = t.left.find(r => r.epoch === head.epoch)
  if (left !== undefined) {
    if (left.told || (asked === undefined ? turn.now < left.inquireAt : asked <= left.asked)) return t
    if (asked === undefined) askHead(turn, t.origin.name)
    else conflict(turn, t, head.epoch)
    const known = { ...left, told: asked !== undefined, wait: left.wait * 2, inquireAt: turn.now + left.wait }
    return { ...claimed(t, head, asked), left: t.left.map(r => (r === left ? known : r)) }
  }
  const answers = asked !== undefined && t.doubt !== undefined && asked >= t.doubt.asked
  // The run that we follow must have ended or fallen silent, or two would take turns.
  const isOver = t.end !== undefined || t.silence !== undefined
  // A rival takes over when the own run answers no more; at once, where that has ended. What it says is asked about only then.
  const waits = asked === undefined ? !isOver || t.doubt !== undefined : t.end === undefined || !answers
  if (t.rival?.told && t.rival.epoch === head.epoch && waits)
    return { ...t, rival: asked === undefined ? noted(turn, t.rival, head) : { ...t.rival, head } }
  if (asked === t.answered) {
    // With a third run it is the same conflict.
    if (t.rival?.told) return t
    conflict(turn, t, head.epoch)
    return { ...t, rival: { epoch: head.epoch, head: undefined, told: true } }
  }
  // An answer to a request from before the doubt may be a late one, of where our own run was then.
  if (answers && keepsUp(turn)) return { ...entered(turn, t, l, head), answered: asked }
  // It has answered, and is entered when there is room.
  if (answers) return { ...t, rival: { epoch: head.epoch, head, told: false } }
  if (t.rival?.told === false && t.rival.epoch === head.epoch) return { ...t, rival: noted(turn, t.rival, head) }
  if (t.doubt !== undefined && t.doubt.cause !== 'Jump' && t.voice === 'Heard') return t
  // As long as that has no name, what lies below what has come since may be a late heartbeat of its own.
  const isOther = t.epoch !== undefined || t.claim?.highest === l.highest
  if (asked === undefined && isOver && isOther && isSaidAgain(turn, t, head) && keepsUp(turn))
    return entered(turn, t, l, head)
  const doubt = raised(turn, { ...t, voice: 'Heard' }, 'NewEpoch')
  // It may be an earlier state of the same run, unless it was asked for from now on.
  const late = isSingle(t) && t.epoch !== undefined ? t.vain : doubt.asked
  return { ...claimed(t, head, asked), doubt: { ...doubt, asked: Math.min(doubt.asked, late) }, voice: 'Heard' }
}

/**
 * Can this be the head of a run that was followed without a name? Where we were told to begin below all that it has ever
 * sent, only what is missing lies there.
 */
const mayName = <A>(turn: Turn<A>, t: Track<A>, l: Ledger<A>, head: Head): boolean => {
  const { start } = turn.settings
  const told = typeof start !== 'string' && 'from' in start ? start.from : (t.saved?.position.number ?? 0) + 1
  const lowest = l.next === told ? (L.frontMissing(l)?.last ?? l.next - 1) + 1 : l.next
  const isSaved = (t.saved?.position.epoch ?? head.epoch) === head.epoch
  return isSaved && head.start <= lowest && head.head >= l.next - 1
}

/**
 * The first heartbeat was believed unasked, and nothing has come since of what it made us wait for: if its run, asked, has not
 * come that far, we begin where that says. To begin earlier than need be does no harm.
 */
const isForgedStart = <A>(t: Track<A>, l: Ledger<A>, head: Head): boolean =>
  head.epoch === t.epoch && l.next === t.baseline && l.highest < l.next && head.head < l.next - 1

/** The sender has said where it is: of itself (a heartbeat), or because it was `asked`. */
export const headHeard = <A>(turn: Turn<A>, t: Track<A>, head: Head, asked: number | undefined): Track<A> => {
  const l = t.ledger
  if (l === undefined) {
    // A heartbeat may be a late one of a run that is over, and what is pending of the next.
    const isSure = !isSingle(t) || t.doubt === undefined || (asked !== undefined && asked >= t.doubt.asked)
    if (isSure || t.doubt === undefined) return firstHead(turn, { ...t, answered: asked ?? t.answered }, head)
    // It is there: what was asked in vain is asked once more, before the numbers alone decide.
    const isLast = asked === undefined && t.claim === undefined && t.doubt.tries >= turn.settings.tries
    if (!isLast) return t
    return { ...claimed(t, head, asked), doubt: { ...raised(turn, t, t.doubt.cause), asked: t.doubt.asked } }
  }
  if (isForgedStart(t, l, head) && (asked ?? Number.POSITIVE_INFINITY) > t.answered) {
    // A farewell is not taken back by an answer to what was asked before.
    const isOpen = t.doubt === undefined && t.end === undefined
    const proves =
      asked === undefined ? isSaidAgain(turn, t, head) : isOpen || (t.doubt !== undefined && settles(t.doubt, asked))
    const anew = { ...t, ledger: undefined, end: undefined, claim: undefined, answered: asked ?? t.answered }
    if (proves) return firstHead(turn, anew, head)
    // The first may have been forged, or this one be late: whoever is there can tell, or says so again when asked in vain.
    const same = sameRun(turn, t, l, head, asked)
    return { ...claimed(same, t.claim ?? head, asked), doubt: same.doubt ?? raised(turn, same, 'Jump') }
  }
  // A run that has no name was guessed. If the one that it seemed to follow still answers, the guess was wrong.
  const left = t.left.find(r => r.epoch === head.epoch)
  // Who can't be asked has to say so again, after a question that was in vain.
  const isAgain = asked === undefined && left !== undefined && turn.now >= left.inquireAt && isSaidAgain(turn, t, head)
  const isOver = left !== undefined && !isAgain && (asked ?? 0) <= left.asked
  // Where another run has answered in its place, and waits for room, only an answer tells that it is there itself.
  const isTaken = asked === undefined && t.rival?.told === false
  const isFirst = t.epoch === undefined && !isOver && !isTaken && mayName(turn, t, l, head)
  // Of `perSender` it is the same run in any case: only an answer proves that what we began with was not of it.
  const isOwn = head.epoch === t.epoch || isFirst || (!isSingle(t) && isSaidAgain(turn, t, head))
  return isOwn ? sameRun(turn, t, l, head, asked) : otherRun(turn, t, l, head, asked)
}

/** Nobody listens for the request. One more is enough to be sure; after that there is nothing to wait for. */
export const headRefused = <A>(turn: Turn<A>, t: Track<A>, asked: number): Track<A> => {
  const d = t.doubt
  if (d === undefined || asked < d.asked) return t
  const isSure = d.tries >= turn.settings.tries
  // An origin of an earlier life of which nothing comes has its time: to ask again at once would never end.
  const isAwaited = t.saved !== undefined && t.ledger === undefined && d.pending === undefined
  const dueAt = isAwaited ? Math.min(d.dueAt, t.saved.until) : turn.now
  const doubt = isSure ? { ...d, dueAt } : { ...d, tries: turn.settings.tries - 1 }
  return { ...t, doubt: { ...doubt, refused: true } }
}
