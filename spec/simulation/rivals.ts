// Which of several runs of one subject (`single`) is followed: what is asked about that, what settles it, and when another one
// takes over. It is read off what came to one life of a receiver, and what that asked and handed over, in this order; whatever
// room there is.
import type { Epoch } from '../../src/core/protocol/Epoch.ts'
import type { Life, Seen } from './chronicle.ts'
import type { Event } from './events.ts'
import { early, slack } from './tolerance.ts'

export const rivalRules = {
  AnswerIsEntered:
    'another run that answers what was asked in a doubt is entered at once, unless both are told to be a conflict, and the one before has not ended (10)',
  AnswerIsNewer: 'no run is entered for an answer to what was asked before the one that is followed has answered (10)',
  LeftForAnswer: 'a run is left for another only if that has answered since, or both were told to be a conflict (10)',
  RivalTakesOver: 'a run that is silent, or was asked in vain, is left for the other one that is alive (10)',
  OtherIsAskedAbout:
    'another run that is heard where nothing is in doubt is asked about, unless it was left, or is told to be a conflict (10)',
  DoubtIsOne:
    'what comes while a doubt holds all up raises no question, whatever was answered that was asked before (11)',
  AskedInGrowingWaits:
    'a doubt is asked about again after ever longer waits, unless nobody was there for what was asked since it arose (11)',
  SilentIsAsked: 'a run that falls silent, and another was told to be alive beside it, is asked about at once (10)',
} as const

export type RivalRule = keyof typeof rivalRules

type Say = (rule: RivalRule, at: number, what: string) => void

/** A doubt that is surely open. */
interface Open {
  /** The question that it began with; of another run that was heard what was asked in vain before counts, too. */
  readonly first: number
  readonly isOfOther: boolean
  /** All that comes has to wait. */
  readonly holds: boolean
  asks: number
}

/** One subject, as far as it was read. */
interface Mind {
  readonly name: string
  isBegun: boolean
  /** Something of it has come, or was stored. */
  hasCome: boolean
  /** The run that is followed, where that is known, and those that were left, or may have been. */
  run: Epoch | undefined
  readonly left: Set<Epoch>
  /** The end that it was told to have; where there are few places, it may have made way since. */
  ended: number | undefined
  mayBeGone: boolean
  /** Another one is alive beside it, as was told, and has answered since. */
  rivalled: Epoch | undefined
  isRivalHeard: boolean
  /** A third one has answered when the consumer was behind. */
  isClouded: boolean
  /** A conflict with a run that was left was told. */
  mayBeRivalled: boolean
  /** It has answered in a doubt when the consumer was behind. */
  waits: Epoch | undefined
  /** The highest number that is done with. */
  done: number
  /** All others that have answered since it has settled what was in doubt; and the last question that had been asked by then. */
  readonly others: Set<Epoch>
  settled: number
  /** The last question that was answered, and the last that may have begun a doubt. */
  answered: number
  raised: number
  /** The last question to it, alone or to all: its number, and when. */
  lastAsk: number
  askedAt: number
  /** When it was heard last: itself, or a message. */
  heardAt: number
  /** Nothing is in doubt, and it can be asked. */
  isCalm: boolean
  doubt: Open | undefined
  /** What has come since, and surely waits. */
  readonly pending: Set<number>
  /** When another one takes over at the latest; by how much the clock was ahead then. */
  takenBy: number
  lag: number
}

const mindOf = (name: string, before?: Mind): Mind => ({
  name,
  isBegun: before !== undefined,
  hasCome: before !== undefined,
  run: undefined,
  // That the two are a conflict was told, if it has not made way.
  left: new Set([...(before?.left ?? []), ...(before?.rivalled === undefined ? [] : [before.rivalled])]),
  ended: undefined,
  mayBeGone: false,
  rivalled: undefined,
  isRivalHeard: false,
  isClouded: false,
  mayBeRivalled: false,
  waits: undefined,
  others: new Set(before?.others),
  done: 0,
  settled: 0,
  answered: before?.answered ?? 0,
  raised: before?.raised ?? 0,
  lastAsk: before?.lastAsk ?? 0,
  askedAt: before?.askedAt ?? Number.NEGATIVE_INFINITY,
  heardAt: Number.NEGATIVE_INFINITY,
  isCalm: false,
  doubt: undefined,
  pending: new Set(),
  takenBy: Number.POSITIVE_INFINITY,
  lag: 0,
})

