// One broken history for each rule, so that the auditor is known to be able to fail.

import { nearest } from '../../src/core/protocol/SequenceNumber.ts'
import type { Delivery } from '../../src/core/receiver/Delivery.ts'
import { defaults } from '../../src/core/receiver/Step.ts'
import type { Rule } from './auditor.ts'
import type { Chronicle, Handed, Life, Published, Run, Seen, Sight } from './chronicle.ts'
import { blank } from './chronicle.ts'
import { payloadOf } from './content.ts'
import { epochOf, originOf } from './names.ts'

const origin = originOf('single', 'a', epochOf(1))
export const about = { origin: origin.name, subject: origin.subject, sender: undefined }

export const runOf = (n: number, changes: Partial<Run> = {}): Run => ({
  origin: origin.name,
  epoch: epochOf(n),
  addressing: 'single',
  start: 1,
  bornAt: 2000,
  head: 0,
  endedAt: Number.POSITIVE_INFINITY,
  sentAt: 3500,
  end: 'Live',
  keeps: 65_536,
  isMute: false,
  isDeaf: false,
  max: 1000,
  jumped: 0,
  ...changes,
})

const nothing: Life['kept'] = { messages: 0, bytes: 0, gaps: 0, origins: 0, queue: 0, notices: 0, left: 0 }

export const lifeOf = (changes: Partial<Life> = {}): Life => ({
  receiver: 0,
  addressing: 'single',
  settings: { ...defaults },
  startedAt: 1000,
  endedAt: Number.POSITIVE_INFINITY,
  handed: [],
  came: new Map(),
  answered: new Map(),
  taken: 0,
  saved: undefined,
  kept: { ...nothing },
  forgotten: 0,
  replays: { asks: 0, answers: 0 },
  lateAsks: 0,
  away: [],
  jumped: 0,
  seen: [],
  ...changes,
})

export const sight = (what: Sight, changes: Partial<Seen> = {}): Seen => ({
  at: 3100,
  local: 3100,
  what,
  origin: what === 'Woken' || what === 'Back' ? undefined : origin.name,
  number: 0,
  head: undefined,
  delivery: undefined,
  ...changes,
})

/** A world in which one sender publishes and one receiver is handed all of it, in words that can be bent. */
export class Book {
  readonly chronicle: Chronicle = { ...blank(), healedAt: 8000, quietAt: 9000, overAt: 20_000 }
  readonly run = runOf(1)
  readonly life: Life
  constructor(life: Partial<Life> = {}) {
    this.life = lifeOf(life)
    this.chronicle.runs.push(this.run)
    this.chronicle.lives.push(this.life)
  }
  publish(count: number, run = this.run): this {
    for (let i = 0; i < count; i++) {
      run.head += 1
      const id = this.chronicle.published.length + 1
      const at = 3000 + id
      this.chronicle.published.push({
        id,
        run,
        number: run.head,
        at,
        leftAt: at + 2,
        data: payloadOf(id, 3),
        headers: undefined,
        reply: undefined,
      })
    }
    return this
  }
  hand(delivery: Delivery<Uint8Array>, at = 4000, life = this.life): this {
    const handed: Handed = { at, local: at, delivery }
    life.handed.push(handed)
    return this
  }
  message(
    number: number,
    changes: { readonly data?: Uint8Array; readonly at?: number; readonly life?: Life } = {},
  ): this {
    const p = this.chronicle.published[number - 1]
    const data = changes.data ?? p?.data ?? payloadOf(0, 0)
    const verdict = 'InOrder' as const
    return this.hand(
      { _tag: 'Message', ...about, number: nearest(number), verdict, data, headers: undefined, reply: undefined },
      changes.at,
      changes.life,
    )
  }
  gap(first: number, last = first, at = 4000): this {
    return this.hand({ _tag: 'Gap', ...about, first: nearest(first), last: nearest(last), noticedBy: 'Data' }, at)
  }
  lost(first: number, last = first, reason: 'unresolved' | 'evicted' = 'unresolved', at = 7000): this {
    return this.hand({ _tag: 'Lost', ...about, first: nearest(first), last: nearest(last), reason }, at)
  }
}

