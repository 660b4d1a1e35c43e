// What a receiver says beside the messages, what it asks, and when: the promises of its notices. It is read off what came to
// one life of a receiver, and what that asked and handed over, in this order.
//
// Most of it is demanded of plain origins only: those of one sender, in whose name nobody has forged anything. Where there is
// little room a notice may have to wait, or an origin make way.
import type { Epoch } from '../../src/core/protocol/Epoch.ts'
import type { Head } from '../../src/core/protocol/Head.ts'
import type { Chronicle, Life, Run, Seen } from './chronicle.ts'
import { partsOf } from './names.ts'
import { ample, early, slack } from './tolerance.ts'

export const noticeRules = {
  SilenceTold:
    'a sender that breaks its promise is told to be silent, once, when its grace is over, and when it is heard again',
  EndsTold: 'an end is told once, when all before it is settled, and nobody vouches for what comes after it',
  ToldOnce: 'a gap, a conflict, the other addressing is told once',
  ConflictsTold: 'two runs that are alive at once are a conflict, and no others are',
  MakesWay: 'only what is silent, and has nothing missing, makes way for another',
  EverybodyAsked: 'all senders are asked at the start and after a reconnect, until one answers, a few times at most',
  AskedForAReason:
    'a sender is asked where it is when that is in doubt, not at each heartbeat, and not while disconnected; nor for messages if it answers nothing',
  GuessesHaveReason:
    'a run with a name is taken to be over only when it is silent and nobody is there to ask, or another one answers',
  LeftStaysLeft: 'a run that was left is never entered again (10)',
  NothingVanishes: 'each message that comes is handed over, was, is told to be lost, or is counted',
  AskedAgainAtOnce: 'what was asked for before a disconnect is asked for again as soon as it is connected',
  FarIsDoubted: 'a number further ahead than may be is believed only when a head, or two numbers in a row, confirm it',
  GapsHaveReason: 'nothing is told to be missing but what a message or its own sender has spoken of',
  BeginsWhereTold: 'where nobody answers it begins where it was told to, or after what an earlier life was done with',
  LostInTime: 'what nobody brings is given up at its deadline',
  SavedSpokenOf: 'each origin of an earlier life goes on, or is told to be lost, but not before its deadline',
} as const

export type NoticeRule = keyof typeof noticeRules | 'MemoryBounded'

type Say = (rule: NoticeRule, at: number, what: string) => void

/** What the auditor knows of the origins. */
export interface Origins {
  readonly of: (origin: string) => ReadonlyArray<Run>
  readonly isConflicted: (origin: string) => boolean
  readonly isForged: (origin: string) => boolean
}

/** What is known of one origin, as far as it was read. */
interface Ear {
  readonly name: string
  /** Its only run, where all that is heard of it is that run's. */
  readonly plain: Run | undefined
  /** Has it had more than one run? Then what is told of one may be told of the other. */
  readonly isMixed: boolean
  /** The last head of its own that came, unless it was a farewell. */
  promise: { readonly local: number; readonly max: number } | undefined
  farewell: boolean
  /** What the run that is followed has said last. */
  words: { readonly epoch: Epoch; readonly last: number; readonly local: number; readonly age: number } | undefined
  /** When something of it came last; and when something did that was handed over at once. */
  last: number
  followed: number
  isFollowed: boolean
  silent: { readonly local: number; readonly promised: number | undefined } | undefined
  ended: number | undefined
  hasEnded: boolean
  /** It was silent since its end. */
  isVouched: boolean
  open: number
  highest: number
  /** Messages that came while it was silent. */
  readonly since: Set<number>
  readonly left: Set<Epoch>
  readonly rivals: Set<Epoch>
  /** Of those, the ones that were not left before. */
  isRivalled: boolean
  /** The run that `Restarted` has named. */
  epoch: Epoch | undefined
  /** When it was asked last because of a head of that run that came unasked. */
  readonly askedFor: Map<Epoch, number>
  readonly answers: Map<number, Epoch>
  inquiries: number
  /** What it says unasked raised a question, and it has not answered since. */
  isDoubted: boolean
  isRefused: boolean
  /** Has it been asked for what is missing since something last came in? */
  hasBegged: boolean
  /** Was a gap told, and nothing asked for since? */
  isUnasked: boolean
  /** When something came last of what is missing. */
  progress: number
  /** The questions that were for it alone, and when they were asked. */
  readonly questions: Map<number, number>
  askedAt: number
  /** The first of them since its run has answered, and the last that another run has led to. */
  vain: number
  raisedBy: number
  /** When a head of it came last. */
  heardAt: number
  /** When a number was first spoken of. */
  spokenAt: number
  /** The lowest and highest number that was spoken of, and settled. */
  first: number
  settled: number
  /** The newest number, as the first head said that came of it, and whose that was, unless somebody has made up heads. */
  outset: { readonly head: number; readonly run: Run | undefined }
  /** Is anything told of it, and has any head come? */
  isSpokenOf: boolean
  isHeard: boolean
  /** How far it has come in the run that is followed, the highest head, and far numbers that came. */
  reach: number
  head: number
  readonly far: Set<number>
  /** The highest number that a message or a head of its run has borne. */
  borne: number
  /** What came again of what was settled, since it has begun anew. */
  readonly again: Set<number>
  /** What was handed over outside of the sequence. */
  readonly outside: Set<number>
}

