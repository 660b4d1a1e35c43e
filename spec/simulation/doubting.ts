// What becomes of what a receiver doubts: that it asks, what it takes for an answer, and how long it waits. It is read off what
// came to one life of a receiver, and what that asked and handed over, in this order.
//
// Most of it is demanded of `single` alone: there a number that comes again may be of a new run.

import type { Epoch } from '../../src/core/protocol/Epoch.ts'
import type { Delivery } from '../../src/core/receiver/Delivery.ts'
import type { Chronicle, Life, Seen } from './chronicle.ts'
import type { Event } from './events.ts'
import { partsOf } from './names.ts'
import type { Origins } from './notices.ts'
import { ample, early, slack } from './tolerance.ts'

export const doubtingRules = {
  GoneOnIsOver: 'what came again is a duplicate as soon as the sequence goes on where nobody answers (9)',
  PairBeginsAnew:
    'where nobody has named a run, or it is silent and nobody is there to ask, two numbers in a row that come again are a restart (10)',
  GuessIsRefused: 'a run with a name is left for a guess only when the last word is that nobody is there (10)',
  FirstAnswerBounds: 'what the first sender that answers has not sent yet is none of its own, if it came before (10)',
  DoubtTakesItsTime:
    'what came in a doubt is handed over only when that was answered, or asked about in vain since it arose, and since the reconnect (10)',
  TwoAnswersConflict: 'two runs that answer the same question are a conflict (10)',
  DoubtRefusesNothing: 'while a sender may have restarted no refusal counts (10)',
  DoubtTakesNames:
    'while a sender may have restarted no message that was asked for counts but by the name of its run (10)',
  LateAnswersCount: 'a run that answers what the one before was asked in vain is entered when it answers again (10)',
  AgainIsAsked: 'a number that comes again is asked about, though one far ahead may be in doubt (10)',
  RemainingIsFollowed: 'of two senders of one subject the one that is left is followed (10)',
  UnconfirmedInTime: 'where nobody answers, what waits for the number next to it waits until its deadline (9)',
  AskedInTurn: 'whoever was asked where it is, alone or with all others, is given time to answer (11)',
} as const

export type DoubtingRule = keyof typeof doubtingRules

type Say = (rule: DoubtingRule, at: number, what: string) => void

/** A doubt: since when, with which question, and what became of that. */
interface Open {
  readonly since: number
  readonly first: number
  /** From which question on it counts that nobody is there. */
  readonly from: number
  /** The first question whose answer is just late. */
  readonly late: number
  asks: number
  askedAt: number
  isRefused: boolean
  /** Nobody was there for the last question. */
  isSure: boolean
  isOver: boolean
}

/** What came again, and was handed over outside of the sequence. */
interface Again {
  readonly number: number
  readonly came: number
  readonly until: number
}

/** One origin, as far as it was read. */
interface Mind {
  readonly name: string
  /** All up to there is settled, where that is known. */
  done: number
  missing: number
  /** Something of it was handed over. */
  isBegun: boolean
  /** Something of it has come, and a head before that. */
  hasCome: boolean
  /** It had when the receiver was connected again. */
  wasThere: boolean
  isKnown: boolean
  /** It is of an earlier life. */
  isSaved: boolean
  /** The run that is followed has a name; which, where that is known. */
  isNamed: boolean
  run: Epoch | undefined
  /** The last question that it has answered. */
  answered: number
  /** Two are alive at once, as was told. */
  rivalled: Epoch | undefined
  /** When any run of it was heard last. */
  heardAt: number
  readonly left: Set<Epoch>
  isSilent: boolean
  /** When it was asked last, alone or with all others. */
  askedAt: number
  /** Since it was asked last, alone: nobody was there. */
  isRefused: boolean
  /** That was said of a question that counts, while the doubt was still open. */
  isInTime: boolean
  /** Questions to it alone, since its run has answered last, and not about one that was left. */
  questions: number[]
  questionedAt: number
  /** The first question that was in vain since then; and when another run has answered such a one. */
  vain: number
  rival: { readonly epoch: Epoch; readonly local: number } | undefined
  open: Open | undefined
  /** When the last doubt arose. */
  doubtedAt: number
  /** The last that came was handed over at once, and since then it was asked of nothing but numbers far ahead: nothing is held up. */
  isFree: boolean
  /** Some run has said farewell since this one was entered. */
  isLeaving: boolean
  /** When each number came, first and last; and whether it was silent then. */
  readonly came: Map<number, { readonly first: number; last: number; isNear: boolean }>
  /** When what came, and was not handed over, came first. */
  readonly waiting: Map<number, number>
  /** What came again, and whether it was silent then. */
  readonly again: Map<number, { readonly came: number; readonly wasSilent: boolean }>
  outside: Again[]
  /** The last that came of what was handed over: when. */
  wentOn: number
}

