// The auditor: it knows the promises, and nothing of how they are kept. It reads a chronicle and names what was broken.
//
// What it excuses is said where it is excused. Of an origin of `single` on which two senders were alive at once nothing is
// promised but that what is handed over was published, in order, and that someone is told: `Conflicted`. A sender without
// heartbeats and answers (`isMute`) has no tail that anyone could vouch for, and no beginning.

import type { Epoch } from '../../src/core/protocol/Epoch.ts'
import * as Asking from './asking.ts'
import { beliefRules, believed, remembered } from './belief.ts'
import type { Chronicle, Forgery, Handed, Life, Published, Run, Saved } from './chronicle.ts'
import { claimed, claimRules } from './claims.ts'
import { idOf, isSame, textOf } from './content.ts'
import { doubtingRules, doubts } from './doubting.ts'
import { eventsOf } from './events.ts'
import { isForewarned } from './forewarned.ts'
import { keepingRules, kept } from './keeping.ts'
import { namingRules, runsNamed } from './naming.ts'
import { noticeRules, notices } from './notices.ts'
import { rivalRules, rivals } from './rivals.ts'
import { roomed, roomRules } from './room.ts'
import { audited as auditSending, sendingRules } from './sending.ts'
import type { Piece, Settled, Story } from './story.ts'
import { ascending, storiesOf } from './story.ts'

export const rules = {
  EveryNumberSettled: 'every number after a start is delivered or reported lost (1)',
  OrderedAscends: 'in `ordered`, delivered and lost are one ascending run without repeats (2)',
  NothingInvented: 'what is delivered was published, and is identical (3)',
  DeliveredOrLost: 'no number is delivered twice, or both delivered and lost (4)',
  LostOnlyWhenLost: 'nothing is called lost that a replayer within reach holds, or before its deadline (5)',
  TailLossFound: 'the loss of the last message is noticed at the next heartbeat that comes (6)',
  GapsSettle: 'after the network heals every gap settles in time, and while one is open a wake-up is booked (7)',
  MemoryBounded: 'what is kept stays within the bounds (8)',
  ForgeryHidesNothing: 'a forged or stray message makes no genuine one vanish silently (9)',
  RunsNeverMix: 'origins and runs never mix (10)',
  RequestsEnd: 'when all is settled nobody asks any more (11)',
  ReplaysInBudget: 'what is asked for, and sent again, is a few times what is missing at most (11)',
  CrashLeavesNoHole: 'a crash plus saved positions leaves no hole (12)',
  PublishedOrReported:
    'what was published or on its way while disconnected is sent again, or reported to its sender (13)',
  ...sendingRules,
  ...Asking.rules,
  ...noticeRules,
  ...beliefRules,
  ...roomRules,
  ...doubtingRules,
  ...rivalRules,
  ...claimRules,
  ...namingRules,
  ...keepingRules,
} as const

export type Rule = keyof typeof rules

export interface Violation {
  readonly rule: Rule
  readonly at: number
  readonly what: string
}

type Report = (rule: Rule, at: number, what: string) => void

/** Messages and answers that are on their way when a run ends come this much later at most; only replays are slower. */
const inFlight = 700

const defaultBound = 16_384

/** Runs of one origin that a receiver remembers to have left. */
const mostLeft = 64

export const audit = (chronicle: Chronicle): ReadonlyArray<Violation> => {
  const violations: Violation[] = []
  const report: Report = (rule, at, what) => violations.push({ rule, at, what })
  const runs = runsOf(chronicle)
  for (const life of chronicle.lives) {
    const who = `r${life.receiver} (since ${life.startedAt})`
    const say: Report = (rule, at, what) => report(rule, at, `${who}: ${what}`)
    for (const handed of life.handed) genuine(chronicle, say, life, handed)
    bounded(say, chronicle, life)
    frugal(say, life)
    notices(chronicle, runs, say, life)
    believed(chronicle, runs, life, say)
    const events = eventsOf(life)
    doubts(chronicle, runs, say, life, events)
    rivals(life, say, events)
    claimed(chronicle, runs, say, life, events)
    runsNamed(life, say, events)
    remembered(runs, life, say)
    roomed(life, say, events)
    kept(life, say, events)
    const stories = storiesOf(chronicle, life)
    for (const story of stories) for (const piece of story.pieces) audited(chronicle, runs, say, story, piece)
    if (life.endedAt === Number.POSITIVE_INFINITY) settled(chronicle, runs, say, life, stories)
    if (life.saved !== undefined) resumed(chronicle, runs, say, life.saved, stories)
  }
  senders(chronicle, report)
  auditSending(chronicle, report)
  Asking.judged(chronicle, report)
  return violations.sort((a, b) => a.at - b.at)
}