const earOf = (origins: Origins, name: string): Ear => {
  const runs = origins.of(name)
  const [only] = runs
  return {
    name,
    plain: runs.length === 1 && !origins.isForged(name) ? only : undefined,
    isMixed: runs.length > 1,
    promise: undefined,
    farewell: false,
    words: undefined,
    last: 0,
    followed: Number.NEGATIVE_INFINITY,
    isFollowed: false,
    silent: undefined,
    ended: undefined,
    hasEnded: false,
    isVouched: true,
    open: 0,
    highest: 0,
    since: new Set(),
    left: new Set(),
    rivals: new Set(),
    isRivalled: false,
    epoch: undefined,
    askedFor: new Map(),
    answers: new Map(),
    inquiries: 0,
    isDoubted: false,
    isRefused: false,
    hasBegged: false,
    isUnasked: false,
    progress: 0,
    questions: new Map(),
    askedAt: Number.NEGATIVE_INFINITY,
    vain: Number.POSITIVE_INFINITY,
    raisedBy: 0,
    heardAt: Number.NEGATIVE_INFINITY,
    spokenAt: Number.POSITIVE_INFINITY,
    first: Number.POSITIVE_INFINITY,
    settled: 0,
    outset: { head: 0, run: undefined },
    isSpokenOf: false,
    isHeard: false,
    reach: 0,
    head: 0,
    far: new Set(),
    borne: 0,
    again: new Set(),
    outside: new Set(),
  }
}

/** Two far numbers in a row confirm each other, what lies below them, and what is near. */
const isPaired = ({ far }: Ear, last: number, jump: number): boolean =>
  [...far].some(n => n + jump >= last && far.has(n + 1))

/** The question to all senders. */
interface Join {
  asks: number
  last: number
  isAnswered: boolean
  isRefused: boolean
  readonly local: number
}

