// At least one broken history for each rule about deliveries, to prove that the auditor can fail.

import { nearest } from '../../src/core/protocol/SequenceNumber.ts'
import type { Delivery } from '../../src/core/receiver/Delivery.ts'
import { defaults } from '../../src/core/receiver/settings.ts'
import type { Rule } from './auditor.ts'
import type { Chronicle, Handed, Life, Published, Run } from './chronicle.ts'
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

const nothing: Life['kept'] = { messages: 0, bytes: 0, gaps: 0, origins: 0, queue: 0, untaken: 0 }

const lifeOf = (changes: Partial<Life> = {}): Life => ({
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
  lateAsks: 0,
  away: [],
  jumped: 0,
  traffic: [],
  ...changes,
})

/** A world in which one sender publishes to one receiver. */
export class Book {
  readonly chronicle: Chronicle = { ...blank(), healedAt: 8000, quietAt: 9000, overAt: 20_000 }
  readonly run: Run
  readonly life: Life
  constructor(life: Partial<Life> = {}, run: Partial<Run> = {}) {
    this.run = runOf(1, run)
    this.life = lifeOf(life)
    this.chronicle.runs.push(this.run)
    this.chronicle.lives.push(this.life)
  }
  publish(count: number, run = this.run, since = 3000): this {
    for (let i = 0; i < count; i++) {
      run.head += 1
      const id = this.chronicle.published.length + 1
      const at = since + id
      const data = payloadOf(id, 3)
      this.chronicle.published.push({
        id,
        run,
        number: run.head,
        at,
        leftAt: at + 2,
        data,
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
  lost(first: number, last = first, reason: 'unresolved' | 'evicted' | 'gone' = 'unresolved', at = 7000): this {
    return this.hand({ _tag: 'Lost', ...about, first: nearest(first), last: nearest(last), reason }, at)
  }
  restarted(to: number, after: number): this {
    return this.hand({ _tag: 'Restarted', ...about, from: epochOf(1), to: epochOf(to), after, start: nearest(1) })
  }
  /** The run crashes, and another one starts. */
  next(): Run {
    Object.assign(this.run, { endedAt: 3500, end: 'Crashed' })
    const next = runOf(2, { bornAt: 3600 })
    this.chronicle.runs.push(next)
    return next
  }
  /** All live messages arrive. */
  arrive(): this {
    for (const { id, at } of this.chronicle.published) this.life.came.set(id, at)
    return this
  }
}

const arrival = { settings: { ...defaults, mode: 'arrival' as const } }

/** The sender of a message was disconnected, and resends nothing. */
const away = (from: number, to: number): Chronicle => {
  const book = new Book().publish(1).message(1)
  const { run, chronicle } = book
  chronicle.told.push({ at: from, run, notice: { _tag: 'Disconnected' } })
  chronicle.told.push({ at: to, run, notice: { _tag: 'Reconnected' } })
  return chronicle
}

/** A correct history. */
export const sound = (): Chronicle => new Book().publish(3).message(1).gap(2).lost(2).message(3, { at: 7000 }).chronicle

const changed = (p: Published | undefined): Uint8Array =>
  p === undefined ? payloadOf(0, 0) : Uint8Array.from(p.data).fill(9, 4)

/** A sender without history is gone. A stream has its message. */
const stored = (): Book => {
  const book = new Book(
    { addressing: 'perSender', settings: { ...defaults, stored: true } },
    { addressing: 'perSender' },
  )
  Object.assign(book.publish(1).run, { endedAt: 3500, end: 'Crashed', keeps: 0 })
  book.chronicle.stored.set(`${book.run.epoch} ${origin.name}.1`, 3002)
  return book
}

/** Messages of two runs in one sequence, though the second run has answered twice. */
const mixed = (): Chronicle => {
  const book = new Book().publish(1)
  const next = book.next()
  book.publish(2, next).arrive()
  book.life.answered.set(next.epoch, [4100, 4200])
  book.life.came.set(3, 5500)
  return book.message(1).message(2, { data: payloadOf(3, 3), at: 5500 }).chronicle
}

export const broken: ReadonlyArray<readonly [Rule, string, () => Chronicle]> = [
  ['EveryNumberSettled', 'the last message never comes', () => new Book().publish(3).message(1).message(2).chronicle],
  ['EveryNumberSettled', 'it begins too late', () => new Book().publish(3).message(2).message(3).chronicle],
  ['EveryNumberSettled', 'a number is skipped', () => new Book(arrival).publish(3).message(1).message(3).chronicle],
  ['EveryNumberSettled', 'a sender is not followed', () => new Book().publish(1, undefined, 8500).chronicle],
  [
    'EveryNumberSettled',
    'a sender is gone, and nothing is said of its last message',
    () => {
      const book = new Book().publish(2).message(1)
      Object.assign(book.run, { endedAt: 3500, end: 'Crashed' })
      return book.chronicle
    },
  ],
  [
    'EveryNumberSettled',
    'the first message of a new run is skipped',
    () => {
      const book = new Book().publish(1).message(1)
      return book
        .publish(2, book.next())
        .restarted(2, 1)
        .message(2, { data: payloadOf(3, 3) }).chronicle
    },
  ],
  [
    'ArrivedIsReported',
    'a message of a sender that began before the receiver vanishes',
    () => new Book({ startedAt: 2500 }).publish(2).arrive().message(1).chronicle,
  ],
  [
    'ArrivedIsReported',
    'a stray message is not delivered',
    () => new Book({ traffic: [{ at: 3000, local: 3000, _tag: 'Stray' }] }).chronicle,
  ],
  [
    'ArrivedIsReported',
    'one of two senders at once vanishes',
    () => {
      const book = new Book().publish(1).message(1)
      const rival = runOf(2)
      book.chronicle.runs.push(rival)
      return book.publish(2, rival).arrive().chronicle
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
      return book.message(1, { data: changed(book.chronicle.published[0]) }).chronicle
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
  [
    'LostOnlyWhenLost',
    'it is given up with a gap that was settled before',
    () =>
      new Book().publish(2).gap(1, 1, 3500).lost(1, 1, 'evicted', 3600).gap(2, 2, 4000).lost(2, 2, 'unresolved', 5600)
        .chronicle,
  ],
  ['LostOnlyWhenLost', 'its sender still has it', () => new Book().publish(1).gap(1).lost(1, 1, 'evicted').chronicle],
  ['LostOnlyWhenLost', 'its run is alive', () => new Book().publish(1).gap(1).lost(1, 1, 'gone').chronicle],
  [
    'LostOnlyWhenLost',
    'all is well, and its sender has it',
    () => new Book().publish(1).gap(1, 1, 9000).lost(1, 1, 'unresolved', 12_000).chronicle,
  ],
  ['LostOnlyWhenLost', 'a stream has what its sender does not', () => stored().gap(1).lost(1, 1, 'evicted').chronicle],
  [
    'LostOnlyWhenLost',
    'all is well, its sender is gone, and a stream has it',
    () => stored().gap(1, 1, 9000).lost(1, 1, 'unresolved', 12_000).chronicle,
  ],
  [
    'TailLossFound',
    'a heartbeat is not heeded',
    () => {
      const book = new Book().publish(1).gap(1, 1, 5000).lost(1)
      book.chronicle.tails.push({ life: book.life, run: book.run, number: 1, heartbeats: 0, by: 3100 })
      return book.chronicle
    },
  ],
  ['GapsSettle', 'a gap stays open', () => new Book().publish(2).message(1).gap(2).chronicle],
  ['GapsHaveReason', 'a number is missing that was not sent', () => new Book().publish(2).gap(1, 3).chronicle],
  [
    'GapsHaveReason',
    'a number is lost that was not sent yet',
    () => new Book().publish(1).lost(1, 1, 'evicted', 3000).chronicle,
  ],
  [
    'ForgeryHidesNothing',
    'a forged number settles those before it',
    () => {
      const book = new Book(arrival).publish(3).message(1)
      book.chronicle.forged.push({ at: 3500, kind: 'Message', origin: origin.name, number: 7 })
      return book.message(7, { data: payloadOf(0, 3) }).chronicle
    },
  ],
  [
    'ForgeryHidesNothing',
    'a message that arrived after a forged head vanishes',
    () => {
      const book = new Book().publish(2).arrive().message(1)
      book.chronicle.forged.push({ at: 3500, kind: 'Head', origin: origin.name, number: 7 })
      return book.chronicle
    },
  ],
  ['EpochsNeverMix', 'a run that has answered is taken for the one before it', mixed],
  [
    'EpochsNeverMix',
    'a message of the old run is delivered long after it',
    () => {
      const book = new Book().publish(2).message(1)
      book.publish(1, book.next()).arrive()
      book.life.came.set(2, 15_000)
      return book
        .restarted(2, 1)
        .message(1, { data: payloadOf(3, 3) })
        .message(2, { at: 15_000 }).chronicle
    },
  ],
  [
    'EpochsNeverMix',
    'a run is entered that does not exist',
    () => {
      const book = new Book().publish(1).message(1)
      book.next()
      return book.restarted(9, 1).chronicle
    },
  ],
  [
    'CrashLeavesNoHole',
    'what was delivered and not processed is not delivered again',
    () => {
      const book = new Book({ endedAt: 5000, taken: 1 }).publish(3).message(1).message(2)
      const positions = [{ origin: origin.name, epoch: epochOf(1), number: 1 }]
      const settings = { ...defaults, start: { v: 1, positions } as const }
      const next = lifeOf({ startedAt: 6000, settings, saved: { positions, life: book.life, taken: 1 } })
      book.chronicle.lives.push(next)
      return book.message(3, { at: 7000, life: next }).chronicle
    },
  ],
  ['MemoryBounded', 'it keeps more than it may', () => new Book({ kept: { ...nothing, messages: 70_000 } }).chronicle],
  [
    'MemoryBounded',
    'too much waits for the application',
    () => new Book({ settings: { ...defaults, maxMessages: 10 }, kept: { ...nothing, untaken: 30 } }).chronicle,
  ],
  [
    'MemoryBounded',
    'the only sender is turned away',
    () => {
      const book = new Book({ settings: { ...defaults, maxOrigins: 1 } }).publish(1)
      const content = { data: payloadOf(1, 3), headers: undefined, reply: undefined }
      return book.hand({ _tag: 'Unsequenced', subject: `${origin.name}.1`, reason: 'TooManyOrigins', ...content })
        .chronicle
    },
  ],
  ['PublishedOrReported', 'what was published while away is not sent again', () => away(2900, 3500)],
  ['PublishedOrReported', 'what was on its way when the connection broke is not sent again', () => away(3002, 3500)],
]