// --- runs -----------------------------------------------------------------------------------------------------------

interface Runs {
  readonly of: (origin: string) => ReadonlyArray<Run>
  readonly find: (origin: string, epoch: string | undefined) => Run | undefined
  readonly isConflicted: (origin: string) => boolean
  readonly isForged: (origin: string) => boolean
  /** Is it followed by its numbers alone? Then nobody vouches for its tail, its beginning, or which run it is. */
  readonly isVague: (origin: string) => boolean
}

const runsOf = (chronicle: Chronicle): Runs => {
  const byOrigin = new Map<string, Run[]>()
  for (const run of chronicle.runs) byOrigin.set(run.origin, [...(byOrigin.get(run.origin) ?? []), run])
  const conflicted = new Set<string>()
  for (const [origin, runs] of byOrigin)
    for (const a of runs)
      for (const b of runs) if (a !== b && a.bornAt <= b.bornAt && b.bornAt < a.endedAt) conflicted.add(origin)
  const forged = new Set(chronicle.forged.map(f => f.origin))
  const of = (origin: string): ReadonlyArray<Run> => byOrigin.get(origin) ?? []
  return {
    of,
    find: (origin, epoch) => of(origin).find(r => r.epoch === epoch),
    isConflicted: origin => conflicted.has(origin),
    isForged: origin => forged.has(origin),
    isVague: origin =>
      of(origin).some(r => r.isMute || (r.isDeaf && r.addressing === 'single' && of(origin).length > 1)),
  }
}

// --- 3 --------------------------------------------------------------------------------------------------------------

const genuine = (chronicle: Chronicle, report: Report, life: Life, handed: Handed): void => {
  const { at, delivery: d } = handed
  if (d._tag !== 'Message' && d._tag !== 'Unsequenced') return
  const subject = d._tag === 'Message' ? `${d.origin}.${d.number}` : d.subject
  const id = idOf(d.data)
  if (id === 0) {
    const isForged = chronicle.forged.some(
      f => f.at <= at && (f.kind === 'Stray' ? f.origin : `${f.origin}.${f.number}`) === subject,
    )
    if (!isForged && !Asking.isMisled(chronicle, life, subject, at))
      report('NothingInvented', at, `${subject} was never published`)
    return
  }
  const p = chronicle.published[id - 1]
  if (p === undefined) return report('NothingInvented', at, `${subject} bears the unknown id ${id}`)
  if (`${p.run.origin}.${p.number}` !== subject)
    return report('NothingInvented', at, `${subject} is the content of ${p.run.origin}.${p.number}`)
  if (p.at > at) report('NothingInvented', at, `${subject} comes before it is published`)
  // A store keeps no reply subject.
  const isStored = life.settings.stored && isRecovered(handed) && chronicle.stored.has(subjectOf(p))
  const hasReply = d.reply === p.reply || (isStored && d.reply === undefined)
  if (!isSame(p.data, d.data) || textOf(d.headers) !== p.headers || !hasReply)
    report('NothingInvented', at, `${subject} is not as it was published`)
  if (p.run.addressing !== life.addressing) report('RunsNeverMix', at, `${subject} has the other addressing`)
}

// --- 8, 7, 11 -------------------------------------------------------------------------------------------------------

const bounded = (report: Report, { overAt, runs }: Chronicle, life: Life): void => {
  const { kept, settings } = life
  const check = (what: string, is: number, most: number): void => {
    if (is > most) report('MemoryBounded', life.startedAt, `${is} ${what} kept, of ${most}`)
  }
  check('messages', kept.messages, settings.maxMessages)
  check('bytes', kept.bytes, settings.maxBytes)
  // Beyond them each origin may have forgotten its tail.
  check('gaps', kept.gaps, settings.maxGaps + kept.origins)
  check('origins', kept.origins, settings.maxOrigins)
  check('runs that were left', kept.left, mostLeft)
  if (life.forgotten > 0)
    report('GapsSettle', life.startedAt, `${life.forgotten} times something was open and no wake-up booked`)
  // What a run says that was left, and can't be asked, is asked about less and less, but never not at all.
  const most = life.addressing === 'single' && runs.some(r => r.isDeaf && r.end === 'Live') ? 1 : 0
  const waits = (): boolean => life.handed.some(({ delivery: d }) => d._tag === 'Gap' && isEndless(life, d))
  if (life.lateAsks > most && !waits()) report('RequestsEnd', overAt, `${life.lateAsks} requests in the last second`)
}

