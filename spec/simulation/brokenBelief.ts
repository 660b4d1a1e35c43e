// Broken histories of what a receiver believes: see belief.ts.

import type { Head } from '../../src/core/protocol/Head.ts'
import { nearest } from '../../src/core/protocol/SequenceNumber.ts'
import type { Delivery } from '../../src/core/receiver/Delivery.ts'
import { defaults } from '../../src/core/receiver/Step.ts'
import type { BeliefRule } from './belief.ts'
import { Book } from './broken.ts'
import type { Chronicle, Life, Moment } from './chronicle.ts'
import { payloadOf } from './content.ts'
import { epochOf, originOf } from './names.ts'

const { name, subject } = originOf('single', 'a', epochOf(1))
const about = { origin: name, subject, sender: undefined }

const headOf = (run: number, head: number, age = 1000): Head => ({
  v: 1,
  epoch: epochOf(run),
  start: nearest(1),
  first: 1,
  head,
  age,
  after: 50,
  max: 1000,
  state: 'live',
})

/** A book that says what came in, too. */
class Witness extends Book {
  readonly #seen: Moment[]
  constructor(life: Partial<Life> = {}) {
    const seen: Moment[] = []
    super({ ...life, course: seen })
    this.#seen = seen
  }
  override hand(delivery: Delivery<Uint8Array>, at?: number, life?: Life): this {
    this.#seen.push({ _tag: 'Handed', index: this.life.handed.length })
    return super.hand(delivery, at, life)
  }
  see(...seen: ReadonlyArray<Moment>): this {
    this.#seen.push(...seen)
    return this
  }
  came(number: number): this {
    return this.see({ _tag: 'Came', origin: name, number, id: number })
  }
  heard(run: number, head: number, age?: number): this {
    return this.see({ _tag: 'Head', origin: name, head: headOf(run, head, age), asked: undefined })
  }
  answered(run: number, head: number): this {
    return this.see({ _tag: 'Head', origin: name, head: headOf(run, head), asked: 1 })
  }
}

/** The first message has come and was handed over. */
const begun = (published: number): Witness => new Witness().publish(published).answered(1, 0).came(1).message(1)

const refused = (number: number): Moment => ({ _tag: 'Refused', origin: name, first: number, last: number })

const unsequenced = (number: number, book: Witness, reason: 'Refuted' | 'Unconfirmed'): Chronicle => {
  const data = book.chronicle.published[number - 1]?.data ?? payloadOf(0, 0)
  return book.hand({
    _tag: 'Unsequenced',
    subject: `${name}.${number}`,
    reason,
    data,
    headers: undefined,
    reply: undefined,
  }).chronicle
}

const restarted = {
  _tag: 'Restarted',
  ...about,
  from: epochOf(1),
  to: epochOf(2),
  after: 1,
  start: nearest(1),
} as const