/** The sender of a message was away, and sends nothing again. */
const away = (from: number, to: number): Chronicle => {
  const book = new Book().publish(1).message(1)
  const { run, chronicle } = book
  chronicle.told.push({ at: from, run, notice: { _tag: 'Disconnected' } })
  chronicle.told.push({ at: to, run, notice: { _tag: 'Reconnected' } })
  return chronicle
}

/** A run without a name is left for itself: one number was forged, one came, and there was no room up to 7. */
const leftForItself = (forged: number, came: number): Chronicle => {
  const book = new Book({ seen: [sight('Came', { number: came })] }).publish(2).message(1)
  book.chronicle.forged.push({ at: 3000, kind: 'Message', origin: origin.name, number: forged })
  book.hand({ _tag: 'Lost', ...about, first: nearest(2), last: nearest(7), reason: 'overflow' })
  book.hand({ _tag: 'Restarted', ...about, from: undefined, to: epochOf(1), after: 7, start: nearest(1) })
  return book.message(1).message(2).chronicle
}

/** Of a run that begins while the receiver is away the second number is handed over as if the one before went on. */
const takenForOld = (before: ReadonlyArray<Seen>): Chronicle => {
  const seen = [...before, sight('Back', { at: 4000, local: 4000 })]
  const book = new Book({ seen, away: [{ from: 3200, to: 4000 }] }).publish(1).message(1, { at: 3100 })
  Object.assign(book.run, { endedAt: 3300, end: 'Crashed' })
  const next = runOf(2, { bornAt: 3400 })
  book.chronicle.runs.push(next)
  book.publish(2, next)
  const second = book.chronicle.published[2]
  book.life.came.set(second?.id ?? 0, 4010)
  book.life.answered.set(epochOf(1), [3050]).set(epochOf(2), [4100, 4200])
  book.message(2, { data: second?.data ?? payloadOf(0, 0), at: 4010 })
  const restart = {
    _tag: 'Restarted',
    ...about,
    from: epochOf(1),
    to: epochOf(2),
    after: 2,
    start: nearest(1),
  } as const
  return book.hand(restart, 4100).chronicle
}

/** All of it, as it should be. */
export const sound = (): Chronicle => new Book().publish(3).message(1).gap(2).lost(2).message(3, { at: 7000 }).chronicle

const reply = (p: Published | undefined): Uint8Array =>
  p === undefined ? payloadOf(0, 0) : Uint8Array.from(p.data).fill(9, 4)

/** A sender that keeps nothing and is gone; a store holds its message. */
const stored = (): Book => {
  const book = new Book({ addressing: 'perSender', settings: { ...defaults, stored: true } }).publish(1)
  Object.assign(book.run, { endedAt: 3500, end: 'Crashed', keeps: 0 })
  book.chronicle.stored.set(`${book.run.epoch} ${origin.name}.1`, 3002)
  return book
}