/**
 * Where two runs count from their clocks millions of numbers lie between them. A store is asked for these as well, a page at a
 * time, and refuses page after page: as long as there is no end to that the rest has to wait.
 */
const isEndless = (
  { settings: { stored, maxMessages } }: Life,
  { first, last }: { readonly first: number; readonly last: number },
): boolean => stored && last - first > 1000 * Math.min(4096, maxMessages)

/**
 * Asked for again in vain, an interval has its turns until its deadline: four soon after one another, then one each eight
 * times its patience at most. Whatever comes of it may begin that anew, and so may a reconnect. Links and replayers of this
 * world make up to three of one answer, and misdirect it.
 */
const frugal = (report: Report, life: Life): void => {
  const { settings, replays } = life
  // Without room for them gaps are not told, and what was forgotten is asked for again as often as there is room.
  if (settings.maxMessages <= defaultBound || settings.maxGaps < defaultBound) return
  let missing = 1
  for (const { delivery: d } of life.handed) if (d._tag === 'Gap') missing += d.last - d.first + 1
  const turns = 4 + settings.deadline / (8 * settings.patience)
  if (replays.asks > 2 * turns * missing)
    report('ReplaysInBudget', life.startedAt, `${replays.asks} requests for ${missing} messages`)
  if (replays.answers > 30 * missing)
    report('ReplaysInBudget', life.startedAt, `${replays.answers} answers for ${missing} messages`)
}

// --- what is said of one origin, run by run -------------------------------------------------------------------------

const audited = (chronicle: Chronicle, runs: Runs, report: Report, story: Story, piece: Piece): void => {
  const { origin, life } = piece
  if (life.settings.mode === 'ordered') {
    let next: number | undefined
    for (const s of piece.settled) {
      if (next !== undefined && s.first !== next)
        report(
          s.first > next ? named(runs, origin) : 'OrderedAscends',
          s.at,
          `${origin}: ${range(s)} follows ${next - 1}`,
        )
      next = Math.max(next ?? 0, s.last + 1)
    }
  }
  let above = 0
  for (const s of ascending(piece)) {
    if (s.first <= above) report('DeliveredOrLost', s.at, `${origin}: ${range(s)} is told twice`)
    above = Math.max(above, s.last)
  }
  unmixed(chronicle, runs, report, story, piece)
  lost(chronicle, runs, report, piece)
}

const range = (s: { readonly first: number; readonly last: number }): string =>
  s.first === s.last ? `${s.first}` : `${s.first}-${s.last}`

const named = (runs: Runs, origin: string): Rule =>
  runs.isForged(origin) ? 'ForgeryHidesNothing' : 'EveryNumberSettled'

// --- 10 -------------------------------------------------------------------------------------------------------------

/**
 * The residue of `single`: a live message does not say of which run it is, so its number alone decides.
 *
 * - One of a new run is taken for one of the old, if it comes before the receiver has an answer from its run.
 * - One of an old run is taken for one of the new, if it is still on its way when that begins, and has a number that the new
 *   run can have.
 *
 * What is asked for names its run: it never mixes.
 */
const isResidue = (life: Life, own: Run, { id, run, number }: Published): boolean => {
  const came = life.came.get(id)
  // Of a run that has sent nothing there is nothing to mix it with.
  if (own.head < own.start) return true
  if (came === undefined) return false
  // A run that has answered is entered when there is room.
  if (run.bornAt > own.bornAt && life.settings.maxMessages <= defaultBound) return true
  if (run.bornAt > own.bornAt && isForewarned(life, run, came)) return false
  // What answers when the one before was asked in vain is entered when it answers again.
  const [first = Number.POSITIVE_INFINITY, second = Number.POSITIVE_INFINITY] = life.answered.get(run.epoch) ?? []
  if (run.bornAt > own.bornAt) return came <= (own.endedAt < first ? second : first)
  // What had come before the receiver was disconnected may be handed over later.
  const away = life.away.find(a => a.from <= came && came <= a.to)
  return (away?.from ?? came) <= run.sentAt + inFlight && number >= own.start
}

/** Has the run answered within the time that is taken for asking, and was nobody said since to be there? */
const hasAnswered = ({ answered, settings, seen }: Life, run: Run | undefined, by: number): boolean => {
  const asking = settings.patience * (2 ** settings.tries - 1)
  const since = seen.findLast(s => s.what === 'Nobody' && s.origin === run?.origin && s.at <= by)?.at ?? 0
  return run !== undefined && (answered.get(run.epoch) ?? []).some(at => at <= by && at >= since && at > by - asking)
}