export const notices = (chronicle: Chronicle, origins: Origins, say: Say, life: Life): void => {
  const { settings, kept } = life
  if (kept.queue > settings.maxMessages)
    say('MemoryBounded', life.startedAt, `${kept.queue} messages kept or not taken, of ${settings.maxMessages}`)
  if (kept.notices > 0)
    say('MemoryBounded', life.startedAt, `${kept.notices} notices are handed over that there was no room for`)
  if (life.seen.length === 0) return
  const hasRoom = settings.maxMessages > ample
  const hasPlaces = settings.maxOrigins > ample
  /** Its clock has not jumped: so what is due is done in time. */
  const isSteady = life.jumped === 0
  const believes = settings.maxJump > ample
  const asking = settings.patience * (2 ** settings.tries - 1)
  const ears = new Map<string, Ear>()
  const earFor = (name: string): Ear => {
    const known = ears.get(name)
    if (known !== undefined) return known
    const ear = earOf(origins, name)
    ears.set(name, ear)
    return ear
  }
  const { start } = settings
  if (typeof start !== 'string' && 'positions' in start)
    for (const p of start.positions) earFor(p.origin).settled = p.number
  let cause: Seen | undefined
  let isAway = false
  let join: Join | undefined
  let hasMismatch = false
  let strays = 0
  let straysTold = 0
  let hasAsked = true
  const begunAt = life.seen[0]?.local ?? 0
  const from = typeof start !== 'string' && 'from' in start ? start.from : Number.POSITIVE_INFINITY
  const isOurs = (origin: string): boolean => origin.includes('@') === (life.addressing === 'perSender')

  /** After something has come, and all that it led to. */
  const afterwards = (): void => {
    if (cause === undefined) return
    if ((cause.what === 'Started' || cause.what === 'Back') && !hasAsked)
      say('EverybodyAsked', cause.at, `nobody is asked when it has ${cause.what}`)
    if (cause.what === 'Back') {
      for (const ear of ears.values())
        if (ear.open > 0 && !ear.hasBegged && isSureToAnswer(ear))
          say('AskedAgainAtOnce', cause.at, `${ear.name}: ${ear.open} are missing, and not asked for`)
    }
    if (cause.what !== 'Head' || cause.origin === undefined) return
    const ear = earFor(cause.origin)
    if (
      ear.silent !== undefined &&
      isOwn(ear, cause.head) &&
      hasPlaces &&
      ear.isFollowed &&
      cause.head !== undefined &&
      cause.head.head >= ear.settled &&
      // A run that begins above what was followed without a name is asked about first.
      (ear.epoch !== undefined || cause.head.start <= Math.min(ear.first, from))
    )
      say('SilenceTold', cause.at, `${ear.name} is heard, and still silent`)
  }

  const isOwn = ({ plain, epoch, left }: Ear, head: Head | undefined): boolean =>
    plain !== undefined &&
    head !== undefined &&
    head.epoch === plain.epoch &&
    // It may have been left for a guess.
    (epoch === plain.epoch || !left.has(plain.epoch))

  const isSureToAnswer = (ear: Ear): boolean =>
    life.addressing === 'perSender' &&
    hasRoom &&
    hasPlaces &&
    believes &&
    ear.promise !== undefined &&
    ear.plain?.isDeaf === false &&
    ear.ended === undefined &&
    (ear.silent === undefined || ear.silent.promised !== undefined)

  /** The promise of a sender that has not been called silent. */
  const heldOn = (ear: Ear, local: number, at: number, isRoomy = hasRoom): void => {
    if (ear.promise === undefined || ear.silent !== undefined || ear.farewell || ear.hasEnded) return
    if (!isRoomy || !hasPlaces || !ear.isFollowed || !isSteady) return
    const by = Math.max(ear.last, ear.promise.local) + ear.promise.max + settings.grace
    if (local > by + slack)
      say('SilenceTold', at, `${ear.name} is not heard since ${ear.last}, and not told to be silent`)
  }

  const joinOver = (local: number, at: number): void => {
    if (join === undefined) return
    const asks = join.isAnswered ? 1 : join.isRefused ? 2 : settings.tries
    // A clock that jumps wakes it once for all that it has slept through.
    if (isSteady && join.asks < asks && local > join.local + asking + settings.tries * slack)
      say('EverybodyAsked', at, `asked ${join.asks} times, and not answered`)
    join = undefined
  }

  const asked = (s: Seen): void => {
    // What had come before may be handed over only then, and raise a question.
    if (isAway && (cause?.what === 'Woken' || cause?.what === 'Taken'))
      say('AskedForAReason', s.at, 'asks while disconnected')
    if (s.origin === undefined) {
      hasAsked = true
      if (cause?.what === 'Started' || cause?.what === 'Back')
        join = { asks: 0, last: 0, isAnswered: false, isRefused: false, local: s.local }
      if (join === undefined) return
      join.asks += 1
      join.last = s.number
      if (join.isAnswered) say('EverybodyAsked', s.at, 'asks again, though it was answered')
      if (join.asks > settings.tries) say('EverybodyAsked', s.at, `asks for the ${join.asks}th time`)
      return
    }
    const ear = earFor(s.origin)
    ear.questions.set(s.number, s.local)
    ear.askedAt = s.local
    ear.vain = Math.min(ear.vain, s.number)
    ear.isRefused = false
    if (cause?.what === 'Head' && cause.number === 0 && cause.head !== undefined && cause.origin === s.origin) {
      const { epoch } = cause.head
      ear.isDoubted = true
      if (life.addressing === 'perSender' && !ear.name.endsWith(epoch))
        say('AskedForAReason', s.at, `${ear.name}: a head of ${epoch} says nothing of it, and is asked about`)
      // Where its own run is over it is asked about all the same.
      const hasSaid = (x: Seen): boolean =>
        x.origin === ear.name && x.head?.state === 'ended' && x.head.epoch !== epoch && x.at <= s.at
      const isOver = (): boolean => ear.ended !== undefined || ear.silent !== undefined || life.seen.some(hasSaid)
      if (ear.rivals.has(epoch) && hasRoom && hasPlaces && !isOver())
        say('AskedForAReason', s.at, `${ear.name}: a heartbeat of ${epoch}, which is told, is asked about`)
      const before = ear.askedFor.get(epoch)
      // Who made way for another is new when it is heard again.
      const isLeft = ear.left.has(epoch)
      if (ear.epoch !== undefined && ear.epoch !== epoch && !isLeft) ear.raisedBy = s.number
      if (isLeft && before !== undefined && s.local < before + settings.grace && kept.origins < settings.maxOrigins)
        say('AskedForAReason', s.at, `${ear.name}: heartbeats of ${epoch} are asked about at ${before} and again`)
      if (isLeft) ear.askedFor.set(epoch, s.local)
    }
    if (life.addressing !== 'perSender' || ear.plain === undefined || !hasPlaces || !hasRoom) return
    // One that is heard after all may be asked what nobody has answered so far.
    if (ear.silent !== undefined && ear.silent.promised === undefined && s.local > ear.heardAt + asking)
      say('AskedForAReason', s.at, `${ear.name} answers nothing, and is asked again`)
    // About a far number, and what it says itself, it is asked several times.
    if (cause?.what === 'Woken' && ear.isFollowed && believes && ear.far.size === 0 && !ear.isDoubted) {
      ear.inquiries += 1
      if (ear.inquiries > 1) say('AskedForAReason', s.at, `${ear.name} is asked again why it is late`)
    }
  }

  const heard = (s: Seen, head: Head): void => {
    if (join !== undefined && s.number === join.last && s.origin !== undefined && isOurs(s.origin))
      join.isAnswered = true
    if (s.origin === undefined || !isOurs(s.origin)) return
    const ear = earFor(s.origin)
    heldOn(ear, s.local, s.at)
    ear.last = s.local
    ear.inquiries = 0
    ear.heardAt = s.local
    // That it is heard does not say that it can be asked.
    if (s.number > 0) {
      ear.isRefused = false
      ear.isDoubted = false
    }
    if (s.number > 0 && !ear.left.has(head.epoch)) ear.vain = Number.POSITIVE_INFINITY
    if (!ear.isHeard)
      ear.outset = {
        head: head.head,
        run: origins.isForged(ear.name) ? undefined : origins.of(ear.name).find(r => r.epoch === head.epoch),
      }
    ear.isHeard = true
    ear.head = Math.max(ear.head, head.head)
    if (life.addressing === 'single' || ear.name.endsWith(head.epoch)) ear.borne = Math.max(ear.borne, head.head)
    if (s.number > 0 && !ear.answers.has(s.number)) ear.answers.set(s.number, head.epoch)
    // It lives, and has sent more than anyone knew of: it takes its end back.
    // What a rival says takes back no end of another.
    const isRival = ear.rivals.has(head.epoch)
    if (!isRival && head.state === 'live' && ear.ended !== undefined && head.head > Math.max(ear.ended, ear.settled)) {
      ear.ended = undefined
      ear.hasEnded = false
      ear.farewell = false
    }
    if (head.state === 'ended' && (ear.epoch === head.epoch || !ear.isMixed))
      ear.words = { epoch: head.epoch, last: head.head, local: s.local, age: head.age ?? 0 }
    // It lives on: whoever said farewell in its name was not it.
    else if (ear.words?.epoch === head.epoch && (head.age ?? 0) > ear.words.age) ear.words = undefined
    if (!isOwn(ear, head)) return
    if (head.state === 'ended') ear.farewell = true
    // In `single` the first is believed only if it was asked for, or nothing else has come.
    if (ear.isFollowed || s.number > 0 || life.addressing === 'perSender')
      ear.promise = { local: s.local, max: head.max }
  }

  const told = (s: Seen): void => {
    const d = s.delivery
    if (d === undefined) return
    if (d._tag === 'Mismatch') {
      if (hasMismatch) say('ToldOnce', s.at, 'the other addressing is told again')
      hasMismatch = true
      return
    }
    if (d._tag === 'Overflowed') straysTold += d.count
    if (d._tag === 'Unsequenced') {
      if (d.reason === 'NoNumber') straysTold += 1
      else {
        const { origin, number } = partsOf(d.subject)
        earFor(origin).outside.add(number)
      }
      return
    }
    if (!('origin' in d)) return
    const ear = earFor(d.origin)
    const { name } = ear
    const wasSpokenOf = ear.isSpokenOf
    ear.isFollowed = true
    ear.isSpokenOf = true
    if (d._tag === 'Message') {
      ear.first = Math.min(ear.first, d.number)
      ear.spokenAt = Math.min(ear.spokenAt, s.at)
      ear.settled = Math.max(ear.settled, d.number)
      ear.reach = Math.max(ear.reach, d.number)
      // Who was asked in vain is silent all the same: nobody vouches for what it sends.
      const isVouched = ear.heardAt >= ear.askedAt
      if (isVouched && cause?.what === 'Came' && cause.origin === name && cause.number === d.number)
        ear.followed = s.local
      // What was pending while it was asked is believed only now.
      if (s.local <= ear.askedAt + asking) ear.last = s.local
    } else if (d._tag === 'Gap' || d._tag === 'Lost') {
      // Something is said to lie behind its end: it goes on.
      if (ear.ended !== undefined && (d.last ?? 0) > ear.ended) {
        ear.ended = undefined
        ear.hasEnded = false
      }
      ear.first = Math.min(ear.first, d.first)
      ear.spokenAt = Math.min(ear.spokenAt, s.at)
      if (d._tag === 'Lost') ear.settled = Math.max(ear.settled, d.last ?? 0)
    }
    switch (d._tag) {
      case 'Silent':
        if (ear.silent !== undefined) say('SilenceTold', s.at, `${name} is told to be silent again`)
        if (d.promised !== undefined) {
          if (isAway && hasRoom) say('SilenceTold', s.at, `${name} is told to be silent while disconnected`)
          if (ear.ended !== undefined && hasPlaces) say('EndsTold', s.at, `${name} is told to be silent after its end`)
          // Where there was no room it may be told later, if it is silent still.
          if (s.local < ear.followed + d.promised + settings.grace - early)
            say('SilenceTold', s.at, `${name} was followed at ${ear.followed}, and is told to be silent`)
          if (
            ear.plain !== undefined &&
            hasRoom &&
            ear.promise !== undefined &&
            s.local < ear.promise.local + d.promised + settings.grace
          )
            say(
              'SilenceTold',
              s.at,
              `${name} was heard at ${ear.promise.local}, has promised ${d.promised}, and is told to be silent`,
            )
        } else {
          // It goes on after its end.
          ear.ended = undefined
          ear.hasEnded = false
          ear.farewell = false
        }
        ear.silent = { local: s.local, promised: d.promised }
        ear.since.clear()
        ear.isVouched = true
        return
      case 'Resumed':
        if (ear.silent === undefined) say('SilenceTold', s.at, `${name} is told to be back, and was not silent`)
        ear.silent = undefined
        // What was left for a guess goes on, and is asked about like any run that is followed; when it is left again, anew.
        if (cause?.head !== undefined && ear.epoch === undefined) {
          ear.left.delete(cause.head.epoch)
          ear.askedFor.delete(cause.head.epoch)
        }
        return
      case 'Ended':
        if (ear.ended !== undefined && hasPlaces) say('EndsTold', s.at, `the end of ${name} is told again`)
        if (ear.open > 0 && hasRoom && hasPlaces && settings.maxGaps > ample && !ear.isMixed)
          say('EndsTold', s.at, `the end of ${name} is told, and ${ear.open} are missing`)
        if (ear.plain !== undefined && d.last !== ear.plain.head && ear.plain.end === 'Closed')
          say('EndsTold', s.at, `${name} ends at ${ear.plain.head}, and is told to at ${d.last}`)
        ear.ended = d.last
        ear.hasEnded = true
        ear.isVouched = false
        // It may make way, and be new when it is heard again.
        if (!hasPlaces) {
          ear.reach = 0
          ear.rivals.clear()
          ear.isRivalled = false
        }
        return
      case 'Message':
        // Where the end was forged, it may have begun anew below that.
        if (ear.ended !== undefined && (d.number > ear.ended || origins.isForged(name))) {
          if (!ear.isVouched && hasRoom && hasPlaces && ear.plain !== undefined)
            say('EndsTold', s.at, `${name}.${d.number} comes after its end, as if somebody vouched for it`)
          ear.ended = undefined
          ear.hasEnded = false
          ear.farewell = false
        }
        if (d.verdict === 'Late' || d.verdict === 'Recovered') {
          ear.open -= 1
          ear.progress = s.local
        }
        if (
          ear.silent?.promised !== undefined &&
          ear.since.has(d.number) &&
          hasRoom &&
          hasPlaces &&
          believes &&
          ear.plain !== undefined &&
          life.addressing === 'perSender'
        )
          say('SilenceTold', s.at, `${name}.${d.number} comes, and it is still silent`)
        return
      case 'Gap':
        if (d.first <= ear.highest && hasPlaces)
          say('ToldOnce', s.at, `${name}: ${d.first}-${d.last} is told to be missing again`)
        if (life.addressing === 'perSender' && d.last > ear.borne)
          say(
            'GapsHaveReason',
            s.at,
            `${name}: ${d.last} is told to be missing, and ${ear.borne} is the highest that was spoken of`,
          )
        if (
          believes &&
          ear.reach > 0 &&
          d.last > ear.reach + settings.maxJump + ample &&
          d.last > ear.head &&
          !isPaired(ear, d.last, settings.maxJump + ample)
        )
          say('FarIsDoubted', s.at, `${name}: after ${ear.reach} all up to ${d.last} is told to be missing`)
        ear.reach = Math.max(ear.reach, d.last)
        ear.open += d.last - d.first + 1
        ear.highest = d.last
        ear.progress = s.local
        ear.isUnasked = true
        return
      case 'Lost':
        if (d.last === undefined) {
          if (!wasSpokenOf && !ear.isHeard && s.local < begunAt + settings.deadline)
            say('SavedSpokenOf', s.at, `${name} is given up at ${s.local}, before the deadline`)
          if (wasSpokenOf && (ear.silent === undefined || (ear.open > 0 && hasRoom && settings.maxGaps > ample)))
            say(
              'MakesWay',
              s.at,
              `${name} makes way, and ${ear.silent === undefined ? 'is not silent' : `${ear.open} are missing`}`,
            )
          ear.reach = 0
          ear.silent = undefined
          ear.ended = undefined
          ear.isFollowed = false
          ear.promise = undefined
          ear.open = 0
          ear.highest = 0
          return
        }
        ear.open -= d.last - d.first + 1
        if (
          d.reason === 'unresolved' &&
          isSteady &&
          hasRoom &&
          hasPlaces &&
          believes &&
          ear.plain !== undefined &&
          life.addressing === 'perSender'
        )
          if (s.local > ear.progress + settings.deadline + slack)
            say(
              'LostInTime',
              s.at,
              `${name}: ${d.first}-${d.last} is given up at ${s.local}, nothing has come since ${ear.progress}`,
            )
        ear.progress = s.local
        return
      case 'Restarted': {
        const isNamed = d.from !== undefined && ear.epoch !== undefined
        if (d.to === undefined && isNamed && hasRoom && (ear.silent === undefined || !ear.isRefused))
          say('GuessesHaveReason', s.at, `${name}: ${d.from} is left for a guess`)
        if (life.addressing === 'perSender' && d.to === undefined)
          say('GuessesHaveReason', s.at, `${name}: a run with an origin of its own is told to begin anew`)
        if (d.to === undefined && !(ear.again.has(d.start) && ear.again.has(d.start + 1)))
          say('GuessesHaveReason', s.at, `${name}: ${d.start} alone is taken for a restart`)
        if (d.to !== undefined && ear.left.has(d.to) && kept.origins < settings.maxOrigins)
          say('LeftStaysLeft', s.at, `${name}: ${d.to} was left, and is entered again`)
        ear.reach = 0
        ear.again.clear()
        if (
          d.to !== undefined &&
          d.from !== undefined &&
          cause?.what === 'Head' &&
          ear.answers.get(cause.number) === d.from
        )
          say('ConflictsTold', s.at, `${name}: ${d.from} has answered as well as ${d.to}, and is left`)
        if (ear.words !== undefined && ear.words.epoch === d.from && d.after < ear.words.last && believes && hasRoom)
          if (s.local > ear.words.local + asking + settings.deadline)
            say('EndsTold', s.at, `${name} has said that it ends with ${ear.words.last}, and is left after ${d.after}`)
        ear.words = undefined
        if (d.from !== undefined) ear.left.add(d.from)
        ear.epoch = d.to
        ear.vain = Number.POSITIVE_INFINITY
        ear.rivals.clear()
        ear.isRivalled = false
        ear.ended = undefined
        ear.open = 0
        ear.highest = 0
        return
      }
      case 'Conflict': {
        if (!origins.isConflicted(name) && !origins.isForged(name))
          say('ConflictsTold', s.at, `${name}: ${d.rival} and ${d.epoch} were never alive at once`)
        if (ear.rivals.has(d.rival) && hasRoom)
          say('ToldOnce', s.at, `${name}: the conflict with ${d.rival} is told again`)
        const isNew = !ear.left.has(d.rival)
        if (isNew && ear.isRivalled && hasRoom)
          say('ToldOnce', s.at, `${name}: the conflict with a third, ${d.rival}, is told`)
        if (isNew) ear.isRivalled = true
        ear.rivals.add(d.rival)
      }
    }
  }

  for (const s of life.seen) {
    if (s.what !== 'Asked' && s.what !== 'Begged' && s.what !== 'Handed') {
      afterwards()
      cause = s
      hasAsked = false
    }
    switch (s.what) {
      case 'Asked':
        asked(s)
        break
      case 'Begged': {
        if (isAway) say('AskedForAReason', s.at, 'asks for messages while disconnected')
        const ear = earFor(s.origin ?? '')
        const { silent } = ear
        if (silent !== undefined && silent.promised === undefined && ear.heardAt < silent.local && !settings.stored)
          say('AskedForAReason', s.at, `${ear.name} answers nothing, and is asked for messages`)
        ear.hasBegged = true
        // The time of a gap begins when it is first asked for.
        if (ear.isUnasked) ear.progress = s.local
        ear.isUnasked = false
        break
      }
      case 'Handed':
        told(s)
        break
      case 'Head':
        if (s.head !== undefined) heard(s, s.head)
        break
      case 'Came': {
        const ear = earFor(s.origin ?? '')
        heldOn(ear, s.local, s.at)
        ear.last = s.local
        ear.inquiries = 0
        ear.borne = Math.max(ear.borne, s.number)
        if (s.number > ear.reach + settings.maxJump) ear.far.add(s.number)
        // Of one that is new again nothing is told yet of where it begins.
        if (s.number <= ear.settled || s.number < ear.first || ear.reach === 0) ear.again.add(s.number)
        if (ear.silent !== undefined) ear.since.add(s.number)
        break
      }
      case 'Replayed':
        earFor(s.origin ?? '').progress = s.local
        break
      case 'Nobody':
        if (s.origin === undefined) {
          if (join?.last === s.number) join.isRefused = true
        } else {
          const ear = earFor(s.origin)
          const isOpen = (question: number): boolean =>
            s.local <= (ear.questions.get(question) ?? Number.NEGATIVE_INFINITY) + asking
          // It may be the answer to one that was asked shortly before the last. And while it is asked since another run was
          // heard, to any that was in vain before.
          const isLate = s.number >= ear.vain && s.number < ear.raisedBy && isOpen(ear.raisedBy)
          if (isOpen(s.number) || isLate) ear.isRefused = true
        }
        break
      case 'Strayed':
        strays += 1
        break
      case 'Away':
        joinOver(s.local, s.at)
        isAway = true
        break
      case 'Back':
        isAway = false
        for (const ear of ears.values()) {
          ear.inquiries = 0
          ear.hasBegged = false
        }
        break
    }
  }
  afterwards()
  if (life.endedAt !== Number.POSITIVE_INFINITY) return
  const { overAt } = chronicle
  const last = life.seen.at(-1)
  const over = last === undefined ? 0 : last.local + overAt - last.at
  joinOver(over, overAt)
  for (const ear of ears.values()) {
    // In the end there is room to tell of it.
    heldOn(ear, over, overAt, true)
    const { plain } = ear
    if (ear.farewell && plain?.end === 'Closed' && ear.isFollowed && hasPlaces && hasRoom && believes && !ear.hasEnded)
      say('EndsTold', overAt, `${ear.name} has said farewell, and its end is not told`)
    if (plain?.end === 'Live' && !plain.isMute && hasPlaces && ear.silent !== undefined)
      say('SilenceTold', overAt, `${ear.name} is alive and called silent`)
  }
  if (hasPlaces ? strays !== straysTold : strays > straysTold)
    say('NothingVanishes', overAt, `${strays} stray messages came, ${straysTold} are told of`)
  if (!hasPlaces) return
  for (const s of life.seen) {
    if (s.what !== 'Came' || s.origin === undefined) continue
    const ear = earFor(s.origin)
    // What finds no room while in doubt may be forgotten.
    if (s.number > ear.settled && hasRoom && !ear.outside.has(s.number) && !isBefore(life, ear, s))
      say('NothingVanishes', s.at, `${ear.name}.${s.number} came, and is never spoken of`)
  }
  begun(say, life, ears, overAt)
}