export const unbelievable: ReadonlyArray<readonly [BeliefRule, string, () => Chronicle]> = [
  ['DoubtHoldsBack', 'it was away', () => begun(2).see({ _tag: 'Back' }).came(2).message(2).chronicle],
  ['DoubtHoldsBack', 'a number came again', () => begun(2).came(1).came(2).message(2).chronicle],
  ['DoubtHoldsBack', 'another run was heard', () => begun(2).heard(1, 1).heard(2, 1).came(2).message(2).chronicle],
  [
    'DoubtHoldsBack',
    'its sender was silent',
    () =>
      begun(2)
        .hand({ _tag: 'Silent', ...about, promised: 1000 })
        .came(2)
        .hand({ _tag: 'Resumed', ...about })
        .message(2).chronicle,
  ],
  [
    'DoubtHoldsBack',
    'only an answer from before has come',
    () =>
      begun(2).see({ _tag: 'Back' }, { _tag: 'Question', id: 2, origin: name }).came(2).answered(1, 2).message(2)
        .chronicle,
  ],
  [
    'DoubtHoldsBack',
    'part of what is lost was refused only in the doubt',
    () => begun(4).came(4).gap(2, 3).see(refused(2)).came(1).see(refused(3)).lost(2, 3, 'evicted').chronicle,
  ],
  ['FarIsConfirmed', 'a forged number is far ahead', () => begun(1).came(100_000).gap(2, 99_999).chronicle],
  [
    'FarIsConfirmed',
    'one that has ended goes on with a forged head',
    () => {
      const settings = { ...defaults, maxJump: 10, maxOrigins: 1 }
      const book = new Witness({ settings }).publish(1).answered(1, 0).came(1).message(1)
      return book
        .hand({ _tag: 'Ended', ...about, last: 1 })
        .heard(1, 50)
        .gap(2, 50).chronicle
    },
  ],
  [
    'CameIsKept',
    'the first message came before it was known where to begin',
    () => new Witness().publish(2).came(1).came(2).answered(1, 2).message(2).chronicle,
  ],
  [
    'CameIsKept',
    'it found no room before it was known where to begin',
    () => {
      const book = new Witness({ settings: { ...defaults, maxMessages: 1 } }).publish(2).came(1).answered(1, 1)
      return book.see({ _tag: 'Began', origin: name, at: 4000, number: 1 }).chronicle
    },
  ],
  ['GapIsMissing', 'it waits to be believed', () => begun(2).came(2).gap(2).chronicle],
  [
    'SilenceEnds',
    'nobody says so',
    () =>
      begun(2)
        .hand({ _tag: 'Silent', ...about, promised: 1000 })
        .came(2)
        .message(2).chronicle,
  ],
  [
    'VouchedIsSequenced',
    'it is refuted nevertheless',
    () => unsequenced(2, begun(2).came(2).answered(1, 2), 'Refuted'),
  ],
  [
    'VouchedIsSequenced',
    'its sender could be asked',
    () => unsequenced(2, begun(2).came(2).heard(1, 2), 'Unconfirmed'),
  ],
  [
    'SaidTwice',
    'a heartbeat far ahead came twice',
    () => {
      const settings = { ...defaults, maxJump: 10 }
      const book = new Witness({ settings }).publish(50).answered(1, 0).came(1).message(1)
      return book
        .heard(1, 50)
        .heard(1, 50)
        .hand({ _tag: 'Gap', ...about, first: nearest(2), last: nearest(50), noticedBy: 'Heartbeat' }).chronicle
    },
  ],
  ['SaidTwice', 'one heartbeat ends a run', () => begun(1).heard(2, 0).hand(restarted).chronicle],
  [
    'DoubtAsksNothing',
    'it was away',
    () => begun(3).gap(2).see({ _tag: 'Back' }, { _tag: 'Asked', origin: name, at: 5000 }).chronicle,
  ],
  [
    'EndIsUndone',
    'nobody says so',
    () => {
      const other = originOf('perSender', 'a', epochOf(1))
      const of = { origin: other.name, subject: other.subject, sender: other.run?.sender }
      const book = new Witness({ addressing: 'perSender' })
      const run = { ...book.run, origin: other.name, addressing: 'perSender' } as const
      book.chronicle.runs.splice(0, 1, run)
      const data = payloadOf(1, 3)
      return book
        .publish(2, run)
        .hand({ _tag: 'Ended', ...of, last: 0 })
        .hand({
          _tag: 'Message',
          ...of,
          number: nearest(1),
          verdict: 'InOrder',
          data,
          headers: undefined,
          reply: undefined,
        }).chronicle
    },
  ],
  [
    'AskedBeforeMute',
    'it was asked once',
    () =>
      new Witness()
        .publish(1)
        .came(1)
        .see({ _tag: 'Question', id: 1, origin: name })
        .hand({ _tag: 'Silent', ...about, promised: undefined }).chronicle,
  ],
  [
    'OverIsTold',
    'the restart is told, and not the loss',
    () => {
      const positions = [{ origin: name, epoch: epochOf(1), number: 1 }]
      const before = new Witness({ endedAt: 5000 })
      return new Witness({ saved: { positions, life: before.life, taken: 0 } }).publish(1).hand(restarted).chronicle
    },
  ],
  [
    'PositionFollows',
    'nobody was told before the crash',
    () => {
      const at = (run: number) => [{ origin: name, epoch: epochOf(run), number: 1 }]
      const first = new Witness({ endedAt: 4000 })
      const second = new Witness({ endedAt: 5000, saved: { positions: at(1), life: first.life, taken: 0 } })
      return new Witness({ saved: { positions: at(2), life: second.life, taken: 0 } }).chronicle
    },
  ],
]