/** Where nobody answers in time the numbers decide, and may be wrong: what comes again then looks like a restart. */
const isGuessed = (piece: Piece, run: Run | undefined): boolean =>
  piece.endedBy === 'Restarted' && piece.left === undefined && !hasAnswered(piece.life, run, piece.endedAt)

/** Has somebody made up a head in the name of a sender? */
const hasPoser = ({ forged }: Chronicle, origin: string): boolean =>
  forged.some(f => f.origin === origin && f.kind === 'Head')

/** Has somebody said at least that often in the name of a run that it is there, which nobody knows? Where none can be asked that counts. */
const isPosed = (chronicle: Chronicle, origin: string, epoch: Epoch | undefined, by: number, often = 2): boolean =>
  epoch !== undefined &&
  chronicle.forged.filter(f => f.origin === origin && f.epoch === epoch && f.at <= by).length >= often

/** A run without a name gets that of the first that is heard. */
const oftenFor = ({ named: name }: Piece): number => (name === undefined ? 1 : 2)

const isRecovered = (handed: Handed | undefined): boolean =>
  handed?.delivery._tag === 'Message' && handed.delivery.verdict === 'Recovered'

const subjectOf = ({ run, number }: Published): string => `${run.epoch} ${run.origin}.${number}`

const unmixed = (chronicle: Chronicle, runs: Runs, report: Report, story: Story, piece: Piece): void => {
  const { origin, life } = piece
  if (runs.isConflicted(origin) || runs.isVague(origin)) return
  const own = runs.find(origin, piece.epoch)
  // A number that somebody made up, and that was taken, makes a run without a name seem to be further than it says.
  const isMadeUp = (s: Settled): boolean => !s.isLost && s.message === undefined
  if (piece.named === undefined && story.pieces.some(p => p.settled.some(isMadeUp))) return
  // As long as nobody has answered for any of them only numbers tell one run from the next.
  const answered = own === undefined ? [] : (life.answered.get(own.epoch) ?? [])
  const isUnheard = (by: number): boolean => !answered.some(at => at <= by)
  const taken = new Set<Run>()
  if (life.settings.stored && own !== undefined)
    for (const { message } of piece.settled)
      if (message !== undefined && message.run !== own && isResidue(life, own, message)) taken.add(message.run)
  for (const { message, at, index } of piece.settled)
    if (message !== undefined && own !== undefined && message.run !== own && !isResidue(life, own, message)) {
      // A store does not say either of which run it is: it goes with those beside it.
      if (taken.has(message.run) && isRecovered(life.handed[index]) && chronicle.stored.has(subjectOf(message)))
        continue
      if (piece.named !== undefined || !isUnheard(at))
        report(
          'RunsNeverMix',
          at,
          `${origin}.${message.number} of ${message.run.epoch} is handed over as one of ${piece.epoch}`,
        )
    }
  const entered = story.pieces.flatMap(p => (p.named === undefined ? [] : [p.named]))
  if (new Set(entered).size !== entered.length)
    report('RunsNeverMix', piece.endedAt, `${origin}: a run is entered again`)
  const isGuess = isGuessed(piece, own)
  // What had no name was taken for more than one run, and all but one of them were left.
  const isOther = (s: Settled): boolean => (s.isLost ? s.first < (own?.start ?? 0) : s.message?.run !== own)
  // Or it went on from a saved position of a run before it, of which nobody spoke.
  const saved = life.saved?.positions.find(p => p.origin === origin)?.epoch
  const isNext = piece.begunBy === 'Hearing' && saved !== undefined && saved !== own?.epoch
  // Or what came of another run was kept with it, and makes it seem to be further than it says.
  const isAmong = (p: Published): boolean =>
    p.run.origin === origin && p.run !== own && (life.came.get(p.id) ?? Number.POSITIVE_INFINITY) <= piece.endedAt
  // Or a number that somebody made up, beyond all that it says, has come, and was lost since there was no room for it.
  const isSeen = (number: number, since: number): boolean =>
    life.seen.some(
      s => s.what === 'Came' && s.origin === origin && s.number === number && since <= s.at && s.at <= piece.endedAt,
    )
  const isBeyond = ({ kind, number, at }: Forgery): boolean =>
    kind === 'Message' &&
    number > (own?.head ?? number) &&
    isSeen(number, at) &&
    piece.settled.some(s => s.isLost && s.first <= number && number <= s.last)
  const isAbove = chronicle.forged.some(f => f.origin === origin && isBeyond(f))
  const isMixed =
    piece.left === own?.epoch &&
    (isNext ||
      piece.settled.some(isOther) ||
      (piece.named === undefined && (isAbove || chronicle.published.some(isAmong))))
  // Of a silence that found no room nothing was told.
  const isOver = piece.isSilent || piece.isEnded || life.settings.maxMessages < defaultBound
  const isMisled = isPosed(chronicle, origin, piece.left, piece.endedAt) && isOver
  if (
    piece.endedBy === 'Restarted' &&
    own !== undefined &&
    own.endedAt > piece.endedAt &&
    !isGuess &&
    !isMixed &&
    !isMisled
  )
    report('RunsNeverMix', piece.endedAt, `${origin}: ${piece.epoch} is left, and alive`)
  if (
    piece.begunBy === 'Restarted' &&
    piece.epoch !== undefined &&
    own === undefined &&
    !isPosed(chronicle, origin, piece.epoch, piece.endedAt, oftenFor(piece))
  )
    report('RunsNeverMix', piece.endedAt, `${origin}: ${piece.epoch} is entered, and nobody's`)
}

