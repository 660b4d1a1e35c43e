// Broken histories for the rules of what a receiver says beside the messages, what it asks, and when.

import type { Head } from '../../src/core/protocol/Head.ts'
import type { Addressing } from '../../src/core/protocol/Origin.ts'
import { nearest } from '../../src/core/protocol/SequenceNumber.ts'
import type { Delivery } from '../../src/core/receiver/Delivery.ts'
import { defaults } from '../../src/core/receiver/Step.ts'
import { Book, lifeOf, runOf } from './broken.ts'
import type { Chronicle, Life, Run, Seen } from './chronicle.ts'
import { payloadOf } from './content.ts'
import { epochOf, originOf } from './names.ts'
import type { NoticeRule } from './notices.ts'

interface Scene {
  readonly addressing?: Addressing
  readonly run?: Partial<Run>
  readonly life?: Partial<Life>
  readonly prepare?: (book: Book) => void
}

export type Step = Partial<Seen> & Pick<Seen, 'what'>

const nameOf = (addressing: Addressing): string => originOf(addressing, 'a', epochOf(1)).name
const own = nameOf('perSender')
export const shared = nameOf('single')

export const headOf = (head: number, changes: Partial<Head> = {}): Head => ({
  v: 1,
  epoch: epochOf(1),
  start: nearest(1),
  first: 1,
  head,
  age: 10,
  after: 50,
  max: 1000,
  state: 'live',
  ...changes,
})

/** A life in which that has come, was asked and was handed over, one a ms unless it says when. */
export const lived = (
  steps: ReadonlyArray<Step>,
  { addressing = 'perSender', run, life, prepare }: Scene = {},
): Chronicle => {
  const book = new Book()
  const origin = nameOf(addressing)
  const theRun = runOf(1, { origin, addressing, ...run })
  const theLife = lifeOf({ addressing, ...life })
  book.chronicle.runs.splice(0, 1, theRun)
  book.chronicle.lives.splice(0, 1, theLife)
  const begin: ReadonlyArray<Step> = [
    { what: 'Started', origin: undefined },
    { what: 'Asked', origin: undefined, number: 1 },
  ]
  for (const [i, step] of [...begin, ...steps].entries()) {
    const at = step.at ?? 1000 + i
    const seen = { at, local: at, origin, number: 0, head: undefined, delivery: undefined, ...step }
    theLife.seen.push(seen)
    if (seen.delivery !== undefined) theLife.handed.push({ at, local: seen.local, delivery: seen.delivery })
  }
  prepare?.(book)
  return book.chronicle
}

export const about = (origin: string) => ({
  origin,
  subject: originOf('single', 'a', epochOf(1)).subject,
  sender: undefined,
})

export const handed = (delivery: Delivery<Uint8Array>, at?: number): Step =>
  at === undefined ? { what: 'Handed', delivery } : { what: 'Handed', delivery, at }
export const message = (number: number, origin = own): Step =>
  handed({
    _tag: 'Message',
    ...about(origin),
    number: nearest(number),
    verdict: 'InOrder',
    data: payloadOf(0, 3),
    headers: undefined,
    reply: undefined,
  })
const silent = (at?: number, isMute = false): Step =>
  handed({ _tag: 'Silent', ...about(own), promised: isMute ? undefined : 1000 }, at)
const ended = (last: number): Step => handed({ _tag: 'Ended', ...about(own), last })
const gap = (first: number, last: number): Step =>
  handed({ _tag: 'Gap', ...about(own), first: nearest(first), last: nearest(last), noticedBy: 'Data' })
export const gone = (first: number, origin = own): Step =>
  handed({ _tag: 'Lost', ...about(origin), first: nearest(first), last: undefined, reason: 'gone' })
export const conflict = (rival: number): Step =>
  handed({ _tag: 'Conflict', ...about(shared), epoch: epochOf(1), rival: epochOf(rival) })
export const restarted = (from: number | undefined, to: number | undefined, start: number): Step =>
  handed({
    _tag: 'Restarted',
    ...about(shared),
    from: from === undefined ? undefined : epochOf(from),
    to: to === undefined ? undefined : epochOf(to),
    after: 9,
    start: nearest(start),
  })
export const heard = (head: number, changes?: Partial<Head>, number = 1): Step => ({
  what: 'Head',
  number,
  head: headOf(head, changes),
})
export const came = (number: number): Step => ({ what: 'Came', number })
export const asked = (number: number): Step => ({ what: 'Asked', number })
export const all = { origin: undefined } as const
export const woken: Step = { what: 'Woken', ...all }

