// What a receiver may believe, and of whom. It sees what came in, what was asked, and what was handed over, in this order; and
// knows of each origin whether someone who can be asked has spoken for it.
//
// Where a sender was asked in vain, as often as a receiver asks, only the numbers are left: then nothing of this is demanded.

import type { Epoch } from '../../src/core/protocol/Epoch.ts'
import type { Head } from '../../src/core/protocol/Head.ts'
import type { Delivery, Gap, Unsequenced } from '../../src/core/receiver/Delivery.ts'
import type { Chronicle, Handed, Life, Published, Run } from './chronicle.ts'
import { idOf } from './content.ts'
import { partsOf } from './names.ts'

export const beliefRules = {
  DoubtHoldsBack:
    'what comes when its sender may have restarted is not handed over before that was asked, and has answered since or was asked in vain (10)',
  DoubtAsksNothing: 'while a sender may have restarted nothing is asked for that the run before has sent (10)',
  FarIsConfirmed: 'no number far above all that is known is believed unless a sender says so, or none can be asked (9)',
  CameIsKept: 'what came before a receiver knew where to begin is not left out (1)',
  GapIsMissing: 'nothing is called missing that has come (1)',
  SilenceEnds: 'a silence of which the end was seen is over when a message is handed over',
  VouchedIsSequenced: 'a message that its sender has just vouched for is part of the sequence (9)',
  EndIsUndone: 'what comes after the end of a run in `perSender` is handed over when that was said to be uncertain',
  SaidTwice:
    'what no sender has answered is believed only if it was said unasked twice, the second time later: that a number far ahead was sent, or that a run has begun (9, 10)',
  AskedBeforeMute: 'nobody is said to send no heartbeats who was not asked twice at least',
  OverIsTold: 'a saved run that is over when a receiver comes back is lost with an open end (12)',
  PositionFollows: 'a position moves to another run only when the application has taken that it was told (12)',
} as const

export type BeliefRule = keyof typeof beliefRules

type Report = (rule: BeliefRule, at: number, what: string) => void

/** What the auditor knows of the runs. */
export interface Known {
  readonly of: (origin: string) => ReadonlyArray<Run>
  readonly isConflicted: (origin: string) => boolean
  readonly isForged: (origin: string) => boolean
  readonly isVague: (origin: string) => boolean
}

const defaultBound = 16_384

/** One origin, as a receiver has seen it so far. */
interface Trust {
  /** One sender at a time, and one that can be asked. */
  readonly isSound: boolean
  readonly isVague: boolean
  readonly isSingle: boolean
  /** The highest number that any of its runs ever sends. */
  readonly published: number
  /** The highest number that was spoken of, in this run. */
  known: number
  /** How far any run that has answered says that it is. */
  spoken: number
  /** The highest that came, and was not far ahead of it. */
  near: number
  /** The highest that was handed over, or lost. */
  done: number
  /** In `arrival`: how many numbers are missing. */
  missing: number
  /** Since when it is silent: the place among all that was seen. */
  silent: number
  /** A message was handed over in spite of it: to be reported, unless it was the last of a run that is left at once. */
  unresumed: (() => void) | undefined
  /** Its last number, once its end was told. */
  ended: number
  /** Its end was told: where there are few places, it may have made way since. */
  hasEnded: boolean
  /** It was said that nobody vouches for what comes. */
  isMute: boolean
  /** It has said farewell. */
  isLeaving: boolean
  /** Questions since the last answer; those that were for this origin alone; and heads since then. */
  asks: ReadonlyArray<{ readonly id: number; readonly turns: number }>
  alone: number
  /** Until when the numbers alone decided. */
  judged: number
  /** The run, once it has answered for itself. */
  run: Epoch | undefined
  readonly runs: Set<Epoch>
  readonly left: Set<Epoch>
  answer: Head | undefined
  /** What came unasked since then. */
  said: Head[]
  /** The runs that have answered. */
  readonly answered: Set<Epoch>
  /** Whether it is still the one that we follow: since when that is open, and by which answers it may be settled. */
  doubt: { readonly since: number; readonly why: string; above: number | undefined } | undefined
  /** What was refused of its run while that was not open: it is only to wait for its turn. */
  refused: Array<{ readonly first: number; readonly last: number }>
  /** Nothing of it was handed over so far, and nobody has said where it is. */
  isNew: boolean
  isHanded: boolean
  hasBegun: boolean
  /** Where its run begins, as it has last said. */
  start: number
  lowest: { readonly number: number; readonly id: number } | undefined
  /** What came unasked in this run, and when: its place among all that was seen. */
  readonly came: Map<number, number>
  /** Of these, what was too far ahead to be believed when it came. */
  readonly far: Set<number>
  /** The last message that was heard when nobody was to be asked, and what was asked since. */
  heard: { readonly at: number; readonly head: Head } | undefined
  questioned: number
}

