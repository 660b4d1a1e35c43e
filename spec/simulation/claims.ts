// What a receiver makes of what is said unasked: by a sender that can be heard and not asked, or by somebody in its name. It is
// read off what came to one life of a receiver, and what that asked and handed over, in this order.

import type { Epoch } from '../../src/core/protocol/Epoch.ts'
import type { Head } from '../../src/core/protocol/Head.ts'
import type { Delivery } from '../../src/core/receiver/Delivery.ts'
import type { Chronicle, Life, Seen } from './chronicle.ts'
import type { Event } from './events.ts'
import { partsOf } from './names.ts'
import type { Origins } from './notices.ts'
import { ample, early, slack } from './tolerance.ts'

export const claimRules = {
  OnceProvesNothing:
    'what is said unasked, and in doubt, is believed only when its run said so before, earlier, on the same connection, and was asked about that in vain (9, 10)',
  TwiceIsBelieved: 'who can be heard and not asked, and says the same again, is believed (6)',
  HeardIsAskedOnce:
    'a sender of which nothing is known, and that was asked in vain, is asked once more when it is heard, and not each time (1, 11)',
  FoundIsAsked: 'a sender that nobody vouched for is asked as soon as it is heard, where something is in doubt (7)',
  OverNamesNothing: 'a run that was left goes on only when it was heard, asked in vain, and is heard again later (10)',
  GuessIsUndone:
    'a run that was left for a guess, and can not be asked, goes on when it says again that it is there (10)',
  LeftIsAskedLess: 'a run that was left is asked about less and less (11)',
  FarewellEnds: 'a farewell ends a run of which all is settled, whatever end was told before (6)',
  FarewellIsKnown: 'what a farewell names is handed over, or spoken of as missing (6)',
} as const

export type ClaimRule = keyof typeof claimRules

type Say = (rule: ClaimRule, at: number, what: string) => void

/** What was said unasked. */
interface Claim {
  readonly head: Head
  readonly local: number
  /** How many questions had been asked before, and whether this led to one. */
  readonly questions: number
  readonly isAsked: boolean
}

/** One origin, as far as it was read. */
interface Voice {
  readonly name: string
  isBegun: boolean
  /** Somebody who could be asked has answered, or it has begun unseen. */
  isKnown: boolean
  /** The run that is followed, where it has a name; it was heard of itself, or left for a guess. */
  run: Epoch | undefined
  readonly left: Map<Epoch, { asks: number; askedAt: number }>
  guessed: Epoch | undefined
  /** No number above this may be known; all up to there was told. */
  sure: number
  told: number
  first: number
  open: number
  /** All questions to it so far; when the last was asked, and whether nobody is there, or it was answered. */
  questions: number
  askedAt: number
  lastAsk: number
  isRefused: boolean
  isAnswered: boolean
  /** When it was told last that nobody is there; for what was asked in vain before that counts as well. */
  refusedAt: number
  /** How many had been asked when one was in vain. */
  vain: number
  /** Since the receiver was connected. */
  claims: Claim[]
  /** Nothing else has come of it since the last claim. */
  isPure: boolean
  isMute: boolean
  isSilent: boolean
  readonly far: Set<number>
  /** A number has come again, and it is not told what that was. */
  hasAgain: boolean
  /** How many questions there had been when one of these raised one, and nothing was heard since. */
  doubtFrom: number
  /** The first of these; whether nobody was there for one, and it was asked once more since. */
  doubtedBy: number
  isWarned: boolean
  isLast: boolean
  /** Questions since something came of an origin of which nothing is known; how many were raised by a heartbeat. */
  pending: { first: number; asks: number; refusedAt: number; heard: number; raised: number } | undefined
  ended: number
  /** What its farewell has named, and when something that may be in doubt came last. */
  farewell: number
  stirredAt: number
  isSaved: boolean
  isRivalled: boolean
  /** How far each run has said that it is. */
  readonly heads: Map<Epoch, number>
  /** The last question that something in doubt has raised, and the last that was answered. */
  raisedBy: number
  isVouched: boolean
  lastAnswer: number
  /** The highest number that has come. */
  came: number
}