// --- 5 --------------------------------------------------------------------------------------------------------------

/** The client refused to send it again, as its sender was told. */
const isRefused = (chronicle: Chronicle, run: Run, number: number): boolean =>
  chronicle.told.some(
    ({ run: of, notice: n }) =>
      of === run && n._tag === 'Lost' && n.reason === 'refused' && n.first <= number && number <= n.last,
  )

const lost = (chronicle: Chronicle, runs: Runs, report: Report, piece: Piece): void => {
  const { origin, life } = piece
  const only = runs.of(origin).length === 1 ? runs.of(origin)[0] : undefined
  const run = runs.find(origin, piece.epoch) ?? only
  for (const s of piece.settled) {
    const handed = life.handed[s.index]
    if (handed === undefined || handed.delivery._tag !== 'Lost') continue
    const { local, at, delivery: d } = handed
    const say = (why: string): void => report('LostOnlyWhenLost', at, `${origin}: ${range(s)} ${d.reason}: ${why}`)
    const gap = piece.gaps.find(g => g.first <= d.first && d.first <= g.last)
    // Where there was no room to tell of a gap, it was noticed all the same.
    const hadRoom = life.settings.maxMessages > defaultBound
    const isHeld =
      run !== undefined &&
      !runs.isConflicted(origin) &&
      run.keeps > defaultBound &&
      run.endedAt >= at &&
      d.first >= run.start &&
      d.first <= run.head &&
      !isRefused(chronicle, run, d.first)
    // One that holds what came last can tell whose it is where numbers never go back.
    const isUnique = life.addressing === 'perSender' || (run?.start ?? 1) > 1
    const storedAt =
      life.settings.stored && isUnique
        ? (chronicle.stored.get(`${run?.epoch} ${origin}.${d.first}`) ?? Number.POSITIVE_INFINITY)
        : Number.POSITIVE_INFINITY
    // What was refused before it was sent, as somebody made up a number above it, may be told to be lost when it is stored.
    if (d.reason === 'evicted' && storedAt < (gap?.at ?? at)) say('a store holds it')
    if (d.reason === 'unresolved') {
      if (gap === undefined ? hadRoom : hadRoom && local - gap.local < life.settings.deadline)
        say(`noticed at ${gap?.at}, given up at ${at}, before the deadline`)
      // Its sender may have waited still for what was on its way before.
      const isHealed = gap !== undefined && gap.at > chronicle.healedAt + inFlight
      if (isHealed && isHeld && !run.isMute && !run.isDeaf && hadRoom) say('its sender holds it, and can be reached')
      if (isHealed && life.addressing === 'perSender' && storedAt < gap.at && hadRoom) say('a store holds it')
    }
    // A message that was refused may be one of a run before, asked of this one.
    const isMisled = d.reason === 'evicted' && Asking.isMisled(chronicle, life, `${origin}.${d.first}`, at)
    if (
      d.reason === 'evicted' &&
      isHeld &&
      !isMisled &&
      piece.settled.every(o => o.message === undefined || o.message.run === run)
    )
      say('its sender holds it')
    if (d.reason === 'overflow' && life.settings.maxGaps >= defaultBound) say('there is room')
    if (
      d.reason === 'gone' &&
      run !== undefined &&
      // Of a run that had no name, and gets one: there it is missing again.
      piece.left !== run.epoch &&
      run.endedAt > at &&
      !run.isMute &&
      !run.isDeaf &&
      !runs.isConflicted(origin) &&
      !runs.isForged(origin) &&
      !isGuessed(piece, run)
    )
      say('its run is alive')
  }
}

// --- 1, 6, 7, 9 -----------------------------------------------------------------------------------------------------