/** How often it was asked since the last answer. Where nobody listens one question more is enough. */
const vainOf = (t: Trust): number => t.asks.reduce((sum, a) => sum + a.turns, 0)

const trustOf = (runs: Known, origin: string): Trust => ({
  isSound: !runs.isConflicted(origin) && !runs.isVague(origin),
  isVague: runs.isVague(origin),
  isSingle: runs.of(origin)[0]?.addressing === 'single',
  published: Math.max(0, ...runs.of(origin).map(r => Math.max(r.head, r.start - 1))),
  known: 0,
  spoken: 0,
  near: 0,
  done: 0,
  missing: 0,
  silent: Number.POSITIVE_INFINITY,
  unresumed: undefined,
  ended: Number.POSITIVE_INFINITY,
  hasEnded: false,
  isMute: false,
  isLeaving: false,
  asks: [],
  alone: 0,
  judged: -1,
  run: undefined,
  runs: new Set(),
  left: new Set(),
  answer: undefined,
  said: [],
  answered: new Set(),
  doubt: undefined,
  refused: [],
  isNew: true,
  isHanded: false,
  hasBegun: false,
  start: 0,
  lowest: undefined,
  came: new Map(),
  far: new Set(),
  heard: undefined,
  questioned: -1,
})

export const believed = (chronicle: Chronicle, runs: Known, life: Life, report: Report): void => {
  const { settings, handed, course = [] } = life
  const isWide = settings.maxOrigins >= defaultBound
  const isRoomy = isWide && settings.maxMessages > defaultBound
  const isSingle = life.addressing === 'single'
  const trusts = new Map<string, Trust>()
  const trust = (origin: string): Trust => {
    const known = trusts.get(origin)
    if (known !== undefined) return known
    const made = trustOf(runs, origin)
    trusts.set(origin, made)
    return made
  }
  // Those of an earlier life are asked from the start.
  for (const { origin } of life.saved?.positions ?? []) trust(origin)
  /** It is followed no more; or a saved run is over, and the next has answered. */
  const forget = (origin: string): void => {
    const { isHanded, answer, answered, spoken } = trust(origin)
    const made = trustOf(runs, origin)
    trusts.set(origin, isHanded ? made : { ...made, answer, answered, spoken })
  }
  /** Who has ended and made way is new, and begins with what was heard of it last. */
  const renew = (origin: string): void => {
    const { heard, said, answered, spoken } = trust(origin)
    trusts.set(origin, { ...trustOf(runs, origin), heard, said, answered, spoken, known: heard?.head.head ?? 0 })
  }
  /** Was someone asked in vain since the last answer? Then the numbers alone decide. */
  const isVain = (t: Trust): boolean => vainOf(t) >= settings.tries
  // A doubt that has just come up, and leads to a question at once, unless an older one is on its way.
  let fresh: Trust[] = []
  const doubts = (t: Trust, since: number, why: string): void => {
    if (t.doubt !== undefined || isVain(t)) return
    t.doubt = { since, why, above: undefined }
    fresh.push(t)
  }
  // Who was silent, and something of it was handed over.
  let silent: Trust[] = []
  const spoken = (): void => {
    for (const t of silent) t.unresumed?.()
    silent = []
  }
  for (const [i, s] of course.entries()) {
    if (s._tag !== 'Question' && s._tag !== 'Asked' && s._tag !== 'Handed' && s._tag !== 'Began') spoken()
    if (s._tag !== 'Question' && s._tag !== 'Handed' && s._tag !== 'Began') {
      for (const t of fresh) if (t.doubt?.above === undefined && t.doubt !== undefined) t.doubt.above = 0
      fresh = []
    }
    switch (s._tag) {
      case 'Came': {
        const t = trust(s.origin)
        if (isVain(t)) t.judged = i
        // What was there before all that it wants is let go of, unless an answer says that it begins earlier.
        const isBefore = settings.start === 'new' && !t.isHanded && s.number <= t.known
        if (!t.came.has(s.number) && !isBefore) t.came.set(s.number, i)
        if (s.number > Math.max(t.known, t.near) + settings.maxJump) t.far.add(s.number)
        else t.near = Math.max(t.near, s.number)
        if (t.isNew && (t.lowest === undefined || s.number < t.lowest.number)) t.lowest = s
        const isBehind = s.number <= t.done && isRoomy && (settings.mode === 'ordered' || t.missing === 0)
        if (isSingle && isWide)
          if (!t.isHanded && t.runs.size === 0 && isRoomy && t.asks.length === 0) doubts(t, i, 'nothing was known')
          else if (isBehind) doubts(t, i, 'a number that was settled')
          else if (t.silent < i) doubts(t, i, 'a silence')
          else if (s.number > t.ended) doubts(t, i, 'an end')
        break
      }
      case 'Head': {
        const t = trust(s.origin)
        t.isNew = false
        t.start = s.head.start
        if (!t.isHanded) t.known = Math.max(t.known, s.head.head)
        if (s.head.state === 'ended') t.isLeaving = true
        // It lives, and has sent more: so it says itself that it has not ended.
        else if (s.head.head > t.ended) t.ended = Number.POSITIVE_INFINITY
        if (s.asked === undefined) {
          t.said.push(s.head)
          if (isSingle && isRoomy && t.run !== undefined && !t.runs.has(s.head.epoch)) doubts(t, i, 'another run')
          t.runs.add(s.head.epoch)
          t.heard = { at: i, head: s.head }
          break
        }
        t.runs.add(s.head.epoch)
        t.answered.add(s.head.epoch)
        t.spoken = Math.max(t.spoken, s.head.head)
        // A late answer of a run that was left says nothing of where we are, unless it was left for a guess.
        if (t.run === undefined) t.left.delete(s.head.epoch)
        if (t.left.has(s.head.epoch)) break
        t.run ??= s.head.epoch
        t.answer = s.head
        // The answer to a question from before a doubt settles nothing.
        const isLate = t.doubt !== undefined && s.asked < (t.doubt.above ?? 0)
        // Those since then may still be in vain.
        const { asked } = s
        t.asks = t.asks.filter(a => a.id > asked)
        if (!isLate) t.doubt = undefined
        break
      }
      case 'Refused': {
        const t = trust(s.origin)
        if (t.doubt === undefined) t.refused.push(s)
        break
      }
      case 'Nobody':
        // One more question, and it is known that nobody is there.
        for (const [origin, t] of trusts)
          if (s.origin === undefined || s.origin === origin) {
            const missing = settings.tries - 1 - vainOf(t)
            t.asks = t.asks.map(a => (a.id === s.asked && missing > 0 ? { ...a, turns: a.turns + missing } : a))
          }
        break
      case 'Back':
        for (const t of trusts.values()) {
          // What was on its way is forgotten; who was asked in vain is not doubted.
          if (!isVain(t)) t.asks = []
          t.doubt = undefined
          if (isSingle && isWide && t.isHanded) doubts(t, i, 'it was away')
        }
        break
      case 'Question':
        for (const t of fresh) if (t.doubt !== undefined) t.doubt.above ??= s.id
        for (const [origin, t] of s.origin === undefined ? trusts : [[s.origin, trust(s.origin)] as const]) {
          t.asks = [...t.asks.slice(-settings.tries), { id: s.id, turns: 1 }]
          if (origin === s.origin) t.alone += 1
          t.questioned = i
          if (isVain(t)) t.doubt = undefined
        }
        break
      case 'Asked': {
        const t = trust(s.origin)
        if (t.doubt !== undefined && t.isSound && i > t.doubt.since && t.isHanded)
          report('DoubtAsksNothing', s.at, `${s.origin}: asks for messages after ${t.doubt.why}`)
        break
      }
      case 'Began': {
        const t = trust(s.origin)
        // There was a place for each, so none was turned away.
        const hasPlaces = life.kept.origins < settings.maxOrigins
        // It may begin again where the first head was forged.
        if (settings.start === 'new' && hasPlaces && !t.hasBegun && (t.lowest?.number ?? 0) >= t.start)
          begins(report, { origin: s.origin, number: s.number + 1 }, s.at, t)
        t.hasBegun = true
        break
      }
      case 'Handed': {
        const h = handed[s.index]
        if (h === undefined) break
        // The head that it is back with has named it.
        if (h.delivery._tag === 'Resumed') {
          const { run, heard } = trust(h.delivery.origin)
          const isHead =
            heard !== undefined && course.slice(heard.at + 1, i).every(c => c._tag === 'Handed' || c._tag === 'Began')
          if (isHead && run === undefined) trust(h.delivery.origin).run = heard.head.epoch
        }
        const again = isWide ? undefined : renewed(trust, h.delivery)
        if (again !== undefined) renew(again)
        told(chronicle, report, life, trust, forget, isWide, isRoomy, isVain, h, i)
        const t = h.delivery._tag === 'Message' ? trust(h.delivery.origin) : undefined
        if (t?.unresumed !== undefined) silent.push(t)
      }
    }
  }
  spoken()
}