export const broken: ReadonlyArray<readonly [Rule, string, () => Chronicle]> = [
  ['EveryNumberSettled', 'the last message never comes', () => new Book().publish(3).message(1).message(2).chronicle],
  ['EveryNumberSettled', 'it begins too late', () => new Book().publish(3).message(2).message(3).chronicle],
  [
    'EveryNumberSettled',
    'a number is skipped',
    () => new Book({ settings: { ...defaults, mode: 'arrival' } }).publish(3).message(1).message(3).chronicle,
  ],
  [
    'EveryNumberSettled',
    'a sender is not followed',
    () => {
      const book = new Book().publish(1)
      book.chronicle.published.splice(0, 1, ...book.chronicle.published.map(p => ({ ...p, at: 8500 })))
      return book.chronicle
    },
  ],
  [
    'EveryNumberSettled',
    'numbers are skipped after an end, though it had room to go on',
    () => {
      const settings = { ...defaults, mode: 'arrival', maxOrigins: 2 } as const
      const book = new Book({ settings, kept: { ...nothing, origins: 1 } }).publish(3).message(1)
      return book.hand({ _tag: 'Ended', ...about, last: nearest(1) }).message(3).chronicle
    },
  ],
  [
    'EveryNumberSettled',
    'it was dropped for want of room, and is not told of what comes after',
    () => {
      const book = new Book({ settings: { ...defaults, maxOrigins: 1 } }).publish(3).message(1)
      const last = book.chronicle.published[2]
      if (last !== undefined) book.chronicle.published[2] = { ...last, at: 8500 }
      return book.hand({ _tag: 'Lost', ...about, first: nearest(2), last: undefined, reason: 'gone' }).chronicle
    },
  ],
  ['OrderedAscends', 'two change places', () => new Book().publish(2).message(2).message(1).chronicle],
  [
    'NothingInvented',
    'nobody has published it',
    () => new Book().publish(1).message(1, { data: payloadOf(0, 3) }).chronicle,
  ],
  [
    'NothingInvented',
    'it has the content of another',
    () =>
      new Book()
        .publish(2)
        .message(1)
        .message(2, { data: payloadOf(1, 3) }).chronicle,
  ],
  [
    'NothingInvented',
    'a byte has changed',
    () => {
      const book = new Book().publish(1)
      return book.message(1, { data: reply(book.chronicle.published[0]) }).chronicle
    },
  ],
  [
    'NothingInvented',
    'it comes before it is published',
    () => new Book().publish(1).message(1, { at: 2500 }).chronicle,
  ],
  [
    'DeliveredOrLost',
    'it is lost, and comes',
    () => new Book().publish(1).gap(1).lost(1).message(1, { at: 7000 }).chronicle,
  ],
  ['DeliveredOrLost', 'it comes twice', () => new Book().publish(1).message(1).message(1).chronicle],
  [
    'LostOnlyWhenLost',
    'it is given up before its deadline',
    () => new Book().publish(1).gap(1).lost(1, 1, 'unresolved', 4500).chronicle,
  ],
  ['LostOnlyWhenLost', 'its sender still has it', () => new Book().publish(1).gap(1).lost(1, 1, 'evicted').chronicle],
  [
    'LostOnlyWhenLost',
    'all is well, and its sender has it',
    () => new Book().publish(1).gap(1, 1, 9000).lost(1, 1, 'unresolved', 12_000).chronicle,
  ],
  ['LostOnlyWhenLost', 'a store has what its sender does not', () => stored().gap(1).lost(1, 1, 'evicted').chronicle],
  [
    'LostOnlyWhenLost',
    'all is well, its sender is gone, and a store has it',
    () => stored().gap(1, 1, 9000).lost(1, 1, 'unresolved', 12_000).chronicle,
  ],
  [
    'TailLossFound',
    'the heartbeat goes unheard',
    () => {
      const book = new Book().publish(1).gap(1, 1, 4000).lost(1)
      book.chronicle.tails.push({ life: book.life, run: book.run, number: 1, heartbeats: 0, by: 3100 })
      return book.chronicle
    },
  ],
  ['GapsSettle', 'a gap stays open', () => new Book().publish(2).message(1).gap(2).chronicle],
  ['GapsSettle', 'nothing wakes it', () => new Book({ forgotten: 1 }).publish(1).message(1).chronicle],
  ['MemoryBounded', 'it keeps more than it may', () => new Book({ kept: { ...nothing, messages: 70_000 } }).chronicle],
  [
    'MemoryBounded',
    'it remembers all runs that it has left',
    () => new Book({ kept: { ...nothing, left: 65 } }).chronicle,
  ],
  [
    'ForgeryHidesNothing',
    'a forged number settles those before it',
    () => {
      const book = new Book({ settings: { ...defaults, mode: 'arrival' } }).publish(3).message(1)
      book.chronicle.forged.push({ at: 3500, kind: 'Message', origin: origin.name, number: 7 })
      return book.message(7, { data: payloadOf(0, 3) }).chronicle
    },
  ],
  [
    'RunsNeverMix',
    'a run that was left speaks on',
    () => {
      const book = new Book()
      book.publish(2)
      Object.assign(book.run, { endedAt: 3500, end: 'Crashed' })
      const next = runOf(2, { bornAt: 3600 })
      book.chronicle.runs.push(next)
      book.message(1)
      book.hand({ _tag: 'Restarted', ...about, from: epochOf(1), to: epochOf(2), after: 1, start: nearest(1) }, 5000)
      book.publish(1, next)
      const first = book.chronicle.published[2]
      return book.message(1, { data: first?.data ?? payloadOf(0, 0), at: 5000 }).message(2, { at: 15_000 }).chronicle
    },
  ],
  [
    'RunsNeverMix',
    'a run that began while it was away, and answered in time, is taken for the one before it',
    () => takenForOld([]),
  ],
  [
    'RunsNeverMix',
    'it is taken for the one before it, which was not asked in vain: once only, when nobody was there',
    () => takenForOld([sight('Came'), sight('Asked', { number: 1 }), sight('Nobody', { number: 1 }), sight('Woken')]),
  ],
  [
    'RunsNeverMix',
    'a run is told as a restart of itself',
    () => {
      const book = new Book().publish(2).message(1)
      const restart = {
        _tag: 'Restarted',
        ...about,
        from: undefined,
        to: epochOf(1),
        after: 1,
        start: nearest(1),
      } as const
      return book.hand(restart).message(1).message(2).chronicle
    },
  ],
  [
    'RunsNeverMix',
    'a run is told as a restart of itself, for a forged number that never came',
    () => leftForItself(7, 2),
  ],
  [
    'RunsNeverMix',
    'a run is told as a restart of itself, for a forged number that it has sent as well',
    () => leftForItself(2, 2),
  ],
  [
    'RunsNeverMix',
    'a store answers for another run, of which nothing was taken',
    () => {
      const book = new Book({ settings: { ...defaults, stored: true }, answered: new Map([[epochOf(1), [3300]]]) })
      Object.assign(book.publish(2).run, { endedAt: 3500, end: 'Crashed' })
      const next = runOf(2, { bornAt: 3600 })
      book.chronicle.runs.push(next)
      const data = book.publish(2, next).message(1).chronicle.published[3]?.data ?? payloadOf(0, 0)
      book.chronicle.stored.set(`${next.epoch} ${origin.name}.2`, 3700)
      const message = { _tag: 'Message', ...about, number: nearest(2), headers: undefined, reply: undefined } as const
      return book.hand({ ...message, verdict: 'Recovered', data }).chronicle
    },
  ],
  ['RequestsEnd', 'it asks for ever', () => new Book({ lateAsks: 3 }).publish(1).message(1).chronicle],
  [
    'CrashLeavesNoHole',
    'what was handed and not taken is not handed again',
    () => {
      const book = new Book({ endedAt: 5000, taken: 1 }).publish(3).message(1).message(2)
      const positions = [{ origin: origin.name, epoch: epochOf(1), number: 1 }]
      const settings = { ...defaults, start: { v: 1, positions } as const }
      const next = lifeOf({ startedAt: 6000, settings, saved: { positions, life: book.life, taken: 1 } })
      book.chronicle.lives.push(next)
      return book.message(3, { at: 7000, life: next }).chronicle
    },
  ],
  ['PublishedOrReported', 'what was published while away is not sent again', () => away(2900, 3500)],
  ['PublishedOrReported', 'what was on its way when the connection broke is not sent again', () => away(3002, 3500)],
  [
    'ReplaysInBudget',
    'it asks a hundred times for one message',
    () => new Book({ replays: { asks: 100, answers: 0 } }).publish(3).message(1).gap(2).lost(2).message(3).chronicle,
  ],
  [
    'ReplaysInBudget',
    'it is sent a thousand messages for one',
    () => new Book({ replays: { asks: 1, answers: 1000 } }).publish(3).message(1).gap(2).lost(2).message(3).chronicle,
  ],
]
