// What a machine keeps: how much that is, is seen after each event, and so what an event has made of it. What is held back of an
// origin of `perSender` whose sender has named it, and in which no number came from afar, is in its sequence: nothing is in doubt.
import type { Life, Seen } from './chronicle.ts'
import type { Event } from './events.ts'
import { slack } from './tolerance.ts'

export const keepingRules = {
  NewestMakesNoWay: 'for what is newer than all that came of its origin nothing makes way (8)',
  NothingMakesWayInVain: 'nothing makes way for what finds no room beside that which is not taken (8)',
  NextMakesRoom: 'for what can be handed over at once all that is newer of its origin makes way, if need be (7)',
  AnswersAreKept: 'what was asked for is kept when it comes, and there is room (7)',
  TooLargeIsLost: 'what can never find room is lost in its time, whatever else waits for room (7)',
  RoomGathers: 'a message sets nothing off that waits for room, while more than half of it is taken up (8)',
} as const

export type KeepingRule = keyof typeof keepingRules

type Report = (rule: KeepingRule, at: number, what: string) => void

interface Ask {
  readonly index: number
  readonly first: number
  readonly last: number
}

/** What comes first, and can never find room. It may have to wait until there is room for anything, and has its time then. */
interface Large {
  readonly name: string
  readonly number: number
  by: number
  waits: boolean
}

/** What is known of one origin. */
interface Pile {
  /** All up to it is settled, as far as was told; in `ordered`. */
  done: number
  /** The highest number that was handed over, lost, or told to be missing. */
  reach: number
  /** The highest that came, was said, or was told of. */
  known: number
  highest: number
  /** Its sender has said where it is. */
  isNamed: boolean
  /** Some number came from afar, or it was followed by its numbers alone: what is kept may be in doubt. */
  isClouded: boolean
  /** When each came last, by the index of the event. */
  readonly came: Map<number, number>
  /** What is held back for certain. */
  readonly held: Set<number>
  readonly asks: Map<number, Ask>
  /** The last request. */
  latest: (Ask & { readonly id: number }) | undefined
  /** What was lost or refused, and when. */
  over: Array<Ask>
  /** What can never find room, and when it has to be lost. */
  tooLarge: Large | undefined
}

const pile = (): Pile => ({
  done: 0,
  reach: 0,
  known: 0,
  highest: 0,
  isNamed: false,
  isClouded: false,
  came: new Map(),
  held: new Set(),
  asks: new Map(),
  latest: undefined,
  over: [],
  tooLarge: undefined,
})