/** While no number had been spoken of: was this one sent before the receiver has begun, which nothing but the first head says? */
const isBefore = (
  { settings: { start }, startedAt }: Life,
  { spokenAt, outset: { head, run } }: Ear,
  { at, number }: Seen,
): boolean => {
  if (at >= spokenAt || number > head || start === 'all') return false
  if (typeof start !== 'string') return 'from' in start && number < start.from
  return run === undefined || run.bornAt - run.jumped < startedAt
}

/** Where it was told to begin, and the origins of an earlier life. */
const begun = (say: Say, life: Life, ears: ReadonlyMap<string, Ear>, overAt: number): void => {
  const { start } = life.settings
  if (typeof start === 'string') return
  const begins = (ear: Ear, at: number): void => {
    // Whoever is asked for more than there is begins where that ends.
    if (ear.plain?.isMute === true && ear.first > at && ear.first !== Number.POSITIVE_INFINITY)
      say('BeginsWhereTold', life.startedAt, `${ear.name} begins with ${ear.first}, not ${at}`)
  }
  if ('from' in start) {
    for (const ear of ears.values()) begins(ear, start.from)
    return
  }
  for (const { origin, number } of start.positions) {
    const ear = ears.get(origin)
    if (ear !== undefined) begins(ear, number + 1)
    if (ear === undefined || !(ear.isSpokenOf || ear.isHeard))
      say('SavedSpokenOf', overAt, `${origin} was followed up to ${number}, and is never spoken of`)
  }
}