/** Which origin is new again, as it has ended and made way: there is no place for it, or it begins with what was done with. */
const renewed = (trust: (origin: string) => Trust, d: Delivery<Uint8Array>): string | undefined => {
  const origin =
    d._tag === 'Unsequenced' && d.reason === 'TooManyOrigins'
      ? partsOf(d.subject).origin
      : (d._tag === 'Gap' && d.first <= trust(d.origin).done) ||
          (d._tag === 'Message' && d.verdict === 'InOrder' && d.number <= trust(d.origin).done)
        ? d.origin
        : undefined
  return origin !== undefined && trust(origin).hasEnded ? origin : undefined
}

const told = (
  chronicle: Chronicle,
  report: Report,
  life: Life,
  trust: (origin: string) => Trust,
  forget: (origin: string) => void,
  isWide: boolean,
  isRoomy: boolean,
  isVain: (t: Trust) => boolean,
  { at, delivery: d }: Handed,
  i: number,
): void => {
  const { settings } = life
  if (d._tag === 'Unsequenced') {
    const p: Published | undefined = chronicle.published[idOf(d.data) - 1]
    const { origin, number } = partsOf(d.subject)
    const t = trust(origin)
    if (p !== undefined && d.reason !== 'TooManyOrigins') doubted(report, d, at, t, p, isVain(t))
    t.came.delete(number)
    if (t.lowest?.number === number) t.lowest = undefined
    return
  }
  if (!('origin' in d) || d._tag === 'Mismatch') return
  const t = trust(d.origin)
  const far = (number: number): void => {
    if (t.isSound && !isVain(t) && number > Math.max(t.known, t.near, t.published) + settings.maxJump)
      report('FarIsConfirmed', at, `${d.origin}.${number} is far above ${Math.max(t.known, t.published)}`)
  }
  switch (d._tag) {
    case 'Message': {
      const came = t.came.get(d.number)
      const { doubt } = t
      if (doubt !== undefined && t.isSound && d.verdict !== 'Recovered' && came !== undefined && came >= doubt.since)
        report('DoubtHoldsBack', at, `${d.origin}.${d.number} came after ${doubt.why}, and is handed over at once`)
      if (
        came !== undefined &&
        came > Math.max(t.silent, t.judged) &&
        isRoomy &&
        t.isSound &&
        !isVain(t) &&
        d.verdict !== 'Recovered'
      )
        t.unresumed = () => report('SilenceEnds', at, `${d.origin}.${d.number} comes, and the silence goes on`)
      far(d.number)
      // In `arrival`, and without room, the first that is handed over need not be the lowest.
      if (!t.isHanded && settings.start === 'new' && isWide && t.isSound && !isVain(t))
        if (isRoomy || (settings.mode === 'ordered' && (t.lowest?.number ?? 0) >= t.start))
          // Of a run before the one that has answered there may have been no room for all.
          begins(report, d, at, t)
      if (t.known >= d.number && (d.verdict === 'Late' || d.verdict === 'Recovered')) t.missing -= 1
      if (d.number > t.ended) {
        if (isRoomy && t.isSound && !t.isSingle && t.silent === Number.POSITIVE_INFINITY && !t.isMute)
          report('EndIsUndone', at, `${d.origin}.${d.number} comes after the end at ${t.ended}`)
        t.ended = Number.POSITIVE_INFINITY
      }
      t.known = Math.max(t.known, d.number)
      t.done = Math.max(t.done, d.number)
      t.isHanded = true
      return
    }
    case 'Gap':
      if (isRoomy && t.isSound) notCome(report, d, at, t)
      far(d.last)
      if (d.noticedBy === 'Heartbeat' && t.isHanded && isRoomy) agreed(report, settings.maxJump, d, at, t, isVain(t))
      t.missing += d.last - d.first + 1
      // It has said itself that it goes on.
      if (d.last > t.ended) t.ended = Number.POSITIVE_INFINITY
      // Without room what came before may be told to be lost a little later.
      if (!t.isHanded && settings.start === 'new' && isWide && isRoomy && t.isSound && !isVain(t))
        begins(report, { ...d, number: d.first }, at, t)
      t.known = Math.max(t.known, d.last)
      t.isHanded = true
      return
    case 'Lost':
      // It is followed no more.
      if (d.last === undefined) return forget(d.origin)
      if (
        d.reason === 'evicted' &&
        t.doubt !== undefined &&
        t.isSound &&
        t.isHanded &&
        i > t.doubt.since &&
        !wasRefused(t, d.first, d.last)
      )
        report(
          'DoubtHoldsBack',
          at,
          `${d.origin}: ${d.first}-${d.last} is refused after ${t.doubt.why}, and lost at once`,
        )
      t.missing -= d.last - d.first + 1
      t.known = Math.max(t.known, d.last)
      t.done = Math.max(t.done, d.last)
      t.isHanded = true
      return
    case 'Silent':
      if (d.promised === undefined) t.isMute = true
      if (d.promised !== undefined) t.silent = i
      else if (!t.isLeaving && t.alone < 2)
        report('AskedBeforeMute', at, `${d.origin} is said to be mute, and was asked ${t.alone} times`)
      return
    case 'Resumed':
      t.silent = Number.POSITIVE_INFINITY
      return
    case 'Ended':
      t.ended = d.last
      t.hasEnded = true
      t.isMute = false
      return
    case 'Restarted':
      if (d.from !== undefined) t.left.add(d.from)
      if (
        d.to !== undefined &&
        t.isHanded &&
        t.isSingle &&
        !t.answered.has(d.to) &&
        !isAgreed(t, d.to, settings.maxJump)
      )
        report('SaidTwice', at, `${d.origin}: ${d.to} is entered, and has said once at most that it is there`)
      if (
        d.to !== undefined &&
        d.from !== undefined &&
        isRoomy &&
        t.isHanded &&
        t.isSingle &&
        !t.answered.has(d.to) &&
        t.silent === Number.POSITIVE_INFINITY &&
        t.ended === Number.POSITIVE_INFINITY &&
        !t.isLeaving &&
        !t.isMute
      )
        report('SaidTwice', at, `${d.origin}: ${d.to} is entered unasked, and ${d.from} is neither over nor silent`)
      // What the run that is entered has said before counts in it, too.
      t.said = t.said.filter(h => h.epoch === d.to)
      t.known = d.start - 1
      t.near = 0
      t.done = d.start - 1
      t.missing = 0
      t.doubt = undefined
      t.refused = []
      t.unresumed = undefined
      t.silent = Number.POSITIVE_INFINITY
      t.ended = Number.POSITIVE_INFINITY
      t.hasEnded = false
      t.isLeaving = t.said.some(h => h.state === 'ended')
      t.run = d.to
      if (d.to !== undefined) t.runs.add(d.to)
      t.lowest = undefined
      t.came.clear()
      t.far.clear()
      t.isHanded = true
  }
}

