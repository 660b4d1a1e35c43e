// Broken histories of what a receiver does where there is little room, or much is lost: see room.ts.

import type { Head } from '../../src/core/protocol/Head.ts'
import type { Addressing } from '../../src/core/protocol/Origin.ts'
import { nearest } from '../../src/core/protocol/SequenceNumber.ts'
import type { Delivery, LossReason } from '../../src/core/receiver/Delivery.ts'
import type { Settings } from '../../src/core/receiver/Step.ts'
import { defaults } from '../../src/core/receiver/Step.ts'
import { Book, lifeOf, runOf } from './broken.ts'
import type { Chronicle, Seen } from './chronicle.ts'
import { payloadOf } from './content.ts'
import { epochOf, originOf } from './names.ts'
import type { RoomRule } from './room.ts'

export type Step = Partial<Seen> & Pick<Seen, 'what'>

export const lived = (
  addressing: Addressing,
  settings: Partial<Settings<Uint8Array>>,
  ...steps: ReadonlyArray<Step>
): Chronicle => {
  const book = new Book()
  const { name: origin } = originOf(addressing, 'a', epochOf(1))
  book.chronicle.runs.splice(0, 1, runOf(1, { origin, addressing }))
  const life = lifeOf({ addressing, settings: { ...defaults, ...settings } })
  book.chronicle.lives.splice(0, 1, life)
  const started: Step = { what: 'Started', kept: { messages: 0, bytes: 0 } }
  for (const [i, step] of [started, ...steps].entries()) {
    const at = 1000 + i
    const delivery = step.delivery === undefined ? undefined : { ...step.delivery, origin }
    const seen: Seen = { at, local: at, origin, number: 0, head: undefined, ...step, delivery }
    life.seen.push(seen)
    if (delivery !== undefined) life.handed.push({ at, local: at, delivery })
  }
  return book.chronicle
}

const about = { origin: '', subject: originOf('single', 'a', epochOf(1)).subject, sender: undefined }
export const handed = (delivery: Delivery<Uint8Array>): Step => ({ what: 'Handed', delivery })
export const message = (number: number): Step =>
  handed({
    _tag: 'Message',
    ...about,
    number: nearest(number),
    verdict: 'InOrder',
    data: payloadOf(0, 3),
    headers: undefined,
    reply: undefined,
  })
const gap = (first: number, last: number): Step =>
  handed({ _tag: 'Gap', ...about, first: nearest(first), last: nearest(last), noticedBy: 'Data' })
const lost = (first: number, last: number, reason: Exclude<LossReason, 'gone'>): Step =>
  handed({ _tag: 'Lost', ...about, first: nearest(first), last: nearest(last), reason })
const restarted = (after: number): Step =>
  handed({ _tag: 'Restarted', ...about, from: epochOf(1), to: epochOf(2), after, start: nearest(1) })
export const came = (number: number): Step => ({ what: 'Came', number, bytes: 3 })
export const asked = (first: number, upTo: number, id: number): Step => ({
  what: 'Begged',
  number: id,
  asked: first,
  upTo,
})
export const answeredBy = (run: number): Step => ({
  what: 'Head',
  number: 2,
  head: {
    v: 1,
    epoch: epochOf(run),
    start: nearest(1),
    first: 1,
    head: 0,
    age: 10,
    after: 50,
    max: 1000,
    state: 'live',
  } satisfies Head,
})
const answered = answeredBy(2)

export const brokenRoom: ReadonlyArray<readonly [RoomRule, string, () => Chronicle]> = [
  [
    'LossToldInOne',
    'two neighbours are refused',
    () =>
      lived(
        'single',
        {},
        came(1),
        message(1),
        { what: 'Replayed', number: 3 },
        lost(2, 2, 'evicted'),
        lost(3, 3, 'evicted'),
      ),
  ],
  [
    'LossToldInOne',
    'two neighbours have passed their deadlines',
    () =>
      lived(
        'single',
        {},
        came(4),
        gap(1, 3),
        asked(1, 3, 1),
        { what: 'Woken' },
        lost(1, 2, 'unresolved'),
        lost(3, 3, 'unresolved'),
      ),
  ],
  [
    'RefusedIsLost',
    'it is told when the timer rings',
    () => lived('single', {}, came(1), message(1), { what: 'Woken' }, lost(2, 2, 'evicted')),
  ],
  [
    'BehindIsSpared',
    'its sender has begun anew',
    () => lived('single', { maxMessages: 1 }, came(1), message(1), answered, restarted(1)),
  ],
  [
    'BehindIsSpared',
    'a deadline has passed',
    () => lived('single', { maxMessages: 1 }, came(1), message(1), { what: 'Woken' }, lost(2, 2, 'unresolved')),
  ],
  [
    'LeftIsSpokenOf',
    'it is forgotten',
    () => lived('single', {}, came(1), message(1), came(2), answered, restarted(1)),
  ],
  [
    'LeftIsSpokenOf',
    'the lowest that found no room is forgotten',
    () => lived('single', { maxMessages: 8 }, came(1), message(1), came(2), answered, restarted(1)),
  ],
  [
    'UnkeptIsNear',
    'all up to a far number is called missing',
    () => lived('single', { maxJump: 10 }, came(1), message(1), came(50), { what: 'Woken' }, gap(2, 50)),
  ],
  [
    'AwayStandsStill',
    'a timer gives up',
    () =>
      lived(
        'single',
        {},
        came(3),
        message(1),
        gap(2, 2),
        { what: 'Away' },
        { what: 'Woken' },
        lost(2, 2, 'unresolved'),
      ),
  ],
  [
    'SilenceInTime',
    'it is told too late',
    () =>
      lived(
        'single',
        {},
        answered,
        came(1),
        message(1),
        { what: 'Woken', at: 9000, local: 9000 },
        { ...handed({ _tag: 'Silent', ...about, promised: 1000 }), at: 9000, local: 9000 },
      ),
  ],
  [
    'EndsLast',
    'a gap is open',
    () => lived('single', {}, came(3), gap(1, 2), handed({ _tag: 'Ended', ...about, last: nearest(3) })),
  ],
]