/** The receiver said that it had no room to follow, or not even to say that of each: that is not silent. It may have begun anew then at any number. */
const isTurnedAway = (life: Life, origin: string, since: number): boolean =>
  life.handed.some(
    h =>
      h.at >= since &&
      (h.delivery._tag === 'Overflowed' ||
        (h.delivery._tag === 'Unsequenced' &&
          h.delivery.reason === 'TooManyOrigins' &&
          h.delivery.subject.startsWith(`${origin}.`))),
  )

const settled = (chronicle: Chronicle, runs: Runs, report: Report, life: Life, stories: ReadonlyArray<Story>): void => {
  for (const { origin, pieces } of stories)
    for (const piece of pieces) {
      if (runs.isVague(origin)) continue
      contiguous(chronicle, runs, report, piece)
    }
  const isSmall = life.settings.maxOrigins < defaultBound
  for (const run of chronicle.runs) {
    if (run.addressing !== life.addressing || runs.isVague(run.origin) || runs.isConflicted(run.origin)) continue
    const pieces = stories.find(s => s.origin === run.origin)?.pieces ?? []
    const piece =
      pieces.findLast(p => p.epoch === run.epoch) ?? (pieces.at(-1)?.epoch === undefined ? pieces.at(-1) : undefined)
    const rule = named(runs, run.origin)
    if (run.end !== 'Live') {
      if (isSmall && isTurnedAway(life, run.origin, run.bornAt)) continue
      // A piece that nothing has named can't be of a run that was over before.
      if (piece === undefined || run.endedAt < life.startedAt || !mayBeOf(piece, run) || isOvertaken(runs, run, piece))
        continue
      ended(runs, report, run, piece)
      continue
    }
    if (isSmall && isTurnedAway(life, run.origin, chronicle.healedAt)) continue
    if (isOverlaid(runs, run)) continue
    const later = chronicle.published.find(p => p.run === run && p.at > chronicle.healedAt)
    // Of a sender that can't be asked a forged head says as much as its own.
    if (run.isDeaf && (piece?.settled ?? []).length === 0 && isMisled(chronicle, life, run)) continue
    // For want of room it was dropped, with an open end, and no more came of it, or that was turned away.
    if (isSmall && piece?.endedBy === 'Dropped' && piece === pieces.at(-1)) {
      const { endedAt } = piece
      if (isTurnedAway(life, run.origin, endedAt)) continue
      if (!chronicle.published.some(p => p.run === run && p.at > endedAt)) continue
    }
    const newest = pieces.at(-1)
    if (newest !== undefined && newest !== piece && isOvertaken(runs, run, newest)) continue
    // Where there is no place for all, one that was made up may have taken that of one that can't be asked.
    if (isSmall && run.isDeaf && newest !== piece && newest?.epoch === undefined && hasPoser(chronicle, run.origin))
      continue
    // It was left for a run that somebody has made up, and is not entered again.
    if (newest !== undefined && newest !== piece)
      if (isPosed(chronicle, run.origin, newest.epoch, chronicle.overAt, oftenFor(newest))) continue
    // In `perSender` all is of one run, also where nothing of it was handed over, but told to be lost, since it was new again.
    if (run.addressing === 'perSender' && newest !== piece && newest?.epoch === undefined)
      if (pieces.some(p => p.settled.some(s => s.last >= run.head))) continue
    // A line that has sent nothing but what all were there for may have no piece only if it has sent nothing at all.
    if (piece === undefined) {
      if (later !== undefined && !isSmall && !isDone(life, run))
        report(rule, chronicle.overAt, `${run.origin} ${run.epoch} is not followed`)
      continue
    }
    if (piece !== pieces.at(-1))
      report('RunsNeverMix', chronicle.overAt, `${run.origin}: ${run.epoch} is alive and was left`)
    const last = ascending(piece).at(-1)?.last
    if (
      (last ?? run.start - 1) < run.head &&
      (last !== undefined || !(isDone(life, run) || isBygone(chronicle, life, run)))
    )
      report(rule, chronicle.overAt, `${run.origin}: it stops at ${last}, not at ${run.head}`)
    begun(chronicle, runs, report, life, run, piece)
    tail(chronicle, report, run, piece)
  }
}

/** Numbers of the run before it were sent again when it had begun, and may have been taken for its own. */
const isOverlaid = (runs: Runs, run: Run): boolean =>
  run.addressing === 'single' &&
  runs.of(run.origin).some(o => o.bornAt < run.bornAt && o.endedAt <= run.bornAt && o.sentAt > run.bornAt)

