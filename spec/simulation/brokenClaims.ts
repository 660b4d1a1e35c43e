// Broken histories for the rules of what is said unasked.
import type { Head } from '../../src/core/protocol/Head.ts'
import { nearest } from '../../src/core/protocol/SequenceNumber.ts'
import { defaults } from '../../src/core/receiver/Step.ts'
import type { Step } from './brokenNotices.ts'
import { about, asked, came, gone, handed, heard, lived, restarted, shared, woken } from './brokenNotices.ts'
import type { Chronicle } from './chronicle.ts'
import type { ClaimRule } from './claims.ts'
import { payloadOf } from './content.ts'
import { epochOf } from './names.ts'

const message = (number: number): Step =>
  handed({
    _tag: 'Message',
    ...about(shared),
    number: nearest(number),
    verdict: 'InOrder',
    data: payloadOf(0, 3),
    headers: undefined,
    reply: undefined,
  })
const silent = handed({ _tag: 'Silent', ...about(shared), promised: undefined })
const resumed = handed({ _tag: 'Resumed', ...about(shared) })
/** What a run says unasked; or as the answer to a question. */
const said = (run: number, head: number, changes: Partial<Head> = {}, number = 0): Step =>
  heard(head, { epoch: epochOf(run), ...changes }, number)
const farewell = (head: number): Step => said(1, head, { state: 'ended' })
const inVain = [3, 4, 5].flatMap(n => [woken, asked(n)])
const at = (time: number, ...steps: ReadonlyArray<Step>): ReadonlyArray<Step> => steps.map(s => ({ ...s, at: time }))

/** One run, that has answered, and is followed; and one that was left for a guess. */
const followed = [said(1, 1, {}, 1), came(1), message(1)]
const guessed = [...followed, woken, restarted(1, undefined, 1), silent, message(1)]
/** Nothing is known of it, and nobody answers. */
const unknown = [came(1), asked(2), ...inVain]
const { grace } = defaults

const played = (steps: ReadonlyArray<Step>, maxJump = defaults.maxJump): Chronicle =>
  lived(steps, { addressing: 'single', life: { settings: { ...defaults, maxJump } } })

export const brokenClaims: ReadonlyArray<readonly [ClaimRule, string, () => Chronicle]> = [
  ['OnceProvesNothing', 'another run is entered', () => played([...followed, said(2, 0), restarted(1, 2, 1)])],
  [
    'OnceProvesNothing',
    'it was said before, and the answer is still to come',
    () => played([...followed, said(2, 0), asked(2), said(2, 0, { age: 20 }), restarted(1, 2, 1)]),
  ],
  [
    'TwiceIsBelieved',
    'it is asked again and again',
    () =>
      played(
        [...followed, said(1, 50), asked(2), ...inVain, ...at(90_000, said(1, 50, { age: 20 }), asked(6), ...inVain)],
        10,
      ),
  ],
  ['HeardIsAskedOnce', 'nobody is asked', () => played([...unknown, said(1, 1)])],
  [
    'HeardIsAskedOnce',
    'each heartbeat is asked about',
    () => played([...unknown, said(1, 1), asked(6), said(1, 1, { age: 20 }), asked(7)]),
  ],
  [
    'FoundIsAsked',
    'a far number waits on',
    () => played([...unknown, ...at(90_000, woken, silent, message(1), came(100_000), said(1, 100_000))]),
  ],
  ['OverNamesNothing', 'it is heard once', () => played([...guessed, said(1, 1), resumed])],
  [
    'OverNamesNothing',
    'it is heard twice at once',
    () => played([...guessed, said(1, 1), asked(2), said(1, 1, { age: 20 }), resumed]),
  ],
  [
    'GuessIsUndone',
    'nothing follows from it',
    () => played([...guessed, said(1, 1), asked(2), ...at(90_000, said(1, 1, { age: 20 }))]),
  ],
  [
    'LeftIsAskedLess',
    'it is asked as often as before',
    () =>
      played([
        ...followed,
        said(2, 0, {}, 1),
        restarted(1, 2, 1),
        ...[0, 1, 2].flatMap(i => at(9000 + i * grace, said(1, 1), asked(2 + i))),
      ]),
  ],
  ['FarewellEnds', 'its end is not told', () => played([...followed, farewell(1)])],
  ['FarewellIsKnown', 'its last message is not spoken of', () => played([...followed, farewell(2)])],
  [
    'FarewellIsKnown',
    'what was far when it was heard has been answered for',
    () => played([said(1, 0, {}, 1), said(1, 50), asked(2), said(1, 50, {}, 2), came(1), message(1), farewell(55)], 10),
  ],
  [
    'FarewellIsKnown',
    'it came before all of it was gone',
    () =>
      played([...followed, came(2), message(2), gone(3, shared), said(1, 1, {}, 1), came(1), message(1), farewell(2)]),
  ],
]