/** Was all of it refused, in one go or several? */
const wasRefused = (t: Trust, first: number, last: number): boolean => {
  const next = Math.max(first, ...t.refused.flatMap(r => (r.first <= first ? r.last + 1 : [])))
  return next > last || (next > first && wasRefused(t, next, last))
}

/** Did a run say the same again, unasked and later: that it has come as far, and not far beyond? */
const isAgreed = (t: Trust, epoch: Epoch | undefined, maxJump: number, least = 0): boolean =>
  t.said.some(
    (b, i) =>
      (epoch === undefined || b.epoch === epoch) &&
      b.head >= least &&
      t.said
        .slice(0, i)
        .some(
          a => a.epoch === b.epoch && (a.age ?? 0) < (b.age ?? 0) && a.head <= b.head && b.head <= a.head + maxJump,
        ),
  )

const agreed = (report: Report, maxJump: number, d: Gap, at: number, t: Trust, isVain: boolean): void => {
  // What was pending when a run was entered is known in it, up to where the gap begins.
  // So is what another run has answered, that takes over from one that answers no more.
  if (d.last <= Math.max(t.known, t.near, d.first - 1) + maxJump || t.spoken >= d.last) return
  if (!isAgreed(t, undefined, maxJump, d.last))
    report('SaidTwice', at, `${d.origin}: ${d.last} is far above ${t.known}, and was not said twice`)
  else if (!isVain && t.isSound)
    report('SaidTwice', at, `${d.origin}: ${d.last} is far above ${t.known}, and nobody was asked in vain`)
}