/** A piece without a name that begins after a run is over is of the next. */
const mayBeOf = (piece: Piece, run: Run): boolean =>
  piece.epoch === run.epoch ||
  Math.min(piece.gaps[0]?.at ?? Number.POSITIVE_INFINITY, piece.settled[0]?.at ?? 0) <= run.endedAt + inFlight

/** What was still on its way of a run before, with higher numbers, was taken for that of a run that had just begun (`single`). */
const isOvertaken = (runs: Runs, run: Run, { origin, life, named: name, settled: all }: Piece): boolean =>
  run.addressing === 'single' &&
  name === undefined &&
  runs
    .of(origin)
    .some(
      r =>
        r.bornAt >= run.bornAt &&
        (life.answered.get(r.epoch)?.[0] ?? Number.POSITIVE_INFINITY) <= (all.at(-1)?.at ?? 0) &&
        all.some(s => s.message !== undefined && s.message.run.bornAt < r.bornAt && s.last > r.head),
    )

/** All of it was sent before the receiver was there, which was to begin with what is new. */
const isBygone = (chronicle: Chronicle, { settings: { start }, startedAt }: Life, run: Run): boolean =>
  start === 'new' && run.bornAt < startedAt && !chronicle.published.some(p => p.run === run && p.at >= startedAt)

/** An earlier life was done with all of it, as its position says: with forged numbers beyond, too. */
const isDone = ({ settings: { start } }: Life, run: Run): boolean =>
  typeof start !== 'string' &&
  'positions' in start &&
  start.positions.some(
    p => p.origin === run.origin && (p.epoch === undefined || p.epoch === run.epoch) && p.number >= run.head,
  )

/** A head was forged in its name that is ahead of all it has sent. */
const isMisled = (chronicle: Chronicle, life: Life, run: Run): boolean =>
  chronicle.forged.some(
    f => f.kind === 'Head' && f.origin === run.origin && f.at >= life.startedAt && f.number >= run.head,
  )

/** Everything from the first that was settled to the last that was spoken of. */
const contiguous = (chronicle: Chronicle, runs: Runs, report: Report, piece: Piece): void => {
  const { origin } = piece
  const rule = named(runs, origin)
  if (piece.gaps.some(g => isEndless(piece.life, g))) return
  let next: number | undefined = piece.start
  for (const s of ascending(piece)) {
    if (next !== undefined && s.first > next) report(rule, s.at, `${origin}: ${range(s)} follows ${next - 1}`)
    next = Math.max(next ?? 0, s.last + 1)
  }
  // An origin that was dropped for want of room has said so, with an open end.
  if (piece.endedBy === 'Dropped') return
  for (const g of piece.gaps)
    if (next === undefined || g.last >= next)
      report('GapsSettle', chronicle.overAt, `${origin}: the gap ${range(g)} is never settled`)
}

/** A run that is over: its tail was vouched for, or said to be unknown. */
const ended = (runs: Runs, report: Report, run: Run, piece: Piece): void => {
  // Whoever begins after all was sent may have nothing to settle.
  const last = ascending(piece).at(-1)?.last ?? (piece.isEnded ? piece.endedWith : run.start - 1)
  if (piece.isEnded && !runs.isForged(run.origin) && last < run.head && piece.epoch === run.epoch)
    report('EveryNumberSettled', piece.endedAt, `${run.origin}: ended at ${last}, of ${run.head}`)
  // What a sender in `single` sends again of a run that is over is not told from what its next run sends.
  const isLate = run.addressing === 'single' && run.sentAt > run.endedAt
  if (last < run.head && !piece.isEnded && !piece.isSilent && piece.endedBy === 'Over' && !isLate)
    report(
      'EveryNumberSettled',
      run.endedAt,
      `${run.origin} ${run.epoch}: what came after ${last} is never spoken of (${run.head})`,
    )
}

/** Where a receiver must have begun. */
const begun = (chronicle: Chronicle, runs: Runs, report: Report, life: Life, run: Run, piece: Piece): void => {
  const first = ascending(piece)[0]?.first
  if (first === undefined || piece.isMute || runs.isForged(run.origin)) return
  // Nobody vouches for it, which there may be no room to tell.
  if (run.isDeaf && life.settings.maxMessages <= defaultBound) return
  if (life.settings.maxOrigins < defaultBound && isTurnedAway(life, run.origin, 0)) return
  if (
    piece.begunBy === 'Hearing' &&
    life.handed.some(
      h => h.delivery._tag === 'Lost' && h.delivery.last === undefined && h.delivery.origin === run.origin,
    )
  )
    return
  const { start } = life.settings
  const say = (most: number, why: string): void => {
    if (first > most)
      report('EveryNumberSettled', life.startedAt, `${run.origin}: begins with ${first}, should with ${most} (${why})`)
  }
  if (piece.begunBy === 'Restarted') return say(run.start, 'a restart')
  if (start === 'all') return say(run.start, 'all')
  if (start === 'new') {
    // Its age is wrong by as much as its clock has jumped.
    if (run.bornAt >= life.startedAt && run.jumped === 0) return say(run.start, 'younger than the receiver')
    const healed = chronicle.published.find(p => p.run === run && p.at >= chronicle.healedAt)
    return say(healed?.number ?? first, 'published when all was well')
  }
  if ('from' in start) return say(Math.max(start.from, run.start), 'from')
  const position = start.positions.find(p => p.origin === run.origin)
  if (position === undefined || (position.epoch !== undefined && position.epoch !== run.epoch))
    return say(run.start, 'new since')
  say(Math.max(position.number + 1, run.start), 'saved')
}

