// Broken histories for the rules of which of several runs is followed.
import { nearest } from '../../src/core/protocol/SequenceNumber.ts'
import { defaults } from '../../src/core/receiver/Step.ts'
import { followed, inVain, later, message, nobody, of, played, rivalled, silent } from './brokenDoubting.ts'
import type { Step } from './brokenNotices.ts'
import { about, asked, came, handed, lived, restarted, shared, woken } from './brokenNotices.ts'
import type { Chronicle } from './chronicle.ts'
import type { RivalRule } from './rivals.ts'

/** Where next to nothing may be kept. */
const crowded = (...steps: ReadonlyArray<Step>): Chronicle =>
  lived(steps, { addressing: 'single', life: { settings: { ...defaults, maxMessages: 8 } } })
const ended = handed({ _tag: 'Ended', ...about(shared), last: nearest(1) })
/** Another one is heard, and that is asked about. */
const heard = (number: number): ReadonlyArray<Step> => [of(2, 1), asked(number)]

export const brokenRivals: ReadonlyArray<readonly [RivalRule, string, () => Chronicle]> = [
  ['AnswerIsEntered', 'it is taken for nothing', () => played(...followed, ...heard(2), of(2, 1, 2))],
  [
    'AnswerIsEntered',
    'the consumer was behind before',
    () =>
      crowded(
        ...followed,
        ...[1, 2, 3, 4, 5, 6, 7].map(i => message(i + 1)),
        ...heard(2),
        of(2, 1, 2),
        { what: 'Taken', upTo: 8 },
        { ...woken, at: 1200 },
        { ...asked(3), at: 1200 },
        { ...of(2, 1, 3), at: 1210 },
      ),
  ],
  ['AnswerIsEntered', 'the one before has ended', () => played(...rivalled, of(1, 1), ended, ...heard(3), of(2, 1, 3))],
  [
    'AnswerIsNewer',
    'it is older',
    () => played(...followed, ...heard(2), of(1, 1, 2), ...heard(3), of(2, 1, 2), restarted(1, 2, 1)),
  ],
  [
    'LeftForAnswer',
    'it has answered before',
    () => played(...followed, ...heard(2), of(2, 1, 2), of(1, 1, 2), woken, restarted(1, 2, 1)),
  ],
  ['OtherIsAskedAbout', 'nobody is asked', () => played(...followed, of(2, 0))],
  ['DoubtIsOne', 'it is asked each time', () => played(...followed, came(1), asked(2), came(2), asked(3))],
  [
    'DoubtIsOne',
    'it was answered before that',
    () => played(...followed, ...heard(2), of(1, 1, 2), ...heard(3), of(1, 1, 2), came(1), asked(4)),
  ],
  ['AskedInGrowingWaits', 'it is asked at once', () => played(came(1), asked(2), woken, asked(3))],
  [
    'AskedInGrowingWaits',
    'nobody was there before it arose',
    () => played(...followed, came(1), asked(2), nobody(1), woken, asked(3)),
  ],
  ['SilentIsAsked', 'nobody is asked', () => played(...rivalled, ...later([woken, silent(1000)], 5000))],
  [
    'RivalTakesOver',
    'it is silent',
    () => played(...rivalled, ...later([woken, silent(1000)], 5000), ...later([woken], 19_000)),
  ],
  [
    'RivalTakesOver',
    'it is silent, and there is little room',
    () => crowded(...rivalled, ...later([woken, silent(1000)], 5000), ...later([woken], 19_000)),
  ],
  [
    'RivalTakesOver',
    'it was asked in vain',
    () => played(...rivalled, came(1), asked(3), came(2), ...inVain(4, 2000), ...later([woken, message(2)], 3100)),
  ],
]