/** A genuine message of which no sequence is said to vouch. */
const doubted = (
  report: Report,
  d: Unsequenced<Uint8Array>,
  at: number,
  t: Trust,
  p: Published,
  isVain: boolean,
): void => {
  if (t.isSound && t.answer?.epoch === p.run.epoch && t.answer.head >= p.number && t.asks.length === 0)
    report('VouchedIsSequenced', at, `${d.subject} is ${d.reason}, though ${p.run.epoch} has said that it was sent`)
  if (d.reason === 'Unconfirmed') {
    const came = t.came.get(p.number)
    const { heard } = t
    const isHeard = heard?.head.epoch === p.run.epoch && heard.head.head >= p.number
    if (
      t.isSound &&
      !isVain &&
      came !== undefined &&
      isHeard &&
      heard.at > came &&
      t.questioned < came &&
      !t.left.has(p.run.epoch)
    )
      report('VouchedIsSequenced', at, `${d.subject} is unconfirmed, and its sender was heard, and not asked once`)
  }
}

const begins = (
  report: Report,
  d: { readonly origin: string; readonly number: number },
  at: number,
  t: Trust,
): void => {
  if (t.lowest !== undefined && t.lowest.number < d.number)
    report('CameIsKept', at, `${d.origin} begins with ${d.number}, and ${t.lowest.number} came before`)
}