/** The last messages are dropped on purpose for some receivers: see `Tail` in the chronicle. */
const tail = (chronicle: Chronicle, report: Report, run: Run, piece: Piece): void => {
  for (const t of chronicle.tails) {
    if (t.run !== run || t.life !== piece.life) continue
    // Of two that can be heard and not asked the one that was made up may have been first.
    if (run.isDeaf && hasPoser(chronicle, run.origin)) continue
    // One that was guessed has no name at first; and in place of the last another may have been dropped.
    if (piece.begunBy === 'Restarted' && piece.named === undefined) continue
    const sent = chronicle.published.find(p => p.run === run && p.number === t.number)
    if (sent !== undefined && piece.life.came.has(sent.id)) continue
    const known =
      piece.gaps.find(g => g.first <= t.number && t.number <= g.last)?.at ??
      piece.settled.find(s => s.first <= t.number && t.number <= s.last)?.at
    if (known === undefined || known > t.by)
      report(
        'TailLossFound',
        t.by,
        `${run.origin}.${t.number} is noticed at ${known}, should be by ${t.by} (${t.heartbeats} heartbeats lost)`,
      )
  }
}

// --- 12 -------------------------------------------------------------------------------------------------------------

const resumed = (
  chronicle: Chronicle,
  runs: Runs,
  report: Report,
  saved: Saved,
  stories: ReadonlyArray<Story>,
): void => {
  const before = { ...saved.life, handed: saved.life.handed.slice(0, saved.taken) }
  for (const { origin, pieces } of storiesOf(chronicle, before)) {
    if (runs.isConflicted(origin) || runs.isVague(origin) || runs.isForged(origin)) continue
    const piece = pieces.at(-1)
    if (piece === undefined || piece.endedBy !== 'Crash' || piece.epoch === undefined) continue
    let done: number | undefined
    for (const s of ascending(piece)) {
      if (done !== undefined && s.first > done + 1) break
      done = s.last
    }
    const again = stories.find(s => s.origin === origin)?.pieces[0]
    if (done === undefined || again === undefined || again.epoch !== piece.epoch) continue
    // With so many others that there was no place for it.
    if (isTurnedAway(again.life, origin, 0)) continue
    // Without room what is noticed to be missing is not told.
    if (again.life.settings.mode === 'arrival' && again.life.settings.maxMessages < defaultBound) continue
    // What is noticed to be missing may be settled in a later life only.
    const spokenOf = [...again.settled, ...again.gaps].sort((a, b) => a.first - b.first)[0]
    if (spokenOf !== undefined && spokenOf.first > done + 1)
      report('CrashLeavesNoHole', spokenOf.at, `${origin}: was done with ${done}, and goes on with ${spokenOf.first}`)
  }
}

// --- 13 -------------------------------------------------------------------------------------------------------------

const senders = (chronicle: Chronicle, report: Report): void => {
  for (const run of chronicle.runs) {
    const told = chronicle.told.filter(t => t.run === run)
    let away: number | undefined
    for (const { at, notice } of told) {
      if (notice._tag === 'Disconnected') away = at
      if (notice._tag !== 'Reconnected' || away === undefined) continue
      const from = away
      away = undefined
      const said = told.flatMap(t =>
        t.at === at && (t.notice._tag === 'Resent' || t.notice._tag === 'Lost') ? [t.notice] : [],
      )
      for (const p of chronicle.published)
        if (
          p.run === run &&
          (p.at > from || p.leftAt > from) &&
          p.at < at &&
          !said.some(s => s.first <= p.number && p.number <= s.last)
        )
          report(
            'PublishedOrReported',
            at,
            `${run.origin}.${p.number} was published while disconnected or just before, and not sent again`,
          )
    }
  }
}
