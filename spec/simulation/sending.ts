// What a sender promises by itself: its numbers, its heads, its farewell, what it keeps, and what it sends again. Each connection
// is read once, from its beginning to its end.
import type { Chronicle, Outbox, Passed, Run } from './chronicle.ts'

export const sendingRules = {
  NumberedOnce: 'no run gives a number twice, or one above 2^53-1',
  HeartbeatsKept:
    'the first heartbeat follows a message, a start or a reconnect in time, the next within what was promised',
  HeartbeatsInBudget: 'a connection sends no more heartbeats in a second than its budget',
  HeadsAreTrue: 'a head names the newest number, and the oldest that can be sent again',
  FarewellsSaid: 'who closes says so three times within 200 ms, and then nothing more',
  HistoryBounded:
    'what is kept to be sent again stays within messages, bytes and age, and is of runs that are not over',
  SentAgainIfUnsure: 'after a reconnect what is not sure to have arrived is sent again or reported, and nothing else',
  RefusedStaysSo: 'what was reported as refused is not sent again, nor replayed',
  FlushedInTime: 'one flush at a time, none while disconnected, and none later than 100 ms or 1 MiB after a message',
} as const

type Report = (rule: keyof typeof sendingRules, at: number, what: string) => void

/** Heartbeats that may go out at once: a tenth of a second's. */
const burst = (perSecond: number): number => Math.max(1, perSecond / 10)

/** The most that may be on its way without a flush. */
const mostUnflushed = 1024 * 1024

const flushEvery = 100

const farewells = [50, 100, 200]

/** What an origin costs the history of its sender, in bytes. */
const perOrigin = 1024

/** What one run has said and published. */
interface Course {
  readonly run: Run
  /** Its newest number. */
  head: number
  /** What is held for sure, in ascending order, from `front` on. */
  readonly held: number[]
  front: number
  readonly refused: Set<number>
  /** When a head must have been said; by whom it was promised. */
  due: number
  why: string
  /** It is the first since it has begun, or is connected again. */
  isFirst: boolean
  /** The last message is followed by a head: not before, on the clock of the sender, and not after. */
  tail: { readonly from: number; readonly by: number } | undefined
  closedAt: number | undefined
  farewells: number
  /** Its connection was cut after it was closed. */
  isCutShort: boolean
}

interface Message {
  readonly course: Course
  readonly number: number
  readonly bytes: number
  readonly local: number
  /** Its place among all that was sent; `undefined` if it was not. */
  turn: number | undefined
}

/** The rules of one connection, event by event. */
class Reading {
  readonly #box: Outbox
  readonly #report: Report
  readonly #courses = new Map<Run, Course>()
  readonly #isCrowded: boolean
  #isUp = true
  // What is held: the newest that fit.
  readonly #held: Message[] = []
  #front = 0
  #bytes = 0
  // What has arrived.
  readonly #unsure = new Map<string, Message>()
  #turns = 0
  #flight: { readonly flush: number; readonly turns: number } | undefined
  #unflushed = 0
  #flushBy = Number.POSITIVE_INFINITY
  /** What was not sure when it was connected again is owed. */
  #debt: { readonly at: number; readonly turns: number } | undefined
  readonly #heads: number[] = []

  constructor(box: Outbox, report: Report) {
    this.#box = box
    this.#report = report
    // Where many share a small budget, each has to wait for its turn.
    this.#isCrowded = box.perSecond < 1000
  }