export const kept = (life: Life, say: Report, events: ReadonlyArray<Event>): void => {
  const { maxMessages, maxBytes, maxJump, deadline, mode } = life.settings
  const isOrdered = mode === 'ordered'
  const isSingle = life.addressing === 'single'
  const piles = new Map<string, Pile>()
  const of = (origin: string): Pile => {
    const found = piles.get(origin) ?? pile()
    piles.set(origin, found)
    return found
  }
  let before = { messages: 0, bytes: 0 }
  // What was handed over, and is not taken as far as the receiver was told.
  let untaken = 0
  let untakenBytes = 0
  /** The last event in which there was too little room for something, and the last reconnect. */
  let tightAt = -1
  let backAt = -1
  let isAway = false
  /** Where something can never find room, and is not settled. */
  const large = new Set<Pile>()

  const forget = (p: Pile): void => {
    p.done = 0
    p.isNamed = false
    p.held.clear()
    p.asks.clear()
    p.latest = undefined
    p.tooLarge = undefined
  }

  /** What a message has made of what is kept, beside all that was said because of it. */
  const message = (p: Pile, { cause, after }: Event, now: { readonly bytes: number }): void => {
    const { at, origin, number: n, bytes = 0, asked } = cause
    const name = `${origin}.${n}`
    const isHanded = after.some(
      s => s.delivery?._tag === 'Message' && s.delivery.origin === origin && s.delivery.number === n,
    )
    const grown = now.bytes - before.bytes
    const isNext = isOrdered && p.done > 0 && n === p.done + 1
    if (n > p.highest && grown !== 0 && grown !== bytes)
      say('NewestMakesNoWay', at, `${name} has ${bytes} bytes, and what is kept has grown by ${grown}`)
    if (grown < 0 && untakenBytes + bytes > maxBytes)
      say('NothingMakesWayInVain', at, `${-grown} bytes make way for ${name}, beside ${untakenBytes}`)
    const { latest } = p
    const isCurrent = latest !== undefined && asked === latest.id && latest.first <= n && n <= latest.last
    const isDue = cause.what === 'Came' || isCurrent
    if (isNext && isDue && !isHanded && grown >= 0 && p.held.size > 0 && untakenBytes + bytes <= maxBytes)
      say('NextMakesRoom', at, `${name} waits, and ${[...p.held].join(', ')} of its origin need not`)
    // --- what is held from now on: all that is newer may have made way
    if (grown !== bytes) {
      for (const h of p.held) if (h > n && n > p.done) p.held.delete(h)
    } else if (isOrdered && !isHanded && bytes > 0 && p.done > 0 && n > p.done) p.held.add(n)
    // --- what was asked for
    if (asked === undefined) return
    const ask = p.asks.get(asked)
    const hasRoom = before.messages < maxMessages && before.bytes + bytes <= maxBytes
    if (
      ask !== undefined &&
      ask.first <= n &&
      n <= ask.last &&
      ask.index > Math.max(tightAt, backAt, p.came.get(n) ?? -1) &&
      hasRoom &&
      grown === 0 &&
      bytes > 0 &&
      !isHanded &&
      !p.over.some(o => o.index >= ask.index && o.first <= n && n <= o.last)
    )
      say('AnswersAreKept', at, `${name} was asked for (${asked}), and is thrown away`)
    if (isNext && isCurrent && bytes > maxBytes && p.tooLarge === undefined && life.jumped === 0) {
      p.tooLarge = { name, number: n, by: cause.local + deadline, waits: true }
      large.add(p)
    }
  }

  const told = (p: Pile, index: number, { delivery: d }: Seen): void => {
    if (!p.isNamed || (d?._tag === 'Silent' && d.promised === undefined)) p.isClouded = true
    if (d?._tag === 'Message') {
      p.held.delete(d.number)
      p.done = Math.max(p.done, d.number)
      p.reach = Math.max(p.reach, d.number)
    } else if (d?._tag === 'Gap') p.reach = Math.max(p.reach, d.last)
    else if (d?._tag === 'Lost' && d.last !== undefined) {
      p.done = Math.max(p.done, d.last)
      p.reach = Math.max(p.reach, d.last)
      for (const h of p.held) if (h <= p.done) p.held.delete(h)
      p.over.push({ index, first: d.first, last: d.last })
    } else if (d?._tag === 'Lost' || d?._tag === 'Ended' || d?._tag === 'Restarted') forget(p)
    p.known = Math.max(p.known, p.reach)
  }

  for (const event of events) {
    const { index, cause, after } = event
    const { what, origin, number, bytes, local } = cause
    const now = cause.kept
    // Of a history that says nothing of it nothing is known.
    if (now === undefined) return
    if (what === 'Back') backAt = index
    if (what === 'Taken') {
      untaken -= cause.upTo ?? 0
      untakenBytes -= bytes ?? 0
      before = { messages: before.messages - (cause.upTo ?? 0), bytes: before.bytes - (bytes ?? 0) }
    }
    if (what === 'Away' || what === 'Back') isAway = what === 'Away'
    const keptUp = untaken < maxMessages && untakenBytes < maxBytes
    // What is taken makes room, and no more than that: all that is said then has waited for it.
    const hadHalf = untaken * 2 <= maxMessages && untakenBytes * 2 <= maxBytes
    const p = origin === undefined ? undefined : of(origin)
    const isMessage = (what === 'Came' || what === 'Replayed') && bytes !== undefined
    const handed = after.reduce((sum, s) => sum + (s.what === 'Handed' ? 1 : 0), 0)
    if (before.messages + handed + 1 > maxMessages || before.bytes + (bytes ?? 0) > maxBytes) tightAt = index
    const isNew = p !== undefined && isMessage && number > p.known
    if (p !== undefined && isMessage) {
      if (what === 'Came' && number > p.reach + maxJump) p.isClouded = true
      if (!isSingle && !p.isClouded) message(p, event, now)
      p.came.set(number, index)
      p.highest = Math.max(p.highest, number)
      p.known = Math.max(p.known, number)
    }
    if (p !== undefined && cause.head !== undefined) {
      p.known = Math.max(p.known, cause.head.head)
      p.isNamed ||= origin?.endsWith(cause.head.epoch) === true
    }
    if (p !== undefined && cause.refused !== undefined)
      p.over.push({ index, first: cause.refused, last: cause.upTo ?? cause.refused })
    // --- what waits for room
    const isFull = (now.messages - handed) * 2 > maxMessages || now.bytes * 2 > maxBytes
    const isUnmoved = (isMessage || what === 'Strayed') && isFull
    for (const s of after) {
      if (s.what === 'Handed') {
        untaken += 1
        untakenBytes += s.bytes ?? 0
        if (isUnmoved && s.delivery?._tag === 'Overflowed')
          say('RoomGathers', s.at, `${now.messages} messages and ${now.bytes} bytes are kept, and Overflowed is told`)
      }
      if (s.origin === undefined) continue
      const q = of(s.origin)
      if (s.what === 'Handed') told(q, index, s)
      if (s.what !== 'Begged') continue
      const { asked: first = 0, upTo: last = 0 } = s
      if (isUnmoved && isNew && s.origin === origin && first <= number && number <= last)
        say('RoomGathers', s.at, `${origin}.${number} found no room, and is asked for at once`)
      q.latest = { index, id: s.number, first, last }
      q.asks.set(s.number, q.latest)
    }
    // --- what can never find room
    const keepsUp = untaken < maxMessages && untakenBytes < maxBytes
    const hasHalf = what === 'Taken' ? hadHalf : untaken * 2 <= maxMessages && untakenBytes * 2 <= maxBytes
    const isRelieved = !isMessage && what !== 'Strayed' && !isAway && keepsUp && hasHalf
    for (const q of large) {
      const l = q.tooLarge
      const isOpen = l !== undefined && q.done < l.number
      if (isOpen && what === 'Woken' && !(keepsUp && keptUp)) l.waits = true
      if (isOpen && l.waits) l.by = local + deadline
      if (isOpen && isRelieved) l.waits = false
      const isLate = isOpen && local > l.by + slack
      if (isLate) say('TooLargeIsLost', cause.at, `${l.name} had to be lost by ${l.by}`)
      if (isOpen && !isLate) continue
      q.tooLarge = undefined
      large.delete(q)
    }
    before = now
  }
}
