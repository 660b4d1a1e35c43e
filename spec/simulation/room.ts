// What a receiver does where there is little room, or much is lost: what it keeps, what it tells a consumer that is behind, and
// when. It is read off what came to one life of it, and what that asked and handed over: event by event, each with what it led to.
import type { Life, Seen } from './chronicle.ts'
import type { Event } from './events.ts'
import { partsOf } from './names.ts'
import { ample, slack } from './tolerance.ts'

export const roomRules = {
  LossToldInOne: 'in `ordered`, what is lost side by side at one time, and for one reason, is told in one',
  RefusedIsLost: 'what is refused is told to be lost at once, or as soon as all before it is settled (7)',
  BehindIsSpared:
    'a consumer that has not taken all there is room for is told of no restart, and a timer tells it of no loss (8)',
  LeftIsSpokenOf: 'a run is not left before a number of it that came: that is handed over, or lost with it (1)',
  UnkeptIsNear: 'what came and found no room makes no more numbers missing than may be believed (9)',
  AwayStandsStill: 'while disconnected no timer, and nothing that is taken, makes a receiver say or ask anything (7)',
  SilenceInTime: 'a sender is told to be silent when the grace after its promise is over, as time connected goes (6)',
  EndsLast: 'an end is told when nothing that was told to be missing is open (1)',
} as const

export type RoomRule = keyof typeof roomRules

type Report = (rule: RoomRule, at: number, what: string) => void

interface Range {
  readonly first: number
  readonly last: number
}

const touches = (a: Range, b: Range): boolean => a.first <= b.last && b.first <= a.last

const without = (ranges: ReadonlyArray<Range>, { first, last }: Range): ReadonlyArray<Range> =>
  ranges.flatMap(r =>
    !touches(r, { first, last })
      ? [r]
      : [
          { first: r.first, last: first - 1 },
          { first: last + 1, last: r.last },
        ].filter(part => part.first <= part.last),
  )

/** One origin, as far as it was read. */
interface Shelf {
  /** Something of it was handed over before. */
  isSpokenOf: boolean
  /** What was told to be missing, and is not settled. */
  open: ReadonlyArray<Range>
  /** The highest number that was handed over, lost, or told to be missing. */
  reach: number
  /** All up to it is settled, as long as it is followed. */
  done: number
  /** All that came unasked. */
  readonly came: Set<number>
  /** Of these, what was too far ahead to be believed. */
  readonly far: Set<number>
  /** When something of it came last, on the receiver's own clock. */
  heard: number
  /** Of these, what came since a sender has last answered, and was not spoken of; unless far numbers came, too. */
  readonly waiting: Set<number>
  /** There were some before that answer, or what was settled has come again; and none was handed over since. */
  hasWaited: boolean
  isClouded: boolean
  /** What came in any way, was not handed over, and not asked for since. */
  readonly brought: Set<number>
  /** The requests for messages. */
  asks: ReadonlyArray<Range & { readonly id: number }>
}

const shelf = (): Shelf => ({
  isSpokenOf: false,
  open: [],
  reach: 0,
  done: 0,
  came: new Set(),
  far: new Set(),
  heard: Number.POSITIVE_INFINITY,
  waiting: new Set(),
  hasWaited: false,
  isClouded: false,
  brought: new Set(),
  asks: [],
})

/**
 * What came in a doubt, and is known when that is settled. Of what finds no room only the lowest and the highest number are
 * remembered: where the highest is of the run that is entered, nobody knows what came of the one before above the lowest.
 */
const remembered = (
  { waiting, hasWaited }: Pick<Shelf, 'waiting' | 'hasWaited'>,
  start: number,
  head: number,
): Iterable<number> => {
  let [lowest, highest] = [Number.POSITIVE_INFINITY, 0]
  for (const one of waiting) [lowest, highest] = [Math.min(lowest, one), Math.max(highest, one)]
  if (highest < start || highest > head) return waiting
  return hasWaited ? [] : [lowest]
}