  read(overAt: number): void {
    let end = overAt
    for (const p of this.#box.passed) {
      this.#passed(p)
      if (p._tag === 'Crashed') end = p.at
    }
    this.#settleDebt(end)
    this.#flushLate(end)
    for (const c of this.#courses.values()) {
      this.#silentSince(c, end)
      const isCutShort = c.isCutShort || (c.closedAt ?? end) + 200 >= end || this.#isCrowded
      if (c.closedAt !== undefined && !isCutShort && c.farewells < farewells.length)
        this.#report('FarewellsSaid', end, `${c.run.origin}: ${c.farewells} farewells`)
    }
    const { kept, limits, name } = this.#box
    for (const what of ['messages', 'bytes', 'age'] as const)
      if (kept[what] > limits[what])
        this.#report('HistoryBounded', end, `${name} keeps ${kept[what]} ${what}, of ${limits[what]}`)
    if (kept.over > 0) this.#report('HistoryBounded', end, `${name} keeps ${kept.over} runs that are over`)
  }

  #course(run: Run): Course {
    const before = this.#courses.get(run)
    if (before !== undefined) return before
    const course: Course = {
      run,
      head: run.start - 1,
      held: [],
      front: 0,
      refused: new Set(),
      due: Number.POSITIVE_INFINITY,
      why: '',
      isFirst: true,
      tail: undefined,
      closedAt: undefined,
      farewells: 0,
      isCutShort: false,
    }
    this.#courses.set(run, course)
    return course
  }

  #back(at: number): void {
    const all = [...this.#courses.values()]
    for (const c of all) if (c.closedAt === undefined) this.#due(c, at, 'it is back')
    if (!this.#isCrowded) return
    // The farewells of those that have closed meanwhile take their turns of the others.
    const closing = all.filter(c => c.closedAt !== undefined && c.farewells < farewells.length).length
    for (const c of all) c.due += (2000 * closing) / this.#box.perSecond
  }

  #passed(p: Passed): void {
    this.#settleDebt(p.at)
    switch (p._tag) {
      case 'Began':
        // Who joins takes a turn of those that were there.
        if (this.#isCrowded) for (const c of this.#courses.values()) c.due += 2250 / this.#box.perSecond
        return this.#due(this.#course(p.run), p.at, 'it has begun')
      case 'Closed': {
        const c = this.#course(p.run)
        this.#silentSince(c, p.at)
        // Its three farewells take two turns more of the others.
        if (this.#isCrowded && c.closedAt === undefined)
          for (const other of this.#courses.values()) other.due += 2000 / this.#box.perSecond
        c.closedAt ??= p.at
        c.isCutShort ||= !this.#isUp
        return
      }
      case 'Head':
        return this.#head(p)
      case 'Kept':
      case 'Sent':
        return this.#published(p)
      case 'SentAgain':
        return this.#sentAgain(p)
      case 'Replayed':
        if (this.#course(p.run).refused.has(p.number))
          this.#report('RefusedStaysSo', p.at, `${p.run.origin}.${p.number} is replayed`)
        return
      case 'Lost':
        return this.#lost(p)
      case 'Flush':
        return this.#flush(p)
      case 'Flushed':
        return this.#flushed(p)
      case 'Reconnected':
        this.#isUp = true
        this.#debt = { at: p.at, turns: this.#turns }
        return this.#back(p.at)
      case 'Disconnected':
      case 'Crashed':
        this.#settleDebt(Number.POSITIVE_INFINITY)
        this.#flushLate(p.at)
        this.#isUp = false
        this.#unflushed = 0
        this.#flight = undefined
        this.#flushBy = Number.POSITIVE_INFINITY
        for (const c of this.#courses.values()) {
          this.#silentSince(c, p.at)
          c.due = Number.POSITIVE_INFINITY
          c.tail = undefined
          c.isCutShort ||= c.closedAt !== undefined
        }
    }
  }

  // --- heads

  /** A turn each for all that share the budget. */
  get #round(): number {
    return this.#isCrowded ? (1250 * this.#box.lines) / this.#box.perSecond : 0
  }

  #due(c: Course, at: number, why: string): void {
    if (c.run.isMute || !this.#isUp) return
    c.due = at + this.#round
    c.isFirst = true
    c.why = why
  }

  #silentSince(c: Course, now: number): void {
    if (c.run.isMute || c.closedAt !== undefined) return
    if (now > c.due) this.#report('HeartbeatsKept', now, `${c.run.origin}: no heartbeat by ${c.due}, though ${c.why}`)
    else if (c.tail !== undefined && now > c.tail.by)
      this.#report(
        'HeartbeatsKept',
        now,
        `${c.run.origin}: no heartbeat by ${c.tail.by}, ${c.head} was the last message`,
      )
  }

  #head({ at, local, run, head }: Extract<Passed, { _tag: 'Head' }>): void {
    const c = this.#course(run)
    this.#silentSince(c, at)
    c.due = at + head.max
    c.isFirst = false
    c.why = `${head.max} ms were promised at ${at}`
    if (c.tail !== undefined && local >= c.tail.from) c.tail = undefined
    this.#heads.push(local)
    const most = this.#box.perSecond + burst(this.#box.perSecond) + 1
    const before = this.#heads[this.#heads.length - 1 - Math.floor(most)]
    if (before !== undefined && before > local - 1000)
      this.#report('HeartbeatsInBudget', at, `more than ${most} since ${before}`)
    if (head.head !== c.head)
      this.#report('HeadsAreTrue', at, `${run.origin}: ${head.head} is said, and ${c.head} is the newest`)
    this.#oldest(c, head.first, at)
    if ((head.state === 'ended') !== (c.closedAt !== undefined))
      this.#report('FarewellsSaid', at, `${run.origin} says that it is ${head.state}`)
    if (c.closedAt === undefined) return
    const by = c.closedAt + (farewells[c.farewells] ?? Number.NEGATIVE_INFINITY)
    c.farewells += 1
    if (c.farewells > farewells.length || (at > by && !this.#isCrowded && !c.isCutShort))
      this.#report('FarewellsSaid', at, `${run.origin}: farewell ${c.farewells} is said at ${at}`)
  }

  #oldest(c: Course, first: number, at: number): void {
    while (c.refused.has(c.held[c.front] ?? 0)) c.front += 1
    const most = c.held[c.front] ?? c.head + 1
    if (first > most)
      this.#report('HeadsAreTrue', at, `${c.run.origin}: the oldest is said to be ${first}, and ${most} is held`)
    if (c.refused.has(first))
      this.#report('HeadsAreTrue', at, `${c.run.origin}: the oldest is said to be ${first}, which was refused`)
  }

  // --- messages

  #published({ _tag, at, local, run, number, bytes }: Extract<Passed, { _tag: 'Sent' | 'Kept' | 'SentAgain' }>): void {
    const c = this.#course(run)
    this.#silentSince(c, at)
    c.head = number
    const message: Message = { course: c, number, bytes, local, turn: undefined }
    this.#unsure.set(nameOf(run, number), message)
    if (_tag === 'Sent') {
      // Where heartbeats have to wait for their turn, a message says as much, and puts it off.
      if (this.#isCrowded && c.isFirst) c.due = Number.POSITIVE_INFINITY
      // What is sent before the first heartbeat is followed by it.
      else if (c.isFirst && at <= c.due) c.due = Math.max(c.due, at + this.#box.after)
      if (!run.isMute && !this.#isCrowded) c.tail = { from: local + this.#box.after, by: at + this.#box.after }
      this.#out(message, at)
    }
    this.#keep(message)
  }

  /** Older ones make way for it, and those that are too old; one that can't be kept moves nothing. */
  #keep(message: Message): void {
    const { limits } = this.#box
    if (message.bytes + perOrigin > limits.bytes || limits.messages === 0) return
    // Each origin takes some of the budget, and one that begins must find room.
    const room = limits.bytes - perOrigin * (this.#courses.size + 1)
    this.#held.push(message)
    message.course.held.push(message.number)
    this.#bytes += message.bytes
    for (let oldest = this.#held[this.#front]; oldest !== undefined; oldest = this.#held[this.#front]) {
      const isOld = this.#isUp && oldest.local + limits.age < message.local
      if (!isOld && this.#bytes <= room && this.#held.length - this.#front <= limits.messages) return
      this.#front += 1
      this.#bytes -= oldest.bytes
      const { course } = oldest
      while ((course.held[course.front] ?? Number.POSITIVE_INFINITY) <= oldest.number) course.front += 1
    }
  }

  #out(message: Message, at: number): void {
    this.#turns += 1
    message.turn = this.#turns
    this.#flushLate(at)
    this.#unflushed += message.bytes
    if (this.#flight === undefined)
      this.#flushBy = Math.min(this.#flushBy, this.#unflushed >= mostUnflushed ? at : at + flushEvery)
  }

  #sentAgain({ at, run, number }: Extract<Passed, { _tag: 'Sent' | 'Kept' | 'SentAgain' }>): void {
    const name = nameOf(run, number)
    const message = this.#unsure.get(name)
    if (this.#course(run).refused.has(number)) return this.#report('RefusedStaysSo', at, `${name} is sent again`)
    if (message === undefined) return this.#report('SentAgainIfUnsure', at, `${name} has arrived, and is sent again`)
    // In the order of the turns, as they are sure in that order.
    this.#unsure.delete(name)
    this.#unsure.set(name, message)
    this.#out(message, at)
  }

  #lost({ run, first, last, reason }: Extract<Passed, { _tag: 'Lost' }>): void {
    for (let n = first; n <= last; n++) {
      this.#unsure.delete(nameOf(run, n))
      if (reason === 'refused') this.#course(run).refused.add(n)
    }
  }

  /** What was not sure when it was connected again is sent again or reported at once. */
  #settleDebt(now: number): void {
    const debt = this.#debt
    if (debt === undefined || now <= debt.at) return
    this.#debt = undefined
    for (const [name, { turn }] of this.#unsure) {
      if (turn !== undefined && turn > debt.turns) break
      this.#unsure.delete(name)
      this.#report('SentAgainIfUnsure', debt.at, `${name} may not have arrived, and is not sent again`)
    }
  }

  // --- flushes

  #flush({ at, flush }: Extract<Passed, { _tag: 'Flush' }>): void {
    if (!this.#isUp) return this.#report('FlushedInTime', at, `flush ${flush} is called while disconnected`)
    if (this.#flight !== undefined)
      this.#report('FlushedInTime', at, `flush ${flush} is called while ${this.#flight.flush} is on its way`)
    this.#flushLate(at)
    this.#flushBy = Number.POSITIVE_INFINITY
    this.#flight = { flush, turns: this.#turns }
    this.#unflushed = 0
  }

  #flushed({ at, flush, completed }: Extract<Passed, { _tag: 'Flushed' }>): void {
    const flight = this.#flight
    if (flight?.flush !== flush) return
    this.#flight = undefined
    if (completed)
      for (const [name, { turn }] of this.#unsure) {
        if (turn === undefined || turn > flight.turns) break
        this.#unsure.delete(name)
      }
    if (this.#unsure.size > 0) this.#flushBy = this.#unflushed >= mostUnflushed ? at : at + flushEvery
  }

  #flushLate(now: number): void {
    if (now <= this.#flushBy) return
    this.#report('FlushedInTime', now, `no flush was called by ${this.#flushBy}`)
    this.#flushBy = Number.POSITIVE_INFINITY
  }
}

const nameOf = (run: Run, number: number): string => `${run.origin} ${run.epoch} ${number}`

export const audited = (chronicle: Chronicle, report: Report): void => {
  const heads = new Map<Run, number>()
  for (const { run, number, at } of chronicle.published) {
    if (number <= (heads.get(run) ?? 0) || number > Number.MAX_SAFE_INTEGER)
      report('NumberedOnce', at, `${run.origin}.${number} follows ${heads.get(run)}`)
    heads.set(run, number)
  }
  for (const box of chronicle.outboxes) new Reading(box, report).read(chronicle.overAt)
}