const voiceOf = (name: string): Voice => ({
  name,
  isBegun: false,
  isKnown: false,
  run: undefined,
  left: new Map(),
  guessed: undefined,
  sure: 0,
  told: 0,
  first: Number.POSITIVE_INFINITY,
  open: 0,
  questions: 0,
  askedAt: Number.NEGATIVE_INFINITY,
  lastAsk: 0,
  isRefused: false,
  isAnswered: true,
  refusedAt: Number.NEGATIVE_INFINITY,
  vain: 0,
  claims: [],
  isPure: false,
  isMute: false,
  isSilent: false,
  far: new Set(),
  hasAgain: false,
  doubtFrom: Number.POSITIVE_INFINITY,
  doubtedBy: 0,
  isWarned: false,
  isLast: false,
  pending: undefined,
  ended: 0,
  farewell: 0,
  stirredAt: 0,
  isSaved: false,
  isRivalled: false,
  heads: new Map(),
  raisedBy: 0,
  isVouched: false,
  lastAnswer: 0,
  came: 0,
})

const isLater = (a: Head, b: Head): boolean => a.age === undefined || b.age === undefined || a.age < b.age

export const claimed = (
  chronicle: Chronicle,
  origins: Origins,
  say: Say,
  life: Life,
  events: ReadonlyArray<Event>,
): void => {
  const { settings } = life
  const hasRoom = settings.maxMessages > ample
  // As long as there is a place left, none has to make way.
  const hasPlaces = life.kept.origins < settings.maxOrigins
  const isSingle = life.addressing === 'single'
  const isOurs = (origin: string): boolean => origin.includes('@') === !isSingle
  const last = settings.patience * 2 ** (settings.tries - 1)
  const voices = new Map<string, Voice>()
  const voiceFor = (name: string): Voice => {
    const known = voices.get(name)
    if (known !== undefined) return known
    const made = voiceOf(name)
    voices.set(name, made)
    return made
  }
  let isAway = false
  for (const { origin } of life.saved?.positions ?? []) voiceFor(origin).isSaved = true

  /** Does this say again what the other said? */
  const isAgain = (a: Head, b: Head): boolean =>
    a.epoch === b.epoch && isLater(a, b) && a.head <= b.head && b.head <= a.head + settings.maxJump

  const isOwn = (v: Voice, { epoch }: Head): boolean => (isSingle ? v.run === epoch : v.name.endsWith(epoch))

  /** Was the last question in vain, and the time for its answer over? */
  const isOver = (v: Voice, local: number, late = 0): boolean =>
    !v.isAnswered && ((v.isRefused && local >= v.refusedAt + late) || local >= v.askedAt + last - early + late)

  /** What has come raises a question: about that and what follows, until it is heard. */
  const doubted = (v: Voice, { number }: Seen): void => {
    if (v.doubtFrom !== Number.POSITIVE_INFINITY) return
    v.isWarned = false
    v.isLast = false
    v.doubtFrom = v.questions
    v.doubtedBy = number
  }

  const unasked = (v: Voice, event: Event, head: Head): void => {
    const { cause, asked, handed } = event
    const { at, local } = cause
    const of = handed.filter(d => 'origin' in d && d.origin === v.name)
    const question = asked.find(s => s.origin === v.name)
    const previous = v.claims.at(-1)
    const beyond = Math.max(
      v.sure,
      ...v.claims.filter(c => c.head.head <= v.sure + settings.maxJump).map(c => c.head.head),
    )
    const before = v.claims.filter(c => isAgain(c.head, head))
    if (v.isBegun && hasPlaces) {
      const left = v.left.get(head.epoch)
      if (isOver(v, local)) v.vain = v.questions
      const isProved = before.some(c =>
        c.isAsked
          ? // One that was left is waited for no longer than its grace.
            (left !== undefined && local >= c.local + settings.grace) ||
            ((v.vain > c.questions || v.refusedAt >= c.local) && (left !== undefined || v.questions - c.questions >= 2))
          : // What another run says is asked about, or says nothing: a late answer is no claim.
            (v.run === undefined || isOwn(v, head)) && v.vain >= c.questions,
      )
      const what = of.some(d => d._tag === 'Restarted' && d.to === head.epoch)
        ? `${head.epoch} is entered`
        : of.some(d => d._tag === 'Gap' && d.noticedBy === 'Heartbeat' && d.last > beyond + settings.maxJump)
          ? `${head.head} is believed`
          : handed.some(d => d._tag === 'Unsequenced' && d.reason === 'Refuted' && d.subject.startsWith(`${v.name}.`))
            ? 'something is refuted'
            : undefined
      // Of two that are alive it is not known whom it has asked in vain.
      if (what !== undefined && !isProved && !v.isRivalled)
        say('OnceProvesNothing', at, `${v.name}: ${what} for a heartbeat of ${head.epoch} at ${head.head}`)
      const isResumed = of.some(d => d._tag === 'Resumed')
      if (isResumed && left !== undefined && v.run !== head.epoch) {
        const isHeard = before.some(c => c.isAsked && local >= c.local + settings.grace)
        if (!isHeard) say('OverNamesNothing', at, `${v.name}: ${head.epoch} was left, and goes on at once`)
      }
      const c = v.claims.findLast(one => one.isAsked)
      if (
        isSingle &&
        v.guessed === head.epoch &&
        v.run === undefined &&
        left !== undefined &&
        v.isSilent &&
        !v.isRivalled &&
        !isAway &&
        c !== undefined &&
        left.askedAt === c.local &&
        v.claims.slice(v.claims.indexOf(c)).every(one => one.head.epoch === head.epoch) &&
        v.questions - c.questions === 1 &&
        !v.isAnswered &&
        v.far.size === 0 &&
        isAgain(c.head, head) &&
        local >= c.local + settings.grace * 2 ** (left.asks - 1) &&
        head.start <= v.first &&
        head.head >= v.sure &&
        !isResumed
      )
        say('GuessIsUndone', at, `${v.name}: ${head.epoch} says again that it is there, and is not followed`)
      if (
        hasRoom &&
        isOwn(v, head) &&
        v.isPure &&
        !v.isRivalled &&
        previous?.isAsked &&
        isAgain(previous.head, head) &&
        (v.questions - previous.questions >= settings.tries ||
          (v.isRefused && v.questions - previous.questions >= 2)) &&
        isOver(v, local, slack) &&
        head.head > beyond + settings.maxJump &&
        question !== undefined
      )
        say('TwiceIsBelieved', at, `${v.name}: ${head.epoch} says again that it is at ${head.head}, and is asked again`)
      const tried = v.questions - v.doubtFrom
      // Where nobody is there it is asked once more.
      const isVain = isOver(v, local, slack) && (tried >= settings.tries || v.isLast)
      // What came in between may have brought it near.
      const isFar = [...v.far].some(n => n > v.sure + settings.maxJump)
      if (
        (v.isMute || isVain) &&
        hasRoom &&
        (isFar || v.hasAgain) &&
        question === undefined &&
        // One that was too far ahead was asked about with what was in doubt before it.
        !before.some(c => c.isAsked || c.head.head > v.sure + settings.maxJump) &&
        !v.isRivalled &&
        !isAway
      ) {
        const fits = isSingle
          ? v.run === head.epoch ||
            (!v.left.has(head.epoch) && head.start <= v.first && head.head >= v.told && v.run === undefined)
          : v.name.endsWith(head.epoch)
        if (fits) say('FoundIsAsked', at, `${v.name} is heard, something is in doubt, and nobody is asked`)
      }
    }
    const { pending } = v
    if (isSingle && hasRoom && hasPlaces && !v.isBegun && !v.isKnown && pending !== undefined && !isAway) {
      const isSure = pending.asks >= settings.tries || (pending.refusedAt > 0 && pending.asks > pending.refusedAt)
      if (isSure && pending.raised === 0 && question === undefined)
        say('HeardIsAskedOnce', at, `${v.name} was asked in vain, is heard, and not asked once more`)
      if (pending.raised > 0 && question !== undefined)
        say('HeardIsAskedOnce', at, `${v.name} was asked once more, and is asked again`)
      if (question !== undefined) pending.raised += 1
      pending.heard += 1
    }
    if (question !== undefined) {
      const left = v.left.get(head.epoch)
      if (left !== undefined && v.run !== head.epoch && v.isBegun && isSingle && hasPlaces) {
        const wait = settings.grace * 2 ** (left.asks - 1)
        if (left.asks > 0 && local < left.askedAt + wait)
          say('LeftIsAskedLess', at, `${v.name}: ${head.epoch} is asked about at ${left.askedAt}, and again`)
        left.asks += 1
        left.askedAt = local
      }
    }
    v.doubtFrom = Number.POSITIVE_INFINITY
    v.hasAgain = false
    const isKept = (c: Claim, i: number, { length }: ReadonlyArray<Claim>): boolean => c.isAsked || i + 30 > length
    v.claims = [...v.claims.filter(isKept), { head, local, questions: v.questions, isAsked: question !== undefined }]
    v.isPure = true
  }

  const heard = (v: Voice, event: Event): void => {
    const { cause, asked, handed } = event
    const { head, number, at } = cause
    if (head === undefined) return
    v.heads.set(head.epoch, Math.max(v.heads.get(head.epoch) ?? 0, head.head))
    // It may begin there, unseen; but not with what is asked about.
    if (!v.isBegun) {
      const isAsked = number === 0 && asked.some(s => s.origin === v.name)
      v.sure = Math.max(v.sure, head.head)
      if (!isAsked) v.told = Math.max(v.told, head.head)
    }
    if (number === 0) unasked(v, event, head)
    else {
      v.isPure = false
      v.sure = Math.max(v.sure, head.head)
      v.doubtFrom = Number.POSITIVE_INFINITY
      v.hasAgain = false
      // That a run is still there which was left settles nothing.
      if (number >= v.lastAsk && !v.left.has(head.epoch)) v.isAnswered = true
    }
    const isFirst =
      !v.isBegun && !v.isKnown && (number > 0 ? number >= (v.pending?.first ?? 0) : v.pending === undefined)
    if (isFirst) v.run = head.epoch
    if (number > 0 || !isSingle || v.pending === undefined) v.isKnown = true
    if (number > 0) v.isRefused = false
    const of = handed.filter(d => 'origin' in d && d.origin === v.name)
    if (head.state === 'ended' && isOwn(v, head) && v.isBegun && hasRoom && hasPlaces) {
      if (head.head <= v.told + settings.maxJump) {
        v.farewell = Math.max(v.farewell, head.head)
      }
      if (
        v.isAnswered &&
        !v.isRivalled &&
        !origins.isForged(v.name) &&
        !origins.isConflicted(v.name) &&
        asked.length === 0 &&
        !v.isMute &&
        !isAway &&
        v.open === 0 &&
        v.far.size === 0 &&
        v.told === head.head &&
        v.sure <= head.head &&
        v.ended < head.head &&
        !of.some(d => d._tag === 'Ended')
      )
        say('FarewellEnds', at, `${v.name}: ${head.epoch} ends with ${head.head}, and that is not told`)
    }
    const isConflict = of.some(d => d._tag === 'Conflict')
    if (v.run === undefined && !isConflict && of.length > 0 && (!v.isBegun || of.some(d => d._tag === 'Resumed')))
      v.run = head.epoch
    v.isMute = false
    if (number <= v.lastAnswer) return
    // Whoever has answered since is in doubt no more.
    v.isVouched = number >= v.raisedBy && isOwn(v, head) && !v.isRivalled
    v.lastAnswer = number
  }

  /** Is something left out that its farewell has named, though all doubts since then are over? */
  const unspoken = (
    v: Voice,
    { at, local }: { readonly at: number; readonly local: number },
    isVouched = false,
  ): void => {
    const isDue = isVouched || local > v.stirredAt + 2 * last + settings.tries * slack
    v.stirredAt = local
    if (
      v.farewell <= Math.max(v.told, v.came) ||
      !v.isBegun ||
      !hasRoom ||
      !hasPlaces ||
      v.isRivalled ||
      isAway ||
      !isDue
    )
      return
    say('FarewellIsKnown', at, `${v.name}: it has said that it ends with ${v.farewell}, and ${v.told} is known`)
    v.farewell = 0
  }

  const told = (v: Voice, d: Delivery<Uint8Array>): void => {
    if (d._tag !== 'Silent') v.hasAgain = false
    switch (d._tag) {
      case 'Message':
        if (d.verdict === 'Late' || d.verdict === 'Recovered') v.open -= 1
        v.told = Math.max(v.told, d.number)
        v.first = Math.min(v.first, d.number)
        v.far.delete(d.number)
        break
      case 'Gap':
        v.open += d.last - d.first + 1
        // What lies behind it is believed.
        for (const n of v.far)
          if (n <= d.last + 1) {
            v.far.delete(n)
            v.sure = Math.max(v.sure, n)
          }
        v.told = Math.max(v.told, d.last)
        v.first = Math.min(v.first, d.first)
        break
      case 'Lost':
        if (d.last === undefined) {
          const { claims, questions } = v
          // What came before it has begun waits on, for the run that is entered; later it is gone as well.
          const came = v.isBegun ? 0 : v.came
          return void voices.set(v.name, { ...voiceOf(v.name), claims, questions, came })
        }
        v.open -= d.last - d.first + 1
        v.told = Math.max(v.told, d.last)
        v.first = Math.min(v.first, d.first)
        break
      case 'Silent':
        v.isSilent = true
        if (d.promised === undefined) v.isMute = true
        break
      case 'Resumed':
        v.isSilent = false
        v.isMute = false
        break
      case 'Conflict':
        v.isRivalled = true
        v.run ??= d.epoch
        break
      case 'Ended':
        v.ended = d.last
        v.told = Math.max(v.told, d.last)
        if (!hasPlaces) return void voices.set(v.name, { ...voiceOf(v.name), isKnown: true })
        break
      case 'Restarted':
        if (d.from !== undefined) v.left.set(d.from, { asks: 0, askedAt: Number.NEGATIVE_INFINITY })
        v.guessed = d.to === undefined ? d.from : undefined
        v.run = d.to
        v.told = d.start - 1
        // What was pending of it is known in it, too.
        v.sure = d.to === undefined ? v.sure : Math.max(d.start - 1, v.heads.get(d.to) ?? 0)
        v.first = d.start
        v.open = 0
        v.far.clear()
        v.ended = 0
        v.farewell = 0
        v.isRivalled = false
        v.isPure = false
        break
    }
    v.sure = Math.max(v.sure, v.told)
    v.isBegun = true
  }

  for (const event of events) {
    const { cause, asked } = event
    const v = cause.origin === undefined || !isOurs(cause.origin) ? undefined : voiceFor(cause.origin)
    if (v !== undefined && cause.what !== 'Nobody') unspoken(v, cause)
    switch (cause.what) {
      case 'Came': {
        if (v === undefined) break
        v.isPure = false
        v.came = Math.max(v.came, cause.number)
        const ask = asked.find(s => s.origin === v.name)
        const isAsked = ask !== undefined
        if (v.isBegun && hasRoom && cause.number > v.sure + settings.maxJump && !isAway && (v.isMute || isAsked)) {
          v.far.add(cause.number)
          if (ask !== undefined) doubted(v, ask)
        } else v.sure = Math.max(v.sure, cause.number)
        if (isSingle && v.isBegun && cause.number <= v.told && v.open === 0 && !isAway && (v.isMute || isAsked)) {
          v.hasAgain = true
          if (ask !== undefined) doubted(v, ask)
        }
        if (!v.isBegun && v.pending === undefined && asked.some(s => s.origin === v.name))
          v.pending = { first: Number.POSITIVE_INFINITY, asks: 0, refusedAt: 0, heard: 0, raised: 0 }
        break
      }
      case 'Head':
        if (v !== undefined) heard(v, event)
        break
      case 'Nobody':
        // That nobody is there at all says nothing of one of an earlier life.
        if (v === undefined) break
        if (cause.number === v.lastAsk) v.isRefused = true
        if (cause.number >= v.doubtedBy) v.isWarned = true
        v.refusedAt = cause.local
        if (v.pending !== undefined && cause.number >= v.pending.first && v.pending.refusedAt === 0)
          v.pending.refusedAt = v.pending.asks
        break
      case 'Away':
        isAway = true
        break
      case 'Started':
      case 'Back': {
        isAway = false
        const all = asked.find(s => s.origin === undefined)
        for (const one of voices.values()) {
          one.claims = []
          one.stirredAt = cause.local
          one.isPure = false
          one.pending =
            all !== undefined && !one.isBegun && (one.isSaved || one.pending !== undefined)
              ? { first: all.number, asks: 0, refusedAt: 0, heard: 0, raised: 0 }
              : undefined
          one.far.clear()
          one.hasAgain = false
          one.doubtFrom = Number.POSITIVE_INFINITY
        }
      }
    }
    for (const d of event.handed)
      if ('origin' in d && d._tag !== 'Mismatch') told(voiceFor(d.origin), d)
      else if (d._tag === 'Unsequenced') {
        const { origin, number } = partsOf(d.subject)
        const one = voiceFor(origin)
        one.hasAgain = false
        one.far.delete(number)
        if (d.reason === 'TooManyOrigins') one.pending = undefined
      }
    if (v?.isVouched) {
      v.isVouched = false
      unspoken(v, cause, true)
    }
    for (const s of asked)
      for (const one of s.origin === undefined ? voices.values() : [voiceFor(s.origin)]) {
        if (isOver(one, s.local)) one.vain = one.questions
        one.questions += 1
        one.isLast ||= one.isWarned
        if (cause.what === 'Came' || cause.what === 'Head' || cause.what === 'Back') one.raisedBy = s.number
        one.askedAt = s.local
        one.lastAsk = s.number
        one.isRefused = false
        one.isAnswered = false
        // Of the questions to all the first alone is about it.
        if (one.pending !== undefined && (s.origin !== undefined || one.pending.asks === 0)) {
          one.pending.first = Math.min(one.pending.first, s.number)
          one.pending.asks += 1
        }
      }
  }
  if (life.endedAt !== Number.POSITIVE_INFINITY) return
  for (const v of voices.values()) unspoken(v, { at: chronicle.overAt, local: Number.POSITIVE_INFINITY })
}