export const roomed = (life: Life, say: Report, events: ReadonlyArray<Event>): void => {
  const { settings } = life
  const { maxMessages, maxBytes, maxJump, maxGaps } = settings
  const isOrdered = settings.mode === 'ordered'
  const isSingle = life.addressing === 'single'
  const shelves = new Map<string, Shelf>()
  const of = (origin: string): Shelf => {
    const found = shelves.get(origin) ?? shelf()
    shelves.set(origin, found)
    return found
  }
  // What was handed over, and is not taken as far as the receiver was told.
  let untaken = 0
  let untakenBytes = 0
  const forget = (s: Shelf): void => {
    s.done = 0
    s.asks = []
    s.isSpokenOf = false
    s.far.clear()
  }
  const came = (cause: Seen): void => {
    if (cause.what === 'Taken') {
      untaken -= cause.upTo ?? 0
      untakenBytes -= cause.bytes ?? 0
    }
    if (cause.origin === undefined) return
    const s = of(cause.origin)
    if (cause.what === 'Came' || cause.what === 'Head') s.heard = cause.local
    if (cause.bytes === undefined) return
    const { number } = cause
    s.brought.add(number)
    if (cause.what !== 'Came') return
    s.came.add(number)
    if (number > s.reach + maxJump) {
      s.isClouded = true
      if (s.isSpokenOf && s.reach > 0) s.far.add(number)
    } else if (number > s.reach) s.waiting.add(number)
    else s.hasWaited = true
  }

  let isAway = false
  for (const event of events) {
    const { cause, after } = event
    if (cause.what === 'Away' || cause.what === 'Back') isAway = cause.what === 'Away'
    if (isAway && (cause.what === 'Woken' || cause.what === 'Taken'))
      for (const { at, what, origin } of after) say('AwayStandsStill', at, `${origin}: ${what} while disconnected`)
    came(cause)
    const isBehind = untaken >= maxMessages || untakenBytes >= maxBytes
    /** Up to where each origin was settled in this event, and by what loss. */
    const settled = new Map<string, { readonly last: number; readonly reason: string | undefined }>()
    const spokenOf = new Set<string>()
    /** Where a run is left in this event: what waited until then. */
    const before = new Map<string, Pick<Shelf, 'waiting' | 'hasWaited'>>()
    for (const d of event.handed)
      if (d._tag === 'Restarted') {
        const { waiting, hasWaited } = of(d.origin)
        before.set(d.origin, { waiting: new Set(waiting), hasWaited })
      }
    for (const { what, origin, delivery: d, at, local, bytes = 0, number, asked = 0, upTo = 0 } of after) {
      if (what === 'Begged' && origin !== undefined) {
        const s = of(origin)
        const ask = { id: number, first: asked, last: upTo }
        s.asks = [...s.asks.slice(-100), ask]
        for (const n of s.brought) if (touches(ask, { first: n, last: n })) s.brought.delete(n)
      }
      if (what !== 'Handed' || d === undefined) continue
      untaken += 1
      untakenBytes += bytes
      if (d._tag === 'Unsequenced') {
        const outside = partsOf(d.subject)
        of(outside.origin).waiting.delete(outside.number)
        continue
      }
      if (!('origin' in d) || d._tag === 'Mismatch') continue
      const s = of(d.origin)
      spokenOf.add(d.origin)
      // What was pending may be handed over only now, and counts as heard.
      if (d._tag !== 'Silent') s.heard = local
      switch (d._tag) {
        case 'Message': {
          const one = { first: d.number, last: d.number }
          s.open = without(s.open, one)
          s.waiting.delete(d.number)
          s.hasWaited = false
          s.brought.delete(d.number)
          s.reach = Math.max(s.reach, d.number)
          s.done = Math.max(s.done, d.number)
          settled.set(d.origin, { last: d.number, reason: undefined })
          break
        }
        case 'Gap':
          if (d.noticedBy === 'Data' && !s.came.has(d.last + 1))
            if (d.last - d.first >= maxJump || (s.far.has(d.last) && !s.far.has(d.last - 1) && !isSingle))
              // Two in a row confirm each other.
              say('UnkeptIsNear', at, `${d.origin}: ${d.first}-${d.last} is missing, and ${d.last + 1} has not come`)
          s.open = [...s.open, d]
          s.reach = Math.max(s.reach, d.last)
          break
        case 'Lost': {
          const before = settled.get(d.origin)
          // What came, found no room, and was not asked for since has no time of its own that has passed.
          const wasAsked = s.asks.some(r => touches(r, { first: d.first, last: d.first })) && !s.brought.has(d.first)
          // Where it has given up gaps for want of room, the timer that rings at once gives up the next.
          if (d.reason === 'evicted' && maxGaps > ample && !(cause.what === 'Replayed' && cause.origin === d.origin))
            if (!isOrdered || before?.last !== d.first - 1)
              say('RefusedIsLost', at, `${d.origin}.${d.first} was refused, and is told to be lost later`)
          if (d.reason === 'evicted' || (d.reason === 'unresolved' && wasAsked))
            if (isOrdered && before?.reason === d.reason && before.last === d.first - 1)
              say('LossToldInOne', at, `${d.origin}: ${d.first} is told apart from ${before.last}`)
          const isTimely = d.reason === 'unresolved' || d.reason === 'gone'
          if (isBehind && isTimely && cause.what === 'Woken')
            say('BehindIsSpared', at, `${d.origin}.${d.first} is ${d.reason}, and ${untaken} are not taken`)
          const lost = { first: d.first, last: d.last ?? Number.POSITIVE_INFINITY }
          s.open = d.last === undefined ? [] : without(s.open, lost)
          // It is followed no more.
          if (d.last === undefined) forget(s)
          else s.done = Math.max(s.done, d.last)
          for (const one of s.waiting) if (lost.first <= one && one <= lost.last) s.waiting.delete(one)
          s.reach = Math.max(s.reach, d.last ?? 0)
          settled.set(d.origin, { last: lost.last, reason: d.reason })
          break
        }
        case 'Silent':
          if (d.promised !== undefined && life.jumped === 0 && maxMessages > ample)
            if (local > s.heard + d.promised + settings.grace + 2 * slack)
              say('SilenceInTime', at, `${d.origin} is told to be silent at ${local}, and was heard at ${s.heard}`)
          break
        case 'Ended':
          for (const { first, last } of s.open)
            say('EndsLast', at, `${d.origin} ends with ${d.last}, and ${first}-${last} is missing`)
          // It may make way for another now, and be new when it is heard again.
          forget(s)
          break
        case 'Restarted': {
          if (isBehind && s.isSpokenOf)
            say('BehindIsSpared', at, `${d.origin} is told to begin anew, and ${untaken} are not taken`)
          const head = cause.head?.epoch === d.to ? cause.head?.head : undefined
          // Where there is no place for all, it may not have been followed when that came.
          const hasPlaces = life.kept.origins < life.settings.maxOrigins
          if (head !== undefined && !s.isClouded && s.isSpokenOf && maxJump > ample && hasPlaces)
            for (const one of maxMessages > ample ? s.waiting : remembered(before.get(d.origin) ?? s, d.start, head))
              if (s.waiting.has(one) && one > d.after && (one < d.start || one > head))
                say('LeftIsSpokenOf', at, `${d.origin}.${one} came, and its run is left after ${d.after}`)
          s.open = []
          s.waiting.clear()
          s.isClouded = false
          s.reach = d.start - 1
          forget(s)
        }
      }
    }
    for (const origin of spokenOf) of(origin).isSpokenOf = true
    if (cause.what === 'Head' && cause.number > 0 && cause.origin !== undefined) {
      const s = of(cause.origin)
      s.hasWaited ||= s.waiting.size > 0
      s.waiting.clear()
    }
  }
}