const saved = (number: number): Partial<Life> => ({
  settings: { ...defaults, start: { v: 1, positions: [{ origin: own, number }] } },
})

/** A run with a name is left for a guess; that happened some time before, and that just then. */
const left = (before: ReadonlyArray<Step>, now: ReadonlyArray<Step>): Chronicle => {
  const begun = [heard(9), restarted(undefined, 1, 1), ...before]
  const isSilent = handed({ _tag: 'Silent', ...about(shared), promised: 1000 })
  const after = [isSilent, ...now, came(3), came(4), woken, restarted(1, undefined, 3)]
  return lived([...begun, ...after.map((s, i) => ({ ...s, at: 9000 + i }))], { addressing: 'single' })
}
const rival = heard(0, { epoch: epochOf(2) }, 0)

export const brokenNotices: ReadonlyArray<readonly [NoticeRule, string, () => Chronicle]> = [
  ['SilenceTold', 'it is told twice', () => lived([heard(1), came(1), message(1), silent(9000), silent(9001)])],
  ['SilenceTold', 'it is told before its time', () => lived([heard(1), came(1), message(1), silent(2000)])],
  ['SilenceTold', 'it is not told', () => lived([heard(1), came(1), message(1)])],
  [
    'SilenceTold',
    'its end is not told',
    () => lived([heard(1), came(1), message(1), silent(9000), { ...heard(1), at: 9100 }, { ...woken, at: 9200 }]),
  ],
  [
    'SilenceTold',
    'an end of it is told that was none',
    () => lived([heard(1), came(1), message(1), handed({ _tag: 'Resumed', ...about(own) })]),
  ],
  [
    'SilenceTold',
    'it goes on, and is still silent',
    () => lived([heard(1), silent(9000), { ...came(2), at: 9100 }, { ...message(2), at: 9100 }]),
  ],
  ['EndsTold', 'it is told twice', () => lived([heard(1), came(1), message(1), ended(1), ended(1)])],
  ['EndsTold', 'something is missing', () => lived([heard(3), came(3), gap(1, 2), ended(3)])],
  [
    'EndsTold',
    'it has said farewell, and is called silent',
    () => lived([heard(1), message(1), ended(1), silent(9000)]),
  ],
  [
    'EndsTold',
    'what comes after it is vouched for',
    () => lived([heard(1), message(1), ended(1), came(2), message(2)]),
  ],
  [
    'EndsTold',
    'its farewell is heard, and its end not told',
    () =>
      lived([heard(1), message(1), heard(1, { state: 'ended' })], { run: { end: 'Closed', endedAt: 3000, head: 1 } }),
  ],
  ['ToldOnce', 'a gap is told twice', () => lived([heard(3), gap(1, 2), gap(2, 3)])],
  [
    'ToldOnce',
    'the other addressing is told twice',
    () => {
      const mismatch = handed({ _tag: 'Mismatch', origin: shared, expected: 'single' })
      return lived([mismatch, mismatch])
    },
  ],
  ['ToldOnce', 'a conflict is told twice', () => lived([heard(1), conflict(2), conflict(2)], { addressing: 'single' })],
  ['ConflictsTold', 'there is only one run', () => lived([heard(1), conflict(2)], { addressing: 'single' })],
  [
    'ConflictsTold',
    'both have answered, and one is left',
    () => lived([heard(9, {}, 5), heard(9, { epoch: epochOf(2) }, 5), restarted(1, 2, 1)], { addressing: 'single' }),
  ],
  [
    'LeftStaysLeft',
    'it answers again',
    () =>
      lived(
        [
          heard(9),
          came(9),
          heard(0, { epoch: epochOf(2) }, 2),
          restarted(1, 2, 1),
          heard(9, {}, 3),
          restarted(2, 1, 1),
        ],
        { addressing: 'single' },
      ),
  ],
  [
    'EverybodyAsked',
    'nobody is asked after a reconnect',
    () => lived([heard(1), { what: 'Away' }, { what: 'Back' }, woken]),
  ],
  ['EverybodyAsked', 'it is asked once, and not answered', () => lived([{ ...woken, at: 9000 }])],
  [
    'EverybodyAsked',
    'it is asked again, though it was answered',
    () => lived([heard(1), woken, { ...asked(2), ...all }]),
  ],
  ['EverybodyAsked', 'it is asked for ever', () => lived([2, 3, 4, 5].flatMap(n => [woken, { ...asked(n), ...all }]))],
  ['AskedForAReason', 'it asks while it is disconnected', () => lived([heard(1), { what: 'Away' }, woken, asked(2)])],
  [
    'AskedForAReason',
    'it asks about a rival that is told',
    () => lived([heard(1), conflict(2), heard(1, { epoch: epochOf(2) }, 0), asked(2)], { addressing: 'single' }),
  ],
  [
    'AskedForAReason',
    'it asks twice about a run that was left, though another has resumed meanwhile',
    () =>
      lived(
        [
          heard(9),
          restarted(1, 2, 1),
          ...[heard(9, {}, 0), asked(2), handed({ _tag: 'Silent', ...about(shared), promised: 1000 })],
          ...[heard(9, { epoch: epochOf(2) }, 0), handed({ _tag: 'Resumed', ...about(shared) })],
          ...[heard(9, {}, 0), asked(3)],
        ],
        { addressing: 'single' },
      ),
  ],
  [
    'AskedForAReason',
    'it asks twice why a sender is late',
    () => lived([heard(1), message(1), woken, asked(2), woken, asked(3)]),
  ],
  [
    'AskedForAReason',
    'it asks who does not answer',
    () => lived([came(1), silent(2000, true), message(1), came(90), asked(3)]),
  ],
  [
    'AskedForAReason',
    'it asks who does not answer for messages',
    () => lived([came(1), silent(2000, true), message(1), came(3), gap(2, 2), { what: 'Begged', number: 3 }]),
  ],
  [
    'GuessesHaveReason',
    'its run is not silent',
    () => lived([heard(9), restarted(undefined, 1, 1), came(9), restarted(1, undefined, 3)], { addressing: 'single' }),
  ],
  ['GuessesHaveReason', 'nobody was there long ago', () => left([asked(2)], [{ what: 'Nobody', number: 2 }])],
  [
    'GuessesHaveReason',
    'nobody was there before it has answered',
    () => left([asked(2), heard(9, {}, 2)], [rival, asked(3), { what: 'Nobody', number: 2 }]),
  ],
  [
    'GuessesHaveReason',
    'an origin of its own begins anew',
    () => lived([came(3), came(4), { ...restarted(undefined, undefined, 3), origin: own }]),
  ],
  ['NothingVanishes', 'a stray message does', () => lived([{ what: 'Strayed', origin: 'updates.stray' }])],
  ['NothingVanishes', 'a number far ahead does', () => lived([heard(1), came(1), message(1), came(900_000)])],
  [
    'NothingVanishes',
    'the only message of a new sender does',
    () => lived([heard(1), came(1)], { run: { bornAt: 5000 } }),
  ],
  [
    'NothingVanishes',
    'the first message of a run does, which is younger, and over before the next',
    () => {
      const next = heard(1, { epoch: epochOf(2) })
      return lived([heard(4), came(4), next, came(1), message(1, shared)], {
        addressing: 'single',
        run: { bornAt: 1001 },
        prepare: ({ chronicle }) => chronicle.runs.push(runOf(2, { origin: shared })),
      })
    },
  ],
  ['FarIsDoubted', 'one number says so', () => lived([heard(1), came(1), message(1), came(900_000), gap(2, 899_999)])],
  [
    'GapsHaveReason',
    'the head of another run has said so',
    () => lived([heard(1), heard(9, { epoch: epochOf(7) }, 0), gap(2, 9)]),
  ],
  [
    'LostInTime',
    'it is given up long after its deadline',
    () =>
      lived([
        heard(2),
        gap(1, 2),
        handed({ _tag: 'Lost', ...about(own), first: nearest(1), last: nearest(2), reason: 'unresolved' }, 9000),
      ]),
  ],
  [
    'BeginsWhereTold',
    'it begins later than it was told to',
    () =>
      lived([came(9), message(9)], {
        run: { isMute: true },
        life: { settings: { ...defaults, start: { from: nearest(5) } } },
      }),
  ],
  ['SavedSpokenOf', 'it never is', () => lived([], { life: saved(5) })],
  ['SavedSpokenOf', 'it is given up before the deadline', () => lived([gone(6)], { life: saved(5) })],
  ['MakesWay', 'it is not silent', () => lived([heard(1), message(1), gone(2)])],
  [
    'AskedAgainAtOnce',
    'what is missing waits after a reconnect',
    () => lived([heard(2), gap(1, 2), { what: 'Away' }, { what: 'Back' }, { ...asked(2), ...all }, woken]),
  ],
  [
    'MemoryBounded',
    'more is handed over than there is room for',
    () =>
      lived([heard(1)], {
        life: { kept: { messages: 0, bytes: 0, gaps: 0, origins: 0, queue: 70_000, notices: 70_000, left: 0 } },
      }),
  ],
]