export const rivals = (life: Life, say: Say, events: ReadonlyArray<Event>): void => {
  const { settings } = life
  const isSingle = life.addressing === 'single'
  const { tries } = settings
  /** A doubt that is asked about again and again, and once more anew. */
  const long = 2 * (settings.patience * (2 ** tries - 1) + tries * slack)
  // As long as there is a place left, none has to make way.
  const hasPlaces = life.kept.origins < settings.maxOrigins
  const minds = new Map<string, Mind>()
  const isOurs = (origin: string): boolean => origin.includes('@') === !isSingle
  const mindFor = (name: string): Mind => {
    const known = minds.get(name)
    if (known !== undefined) return known
    const made = mindOf(name)
    minds.set(name, made)
    return made
  }
  for (const { origin, epoch } of life.saved?.positions ?? []) {
    const mind = mindFor(origin)
    mind.hasCome = true
    if (epoch !== undefined) mind.left.add(epoch)
  }
  let allAsk = 0
  let untaken = 0
  let untakenBytes = 0
  let wasBehind = false

  /** From now on it takes so long at most. */
  const expect = (mind: Mind, { at, local }: Seen): void => {
    mind.takenBy = local + long
    mind.lag = local - at
  }

  /** Was that asked before the doubt arose, and does it count for nothing? */
  const isBefore = ({ settled }: Mind, doubt: Open, number: number): boolean =>
    number <= settled || (!doubt.isOfOther && number < doubt.first)

  /** The run that is followed has said where it is. */
  const ownHeard = (mind: Mind, { head, number, local }: Seen): void => {
    mind.heardAt = local
    mind.takenBy = Number.POSITIVE_INFINITY
    if (head?.state === 'live') mind.ended = undefined
    if (number === 0) return
    if (mind.doubt === undefined || !isBefore(mind, mind.doubt, number)) {
      mind.doubt = undefined
      mind.pending.clear()
    }
    const settles = number > mind.answered && number >= mind.raised
    mind.answered = Math.max(mind.answered, number)
    if (!settles) return
    mind.settled = Math.max(mind.lastAsk, allAsk)
    mind.others.clear()
    mind.waits = undefined
    mind.isCalm = true
  }

  const otherHeard = (mind: Mind, { cause, asked, handed }: Event): void => {
    const { head, number, at } = cause
    if (head === undefined) return
    if (number > 0) mind.others.add(head.epoch)
    if (mind.run === undefined) {
      mind.answered = Math.max(mind.answered, number)
      return
    }
    if (mind.left.has(head.epoch)) return
    const { doubt, rivalled } = mind
    const isRival = head.epoch === rivalled
    const isEntered = handed.some(d => d._tag === 'Restarted' && d.origin === mind.name)
    const isConflict = handed.some(d => d._tag === 'Conflict' && d.origin === mind.name)
    const isSilent =
      isRival ||
      isConflict ||
      isEntered ||
      (number > 0 && number <= mind.answered && (rivalled !== undefined || mind.mayBeRivalled))
    if (mind.isCalm && mind.lastAsk <= mind.settled && !isSilent && !asked.some(s => s.origin === mind.name))
      say('OtherIsAskedAbout', at, `${mind.name}: ${head.epoch} is heard beside ${mind.run}, and nobody is asked`)
    if (number === 0) return
    if (isRival) mind.isRivalHeard = true
    const keepsUp = untaken < settings.maxMessages && untakenBytes < settings.maxBytes
    if (!keepsUp && !isRival) mind.isClouded = true
    const isSure = doubt !== undefined && number >= doubt.first && doubt.asks < tries
    if (isSure && (!isRival || mind.ended !== undefined)) {
      if (keepsUp && !isEntered)
        say('AnswerIsEntered', at, `${mind.name}: ${head.epoch} answers in a doubt, and ${mind.run} is followed`)
      mind.waits = head.epoch
    }
    if (isSure && mind.takenBy === Number.POSITIVE_INFINITY) expect(mind, cause)
  }

  const heard = (mind: Mind, event: Event): void => {
    const { cause, handed } = event
    if (cause.head === undefined) return
    if (!isSingle || mind.run === undefined) mind.doubt = undefined
    if (!isSingle) return
    const isFirst = !mind.isBegun && handed.some(d => 'origin' in d && d.origin === mind.name && d._tag !== 'Conflict')
    const isUnseen = !mind.isBegun && !mind.hasCome && hasPlaces
    if (mind.run === undefined && (isFirst || isUnseen)) {
      mind.run = cause.head.epoch
      mind.isBegun = true
    }
    if (cause.head.epoch === mind.run) ownHeard(mind, cause)
    else otherHeard(mind, event)
  }

  const came = (mind: Mind, { cause, asked }: Event): void => {
    const { number, local, at } = cause
    mind.hasCome = true
    mind.heardAt = local
    const isHeld = mind.doubt?.holds === true && mind.doubt.asks < tries
    if (isHeld) mind.pending.add(number)
    else mind.pending.delete(number)
    if (isHeld && asked.some(s => s.origin === mind.name))
      say('DoubtIsOne', at, `${mind.name}: ${number} comes while all is held up, and it is asked again`)
  }

  const questioned = (mind: Mind, s: Seen, { cause, handed }: Event): void => {
    const { doubt } = mind
    const isOwnAccord = cause.what === 'Woken'
    const isHeard = (cause.what === 'Came' || cause.what === 'Head') && cause.origin === mind.name
    // What a run that was left says is asked about for itself; or it is not known to have been left.
    const isOfLeft = cause.head !== undefined && mind.left.has(cause.head.epoch)
    const isKnown = isSingle && mind.run !== undefined
    if (isHeard && !isOfLeft && (isKnown || cause.what === 'Came')) {
      const isOfOther = cause.head !== undefined && cause.head.epoch !== mind.run
      const isNear = isKnown && cause.what === 'Came' && cause.number <= mind.done + settings.maxJump
      mind.doubt = { first: s.number, isOfOther, holds: isOfOther || isNear, asks: 1 }
    } else if (!isOwnAccord) mind.doubt = undefined
    else if (doubt !== undefined) {
      const wait = settings.patience * 2 ** (doubt.asks - 1)
      if (doubt.asks < tries && s.local < mind.askedAt + wait - early)
        say('AskedInGrowingWaits', s.at, `${mind.name} is asked at ${s.local}, and was at ${mind.askedAt}`)
      doubt.asks += 1
    }
    // It may be asked about another one, or what waited for room is asked anew.
    const isAnew = mind.others.size > 0 || mind.rivalled !== undefined || wasBehind
    if (!isOwnAccord || isAnew || handed.some(d => 'origin' in d && d.origin === mind.name)) mind.raised = s.number
    if (!isOwnAccord) mind.isCalm = false
    mind.lastAsk = s.number
    mind.askedAt = s.local
  }

  const told = (name: string, event: Event): void => {
    let mind = mindFor(name)
    if (!isSingle || mind.run === undefined) mind.doubt = undefined
    if (!isSingle) return
    const { cause, handed } = event
    const { at, local } = cause
    const isLeft = handed.some(d => d._tag === 'Restarted' && d.origin === name)
    // Later than that it may have been judged before, and have waited for a gap.
    const isJudged = local <= mind.askedAt + settings.patience * 2 ** (tries - 1) + slack
    for (const d of handed) {
      if (!('origin' in d) || d.origin !== name) continue
      switch (d._tag) {
        case 'Message':
          // It goes on after its end; or that has made way since, and another one is followed anew.
          if (mind.ended !== undefined && (d.number > mind.ended || mind.mayBeGone)) mind.ended = undefined
          if (
            !isLeft &&
            isJudged &&
            cause.what === 'Woken' &&
            mind.pending.has(d.number) &&
            d.verdict !== 'Recovered'
          ) {
            const rival = mind.isRivalHeard ? mind.rivalled : mind.waits
            if (rival !== undefined)
              say('RivalTakesOver', at, `${name}: ${mind.run} is asked in vain, and ${rival} is not entered`)
          }
          mind.pending.delete(d.number)
          mind.mayBeGone = false
          mind.done = Math.max(mind.done, d.number)
          break
        case 'Gap':
          if (mind.ended !== undefined && (d.last > mind.ended || mind.mayBeGone)) mind.ended = undefined
          break
        case 'Lost':
          mind.done = Math.max(mind.done, d.last ?? 0)
          if (d.last === undefined) {
            mind = mindOf(name, mind)
            minds.set(name, mind)
          }
          break
        case 'Silent':
          if (d.promised === undefined) break
          if (
            mind.isCalm &&
            mind.rivalled !== undefined &&
            !mind.isClouded &&
            cause.what === 'Woken' &&
            mind.askedAt < mind.heardAt + d.promised + settings.grace - early &&
            !event.asked.some(s => s.origin === name)
          )
            say('SilentIsAsked', at, `${name}: ${mind.run} is silent beside ${mind.rivalled}, and nobody is asked`)
          if (mind.isRivalHeard) expect(mind, cause)
          break
        case 'Resumed':
          if (cause.what === 'Head' && cause.origin === name && !mind.mayBeGone) mind.run ??= cause.head?.epoch
          break
        case 'Conflict':
          if (mind.left.has(d.rival) || mind.mayBeGone) {
            // It may have been followed anew since it was left.
            mind.mayBeRivalled = true
            break
          }
          mind.run = d.epoch
          mind.rivalled = d.rival
          mind.isRivalHeard = false
          mind.isClouded = false
          break
        case 'Ended':
          if (!hasPlaces) {
            mind = mindOf(name, mind)
            minds.set(name, mind)
          }
          mind.mayBeGone = !hasPlaces
          mind.ended = d.last
          break
        case 'Restarted': {
          const isAnswer = cause.what === 'Head' && cause.head?.epoch === d.to
          if (d.from !== undefined && d.from === mind.run && d.to !== undefined) {
            if (isAnswer && cause.number > 0 && cause.number <= mind.settled)
              say('AnswerIsNewer', at, `${name}: ${d.to} is entered for ${cause.number}, after ${mind.settled}`)
            if (!isAnswer && !mind.others.has(d.to) && !(mind.rivalled === d.to && mind.isRivalHeard))
              say('LeftForAnswer', at, `${name}: ${d.from} has answered after ${d.to}, and is left for it`)
          }
          if (d.from !== undefined) mind.left.add(d.from)
          mind.run = d.to
          // Where it is entered for a head, nothing is in doubt any more.
          mind.settled = d.to === undefined ? 0 : Math.max(mind.lastAsk, allAsk)
          mind.answered = isAnswer ? cause.number : Math.max(mind.answered, mind.settled)
          mind.done = d.start - 1
          mind.heardAt = local
          mind.ended = undefined
          mind.mayBeGone = false
          mind.rivalled = undefined
          mind.isRivalHeard = false
          mind.isClouded = false
          mind.mayBeRivalled = false
          mind.waits = undefined
          mind.others.clear()
          mind.isCalm = false
          mind.doubt = undefined
          mind.pending.clear()
          mind.takenBy = Number.POSITIVE_INFINITY
        }
      }
      mind.isBegun = true
    }
  }

  const late = (mind: Mind, cause: Seen): void => {
    if (mind.takenBy === Number.POSITIVE_INFINITY) return
    // A consumer that is behind is told of no restart.
    if (untaken * 2 > settings.maxMessages || untakenBytes * 2 > settings.maxBytes) return expect(mind, cause)
    // Where its clock jumps ahead, the next question may still be to come.
    if (Math.min(cause.local, cause.at + mind.lag) <= mind.takenBy) return
    mind.takenBy = Number.POSITIVE_INFINITY
    const rival = mind.rivalled ?? mind.waits
    say('RivalTakesOver', cause.at, `${mind.name}: ${mind.run} is not heard, and ${rival} is not entered`)
  }

  for (const event of events) {
    const { cause, after } = event
    if (cause.what === 'Taken') {
      untaken -= cause.upTo ?? 0
      untakenBytes -= cause.bytes ?? 0
    }
    for (const mind of minds.values()) late(mind, cause)
    const mind = cause.origin === undefined || !isOurs(cause.origin) ? undefined : mindFor(cause.origin)
    switch (cause.what) {
      case 'Came':
        if (mind !== undefined) came(mind, event)
        break
      case 'Head':
        if (mind !== undefined) heard(mind, event)
        break
      case 'Nobody':
        if (mind?.doubt !== undefined && !isBefore(mind, mind.doubt, cause.number)) mind.doubt = undefined
        break
      case 'Back':
      case 'Away':
        for (const m of minds.values()) {
          m.doubt = undefined
          m.pending.clear()
          m.isCalm = false
          m.takenBy = Number.POSITIVE_INFINITY
        }
    }
    const spokenOf = new Set(event.handed.flatMap(d => ('origin' in d ? [d.origin] : [])))
    for (const name of spokenOf) told(name, event)
    for (const s of after)
      if (s.what === 'Handed') {
        untaken += 1
        untakenBytes += s.bytes ?? 0
        wasBehind ||= untaken >= settings.maxMessages || untakenBytes >= settings.maxBytes
      } else if (s.what === 'Asked') {
        if (s.origin === undefined) {
          allAsk = s.number
          for (const m of minds.values()) m.raised = s.number
        } else questioned(mindFor(s.origin), s, event)
      }
  }
}
