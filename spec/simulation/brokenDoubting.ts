// Broken histories for the rules of what becomes of a doubt.
import { nearest } from '../../src/core/protocol/SequenceNumber.ts'
import { runOf } from './broken.ts'
import type { Step } from './brokenNotices.ts'
import { about, all, asked, came, conflict, handed, heard, lived, restarted, shared, woken } from './brokenNotices.ts'
import type { Chronicle } from './chronicle.ts'
import { payloadOf } from './content.ts'
import type { DoubtingRule } from './doubting.ts'
import { epochOf } from './names.ts'

const content = { data: payloadOf(0, 3), headers: undefined, reply: undefined }
export const message = (number: number, at?: number): Step =>
  handed({ _tag: 'Message', ...about(shared), number: nearest(number), verdict: 'InOrder', ...content }, at)
const unconfirmed = (number: number, at?: number): Step =>
  handed({ _tag: 'Unsequenced', subject: `${shared}.${number}`, reason: 'Unconfirmed', ...content }, at)
export const silent = (promised?: number, at?: number): Step =>
  handed({ _tag: 'Silent', ...about(shared), promised }, at)
/** A heartbeat of that run; or the answer to a question. */
export const of = (run: number, head: number, number = 0): Step => heard(head, { epoch: epochOf(run) }, number)
export const nobody = (number: number): Step => ({ what: 'Nobody', number })
/** Asked as often as a receiver does, and nobody has answered. */
export const inVain = (first: number, at: number): ReadonlyArray<Step> =>
  [0, 1, 2, 3].flatMap(i => [
    { ...woken, at: at + 100 * i },
    { ...asked(first + i), at: at + 100 * i },
  ])

/** A plain client: nobody answers, and its numbers are believed. */
const mute = [came(1), asked(2), ...inVain(3, 1100), { ...woken, at: 5000 }, silent(undefined, 5000), message(1, 5000)]
/** One run, that has answered, and is followed. */
export const followed = [came(1), of(1, 1, 1), message(1)]
export const rivalled = [...followed, of(1, 1, 2), of(2, 1, 2), conflict(2), of(2, 1, 2)]

export const played = (...steps: ReadonlyArray<Step>): Chronicle => lived(steps, { addressing: 'single' })
/** The sender that is followed is over, and the other lives. */
const remaining = (...steps: ReadonlyArray<Step>): Chronicle =>
  lived(steps, {
    addressing: 'single',
    run: { end: 'Closed', endedAt: 2000 },
    prepare: ({ chronicle }) => chronicle.runs.push(runOf(2, { origin: shared })),
  })
const evicted = handed({ _tag: 'Lost', ...about(shared), first: nearest(2), last: nearest(3), reason: 'evicted' })
export const later = (steps: ReadonlyArray<Step>, at: number): ReadonlyArray<Step> => steps.map(s => ({ ...s, at }))

export const brokenDoubting: ReadonlyArray<readonly [DoubtingRule, string, () => Chronicle]> = [
  [
    'GoneOnIsOver',
    'it is kept nevertheless',
    () => played(...mute, ...later([came(1), asked(9), came(2), message(2), woken, unconfirmed(1)], 9000)),
  ],
  [
    'PairBeginsAnew',
    'they are no part of anything',
    () =>
      played(
        ...mute,
        ...later([came(2), message(2), came(1), asked(9), came(2), woken, unconfirmed(1), unconfirmed(2)], 9000),
      ),
  ],
  [
    'PairBeginsAnew',
    'it is silent, nobody is there, and they are no part of anything',
    () =>
      played(
        ...followed,
        came(2),
        message(2),
        ...later([silent(1000), came(1), asked(9), came(2), nobody(9), woken, unconfirmed(1), unconfirmed(2)], 9000),
      ),
  ],
  [
    'GuessIsRefused',
    'it may have gone unheard',
    () =>
      played(
        ...followed,
        ...later([came(1), asked(2), nobody(2), woken, asked(3), woken, restarted(1, undefined, 1)], 9000),
      ),
  ],
  [
    'FirstAnswerBounds',
    'it is taken for its own',
    () => played(came(1), came(2), asked(2), of(1, 1, 2), message(1), message(2)),
  ],
  ['DoubtTakesItsTime', 'it is handed over at once', () => played(...followed, came(1), asked(2), came(2), message(2))],
  [
    'DoubtTakesItsTime',
    'nobody was there before it arose',
    () => played(...followed, ...later([came(1), asked(9), came(2), nobody(8), message(2)], 9000)),
  ],
  [
    'DoubtTakesItsTime',
    'what was asked after a reconnect is answered late, and was not asked in vain',
    () =>
      played(
        ...followed,
        { what: 'Away', ...all },
        { what: 'Back', ...all },
        { ...asked(9), ...all },
        ...[10, 11].flatMap(n => [woken, asked(n)]),
        of(2, 0),
        asked(12),
        came(2),
        of(1, 2, 9),
        message(2),
      ),
  ],
  [
    'DoubtTakesItsTime',
    'it was asked once less than in vain, and once about a run that was left',
    () =>
      played(
        ...followed,
        of(2, 1, 2),
        restarted(1, 2, 1),
        ...later([of(1, 1), asked(3), ...[4, 5, 6].flatMap(n => [woken, asked(n)])], 5000),
        ...later([of(3, 0), asked(7), came(2), of(2, 2, 4), message(2)], 9000),
      ),
  ],
  ['AskedInTurn', 'nobody was there', () => played(came(1), asked(2), nobody(2), asked(3))],
  [
    'AskedInTurn',
    'it was away',
    () =>
      played(
        came(1),
        asked(2),
        { what: 'Away', ...all },
        { what: 'Back', ...all },
        { ...asked(3), ...all },
        woken,
        asked(4),
      ),
  ],
  ['TwoAnswersConflict', 'nobody is told', () => played(...followed, of(1, 1, 2), of(2, 1, 2))],
  [
    'DoubtRefusesNothing',
    'it is given up',
    () => played(...followed, of(2, 0), asked(2), { what: 'Replayed', number: 3 }, evicted),
  ],
  [
    'DoubtTakesNames',
    'a store has answered',
    () => played(...followed, of(2, 0), asked(2), { what: 'Replayed', number: 2, isNameless: true }, message(2)),
  ],
  [
    'LateAnswersCount',
    'it is asked again, and again',
    () => played(...followed, ...inVain(2, 2000), ...later([of(2, 1, 2), asked(6), of(2, 1, 3), asked(7)], 9000)),
  ],
  [
    'AgainIsAsked',
    'one far ahead is in doubt',
    () => played(...followed, came(2), message(2), came(100_000), asked(2), came(1)),
  ],
  ['RemainingIsFollowed', 'it is over', () => remaining(...rivalled)],
  [
    'UnconfirmedInTime',
    'nobody is there',
    () => played(...mute, ...later([came(1), asked(9), nobody(9), woken, unconfirmed(1)], 9000)),
  ],
]