const mindOf = (name: string, askedAt: number): Mind => ({
  name,
  done: 0,
  missing: 0,
  isBegun: false,
  hasCome: false,
  wasThere: false,
  isKnown: false,
  isSaved: false,
  isNamed: false,
  run: undefined,
  answered: 0,
  rivalled: undefined,
  heardAt: -1,
  left: new Set(),
  isSilent: false,
  askedAt,
  isRefused: false,
  isInTime: false,
  questions: [],
  questionedAt: Number.NEGATIVE_INFINITY,
  vain: Number.POSITIVE_INFINITY,
  rival: undefined,
  open: undefined,
  doubtedAt: -1,
  isFree: false,
  isLeaving: false,
  came: new Map(),
  waiting: new Map(),
  again: new Map(),
  outside: [],
  wentOn: -1,
})

export const doubts = (
  chronicle: Chronicle,
  origins: Origins,
  say: Say,
  life: Life,
  events: ReadonlyArray<Event>,
): void => {
  const { settings } = life
  const hasRoom = settings.maxMessages > ample && settings.maxGaps > ample
  // None has to make way for another.
  const followed = new Set([
    ...life.seen.flatMap(s => s.origin ?? []),
    ...(life.saved?.positions ?? []).map(p => p.origin),
  ])
  const hasPlaces = followed.size <= settings.maxOrigins
  const isSingle = life.addressing === 'single'
  const last = settings.patience * 2 ** (settings.tries - 1)
  const minds = new Map<string, Mind>()
  let allAskedAt = Number.NEGATIVE_INFINITY
  let isAway = false
  let backAt = Number.NEGATIVE_INFINITY
  const mindFor = (name: string): Mind => {
    const known = minds.get(name)
    if (known !== undefined) return known
    const made = mindOf(name, allAskedAt)
    minds.set(name, made)
    return made
  }
  for (const { origin, epoch } of life.saved?.positions ?? []) {
    const mind = mindFor(origin)
    mind.isSaved = true
    if (epoch !== undefined) mind.left.add(epoch)
  }

  const opened = (mind: Mind, { index }: Event, ask: Seen, from = ask.number): void => {
    if (!hasPlaces) return
    mind.doubtedAt = index
    const { questions, questionedAt } = mind
    const isVain = questions.length >= settings.tries && (mind.isRefused || ask.local >= questionedAt + last - slack)
    mind.open = {
      since: index,
      first: ask.number,
      from,
      late: (isVain ? questions.at(-settings.tries) : undefined) ?? ask.number,
      asks: 1,
      askedAt: ask.local,
      isRefused: false,
      isSure: false,
      isOver: false,
    }
  }
  /** Is what may be taken for an answer still to come? */
  const isOpen = ({ open }: Mind, local: number): boolean =>
    open !== undefined &&
    !open.isOver &&
    (open.asks < (open.isRefused ? 2 : settings.tries) || !(open.isSure || local >= open.askedAt + last - early))

  /** The first question whose answer counts: what was asked before the doubt, or before the reconnect, tells nothing of it. */
  const firstOf = ({ open, questions, vain }: Mind): number =>
    Math.min(vain, open === undefined ? (questions[0] ?? vain) : Math.min(open.from, open.late))

  const came = (mind: Mind, event: Event): void => {
    const { cause, asked, handed, index } = event
    const { number, local } = cause
    // It is not followed.
    if (handed.some(d => d._tag === 'Unsequenced' && d.reason === 'TooManyOrigins')) return
    // They wait together, as long as one of them does.
    if (!mind.waiting.has(number)) mind.waiting.set(number, mind.waiting.values().next().value ?? local)
    const isNear = number <= mind.done + settings.maxJump
    const before = mind.came.get(number)
    if (before === undefined) mind.came.set(number, { first: index, last: index, isNear })
    else before.last = index
    const ask = asked.find(s => s.origin === mind.name)
    if (!mind.hasCome && !mind.isBegun && !mind.isKnown && !mind.isSaved && ask !== undefined && !isAway)
      opened(mind, event, ask)
    mind.hasCome = true
    if (isSingle && mind.isBegun && isNear && ask !== undefined && !isAway && !isOpen(mind, local))
      opened(mind, event, ask)
    const isFree = mind.isFree && !isAway
    // What comes after an end, or a silence, holds all up, however far ahead it is.
    mind.isFree = isFree && (ask === undefined || !(isNear || mind.isLeaving || mind.isSilent))
    if (handed.some(d => d._tag === 'Message' && d.origin === mind.name && d.number === number)) mind.isFree = !isAway
    if (!isSingle || !mind.isBegun || number > mind.done || (settings.mode === 'arrival' && mind.missing > 0)) return
    if (isFree && ask === undefined && hasRoom && hasPlaces)
      say('AgainIsAsked', cause.at, `${mind.name}.${number} comes again, and is not asked about`)
    mind.again.set(number, { came: index, wasSilent: mind.isSilent })
  }

  const told = (mind: Mind, d: Delivery<Uint8Array>, { cause, handed }: Event): void => {
    const { name } = mind
    const { at, local } = cause
    const early = (what: string): void =>
      say('DoubtTakesItsTime', at, `${name}: ${what}, and is still to be asked about`)
    switch (d._tag) {
      case 'Message': {
        const c = mind.came.get(d.number)
        if (c !== undefined && d.verdict !== 'Recovered') {
          const isDoubted = mind.open !== undefined && c.first >= mind.open.since
          if (isOpen(mind, local) && hasRoom && isDoubted) early(`${d.number} is handed over`)
          if (c.isNear && hasRoom) mind.wentOn = Math.max(mind.wentOn, c.first)
          const over = mind.outside.find(a => a.came < c.first && c.first < a.until)
          if (over !== undefined && over.came > mind.heardAt && c.isNear && hasRoom)
            say('GoneOnIsOver', at, `${name}.${over.number} came again before ${d.number} came, and was no duplicate`)
        }
        if (cause.isNameless === true && cause.origin === name && cause.number === d.number && isOpen(mind, local))
          say('DoubtTakesNames', at, `${name}.${d.number} is nobody's, and is taken in a doubt`)
        mind.came.delete(d.number)
        mind.waiting.delete(d.number)
        if (d.verdict === 'Late' || d.verdict === 'Recovered') mind.missing -= 1
        mind.done = Math.max(mind.done, d.number)
        break
      }
      case 'Gap':
        mind.missing += d.last - d.first + 1
        break
      case 'Lost':
        if (d.reason === 'evicted' && cause.what === 'Replayed' && cause.bytes === undefined && isOpen(mind, local))
          say('DoubtRefusesNothing', at, `${name}: ${d.first}-${d.last ?? ''} is refused in a doubt`)
        mind.missing -= (d.last ?? 0) - d.first + 1
        mind.done = Math.max(mind.done, d.last ?? 0)
        if (d.last === undefined) return void minds.set(name, mindOf(name, mind.askedAt))
        break
      case 'Silent':
        if (d.promised === undefined && isOpen(mind, local) && hasRoom) early('it is called mute')
        mind.isSilent = true
        break
      case 'Resumed':
        mind.isSilent = false
        if (cause.what === 'Head' && cause.origin === name) mind.run ??= cause.head?.epoch
        break
      case 'Conflict':
        if (mind.left.has(d.rival)) break
        mind.run = d.epoch
        mind.rivalled ??= d.rival
        break
      case 'Ended':
        // It may make way unheard, or not.
        if (!hasPlaces) return void minds.set(name, { ...mindOf(name, mind.askedAt), isKnown: true })
        break
      case 'Restarted':
        if (d.to === undefined && d.from !== undefined && !mind.isRefused)
          say('GuessIsRefused', at, `${name}: ${d.from} is left, and the last question may yet be answered`)
        if (d.to === undefined && isOpen(mind, local) && hasRoom) early('it is taken for a restart')
        if (d.from !== undefined) mind.left.add(d.from)
        mind.isFree = false
        mind.isLeaving = false
        mind.done = d.start - 1
        mind.missing = 0
        mind.isNamed = d.to !== undefined
        mind.run = d.to
        // The answer that it is entered for is its own.
        mind.answered = cause.what === 'Head' && cause.head?.epoch === d.to ? cause.number : 0
        mind.rivalled = undefined
        mind.open = undefined
        mind.isSilent = handed.some(h => h._tag === 'Silent' && h.origin === name)
        mind.vain = Number.POSITIVE_INFINITY
        mind.rival = undefined
        mind.questions = []
        mind.again.clear()
        // What came in the doubt may be part of the new one, and come again.
        for (const [n, c] of mind.came) if (c.first < mind.doubtedAt) mind.came.delete(n)
        mind.outside = []
        mind.wentOn = -1
        break
    }
    if (
      !mind.isBegun &&
      d._tag !== 'Conflict' &&
      cause.what === 'Head' &&
      cause.origin === name &&
      mind.run === undefined
    )
      mind.run = cause.head?.epoch
    mind.isBegun = true
  }

  const unsequenced = (mind: Mind, number: number, event: Event, outside: ReadonlySet<number>): void => {
    const { cause, handed, index } = event
    // What lies before two in a row that begin a run is of none.
    const isBefore = handed.some(d => d._tag === 'Restarted' && d.origin === mind.name)
    const a = mind.again.get(number)
    const b = mind.again.get(number + 1)
    if (a !== undefined && !isBefore) mind.outside.push({ number, came: a.came, until: index })
    // Since then it was heard: then it can be asked.
    if (a !== undefined && a.came < mind.wentOn && a.came > mind.heardAt)
      say(
        'GoneOnIsOver',
        cause.at,
        `${mind.name}.${number} came again before the sequence went on, and was no duplicate`,
      )
    if (a !== undefined && b !== undefined && outside.has(number + 1) && hasRoom)
      if (!mind.isNamed || (a.wasSilent && b.wasSilent && mind.isInTime && a.came > mind.heardAt))
        say('PairBeginsAnew', cause.at, `${mind.name}: ${number} and the number after it came again, and begin nothing`)
  }

  const unconfirmed = (mind: Mind, { cause, handed }: Event, outside: ReadonlySet<number>): void => {
    const since = Math.min(...[...outside].map(n => mind.waiting.get(n) ?? Number.NEGATIVE_INFINITY))
    const isGuess = handed.some(d => d._tag === 'Restarted' && d.origin === mind.name)
    if (hasRoom && !isGuess && cause.local < since + settings.deadline - early)
      say('UnconfirmedInTime', cause.at, `${mind.name}: ${[...outside][0]} came at ${since}, and waits no longer`)
    for (const n of outside) mind.waiting.delete(n)
  }

  const heard = (mind: Mind, event: Event): void => {
    const { cause, handed } = event
    const { head, number: asked, at, local } = cause
    if (head === undefined) return
    mind.heardAt = event.index
    if (head.state === 'ended') mind.isLeaving = true
    const of = (d: Delivery<Uint8Array>): boolean => 'origin' in d && d.origin === mind.name
    if (asked > 0 && !mind.isBegun && !mind.isKnown && isSingle)
      for (const d of handed) {
        const beyond = d._tag === 'Message' ? d.number : d._tag === 'Gap' && d.noticedBy === 'Data' ? d.last : undefined
        if (beyond !== undefined && of(d) && beyond > head.head)
          say('FirstAnswerBounds', at, `${mind.name}.${beyond} is beyond ${head.head}`)
      }
    if (asked > 0 || !isSingle || !(mind.hasCome || mind.isSaved)) mind.isKnown = true
    mind.isNamed = true
    // Of `single` only an answer settles a doubt; that of another run may be late.
    // So does an answer to what was asked in vain before: it is just late.
    const from = Math.min(mind.open?.late ?? 0, mind.vain)
    if (!isSingle || (asked > 0 && (asked >= from || head.epoch !== mind.run))) mind.open = undefined
    if (!isSingle || !hasPlaces || mind.run === undefined) return
    if (head.epoch === mind.run) {
      if (asked === 0) return
      mind.answered = asked
      mind.questions = mind.questions.filter(q => q > asked)
      mind.vain = Number.POSITIVE_INFINITY
      mind.rival = undefined
      return
    }
    if (mind.left.has(head.epoch)) return
    const isTold = mind.rivalled !== undefined || handed.some(d => d._tag === 'Conflict' && of(d))
    if (asked === 0) {
      const ask = event.asked.find(s => s.origin === mind.name)
      // What was asked in vain before is as good then.
      if (ask !== undefined && !isTold && !isAway && !isOpen(mind, local)) opened(mind, event, ask, 0)
      return
    }
    if (asked === mind.answered && !isTold)
      say('TwoAnswersConflict', at, `${mind.name}: ${mind.run} and ${head.epoch} answer, and no conflict is told`)
    if (isTold || asked < mind.vain || !hasRoom) return
    const isEntered = handed.some(d => d._tag === 'Restarted' && of(d))
    if (mind.rival?.epoch === head.epoch && local < mind.rival.local + settings.patience - early && !isEntered)
      say('LateAnswersCount', at, `${mind.name}: ${head.epoch} has answered twice what was asked in vain`)
    mind.rival = { epoch: head.epoch, local }
  }

  const questioned = (mind: Mind, s: Seen, cause: Seen): void => {
    const { open } = mind
    // What a run that was left says is asked about for itself.
    const isOfLeft = cause.head !== undefined && mind.left.has(cause.head.epoch)
    if (open !== undefined && !isOpen(mind, s.local)) open.isOver = true
    else if (open !== undefined && s.number > open.first && !isOfLeft) {
      open.asks += 1
      // More than that it is asked for another reason.
      if (open.asks <= settings.tries) open.askedAt = s.local
      open.isSure = false
    }
    const before = Math.max(mind.questionedAt, mind.wasThere ? backAt : Number.NEGATIVE_INFINITY)
    const isOwnAccord = cause.what === 'Woken' || cause.what === 'Nobody' || cause.what === 'Back'
    if (!mind.isBegun && !mind.isKnown && isOwnAccord && hasPlaces && s.local < before + settings.patience - early)
      say('AskedInTurn', s.at, `${mind.name} is asked at ${s.local}, and was at ${before}`)
    if (cause.what !== 'Came') mind.isFree = false
    mind.askedAt = s.local
    // It is in doubt since then, at the latest.
    mind.isRefused = false
    mind.isInTime = false
    // What is asked about a run that was left is no try of a doubt.
    if (isOfLeft && mind.isBegun) return
    mind.questionedAt = s.local
    mind.questions.push(s.number)
  }

  /** All that was asked since its run has answered last was in vain. */
  const passed = (mind: Mind, local: number): void => {
    const { questions, questionedAt, vain } = mind
    if (questions.length < settings.tries || local <= questionedAt + last + slack) return
    mind.vain = Math.min(vain, questions.at(-settings.tries) ?? vain)
  }

  for (const event of events) {
    const { cause, asked, handed } = event
    const mind = cause.origin === undefined ? undefined : mindFor(cause.origin)
    if (mind !== undefined) passed(mind, cause.local)
    switch (cause.what) {
      case 'Came':
        if (mind !== undefined) came(mind, event)
        break
      case 'Head':
        if (mind !== undefined) heard(mind, event)
        break
      case 'Nobody':
        if (mind === undefined) break
        mind.isRefused = true
        // Afterwards it has been judged without it.
        mind.isInTime ||= cause.number >= firstOf(mind) && cause.local <= mind.questionedAt + last
        if (mind.open !== undefined && cause.number >= firstOf(mind)) {
          mind.open.isRefused = true
          mind.open.isSure = true
        }
        break
      case 'Away':
        isAway = true
        break
      case 'Started': {
        const ask = asked.find(s => s.origin === undefined)
        for (const m of minds.values()) if (ask !== undefined) opened(m, event, ask)
        break
      }
      case 'Back': {
        isAway = false
        backAt = cause.local
        const ask = asked.find(s => s.origin === undefined)
        for (const m of minds.values()) {
          m.wasThere = m.hasCome || m.isSaved
          m.isFree = false
          m.open = undefined
          // Whoever has a name is doubted from now on, and asked with all others first.
          m.questions = isSingle && m.isNamed && ask !== undefined ? [ask.number] : []
          if ((m.hasCome || m.isSaved) && !m.isBegun && !m.isKnown && ask !== undefined) opened(m, event, ask)
        }
      }
    }
    const outside = new Map<string, Set<number>>()
    for (const d of handed)
      if (d._tag === 'Unsequenced' && d.reason === 'Unconfirmed') {
        const { origin, number } = partsOf(d.subject)
        outside.set(origin, (outside.get(origin) ?? new Set()).add(number))
      }
    for (const [origin, numbers] of outside) {
      for (const number of numbers) unsequenced(mindFor(origin), number, event, numbers)
      unconfirmed(mindFor(origin), event, numbers)
    }
    for (const d of handed) if ('origin' in d) told(mindFor(d.origin), d, event)
    for (const s of asked) {
      if (s.origin === undefined) {
        allAskedAt = s.local
        for (const m of minds.values()) m.askedAt = s.local
      } else questioned(mindFor(s.origin), s, cause)
    }
  }
  if (life.endedAt !== Number.POSITIVE_INFINITY || !isSingle || !hasPlaces) return
  for (const mind of minds.values()) {
    // It is not addressed to those who listen here.
    if (mind.name.includes('@')) continue
    const alive = origins.of(mind.name).filter(r => r.end === 'Live')
    const [only] = alive
    if (only === undefined || alive.length > 1 || only.isMute || only.isDeaf || !hasRoom || !mind.isBegun) continue
    if (mind.run !== undefined && mind.run !== only.epoch && !mind.left.has(only.epoch))
      say('RemainingIsFollowed', chronicle.overAt, `${mind.name}: ${mind.run} is followed, and ${only.epoch} is left`)
  }
}