const notCome = (
  report: Report,
  d: { readonly origin: string; readonly first: number; readonly last: number },
  at: number,
  t: Trust,
): void => {
  for (const number of t.came.keys())
    if (number >= d.first && number <= d.last && !t.far.has(number))
      return report('GapIsMissing', at, `${d.origin}: ${d.first}-${d.last} are called missing, and ${number} has come`)
}

/** What a receiver with saved positions makes of runs that are over. */
export const remembered = (runs: Known, life: Life, report: Report): void => {
  const { saved } = life
  if (saved === undefined || life.addressing !== 'single' || life.settings.maxOrigins < defaultBound) return
  for (const { origin, epoch, number } of saved.positions) {
    if (epoch === undefined || runs.isConflicted(origin) || runs.isVague(origin)) continue
    const isAbout = ({ delivery: d }: Handed): boolean => 'origin' in d && d.origin === origin
    // Nothing was settled of it in this life, and nobody has said where it was.
    const first = life.handed.find(
      h =>
        isAbout(h) && (h.delivery._tag === 'Message' || h.delivery._tag === 'Lost' || h.delivery._tag === 'Restarted'),
    )
    const wasHeard = (life.course ?? []).some(s => s._tag === 'Head' && s.origin === origin && s.head.epoch === epoch)
    if (first?.delivery._tag === 'Restarted' && first.delivery.from === epoch && !wasHeard)
      report('OverIsTold', first.at, `${origin}: what ${epoch} sent after ${number} is not spoken of`)
    // The life before has begun with another run, and moved on.
    const before = saved.life.saved?.positions.find(p => p.origin === origin)
    if (before?.epoch === undefined || before.epoch === epoch) continue
    const taken = saved.life.handed.slice(0, saved.taken)
    const isTold = ({ delivery: d }: Handed): boolean =>
      d._tag === 'Restarted' || (d._tag === 'Lost' && d.last === undefined)
    if (!taken.some(h => isAbout(h) && isTold(h)))
      report('PositionFollows', saved.life.endedAt, `${origin}: from ${before.epoch} to ${epoch}, and nobody was told`)
  }
}
