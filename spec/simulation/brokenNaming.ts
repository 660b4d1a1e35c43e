// Broken histories for the rules of which run is followed, and from where.
import type { Head } from '../../src/core/protocol/Head.ts'
import type { Start } from '../../src/core/protocol/Positions.ts'
import { nearest } from '../../src/core/protocol/SequenceNumber.ts'
import { defaults } from '../../src/core/receiver/Step.ts'
import type { Step } from './brokenNotices.ts'
import { about, came, handed, heard, lived, message, restarted, shared, woken } from './brokenNotices.ts'
import type { Chronicle, Life } from './chronicle.ts'
import { epochOf } from './names.ts'
import type { NamingRule } from './naming.ts'

const said = (run: number, head: number, changes: Partial<Head> = {}, number = 0): Step =>
  heard(head, { epoch: epochOf(run), ...changes }, number)
const gone = (first: number): Step =>
  handed({ _tag: 'Lost', ...about(shared), first: nearest(first), last: undefined, reason: 'gone' })

/** It was told to begin with 5, nobody answers, and 12 has come. */
const nameless = [
  came(12),
  woken,
  handed({ _tag: 'Silent', ...about(shared), promised: undefined }),
  handed({ _tag: 'Gap', ...about(shared), first: nearest(5), last: nearest(11), noticedBy: 'Data' }),
]

const played = (steps: ReadonlyArray<Step>, start: Start = 'new', life: Partial<Life> = {}): Chronicle =>
  lived(steps, { addressing: 'single', life: { settings: { ...defaults, start }, ...life } })

/** It had come to 7 in an earlier life, of a run that nobody had named. */
const resumed = (steps: ReadonlyArray<Step>): Chronicle => {
  const positions = [{ origin: shared, number: nearest(7) }]
  const [life] = lived([], { addressing: 'single' }).lives
  return played(steps, { v: 1, positions }, life === undefined ? {} : { saved: { positions, life, taken: 0 } })
}

export const brokenNaming: ReadonlyArray<readonly [NamingRule, string, () => Chronicle]> = [
  ['SavedIsLeft', 'a run that has not come as far goes on', () => resumed([said(1, 4, {}, 1)])],
  [
    'SavedIsLeft',
    'a run that begins beyond goes on',
    () => resumed([said(1, 20, { start: nearest(9), first: nearest(9) }, 1)]),
  ],
  [
    'SavedIsLeft',
    'a run that fits is another',
    () => resumed([said(1, 9, {}, 1), gone(8), restarted(undefined, 1, 1)]),
  ],
  [
    'FittingIsNamed',
    'its run is asked about',
    () => played([...nameless, said(1, 12, { start: nearest(10), first: nearest(10) })], { from: nearest(5) }),
  ],
  [
    'FittingIsNamed',
    'its run is another',
    () => played([...nameless, said(1, 12, {}, 1), restarted(undefined, 1, 1)], { from: nearest(5) }),
  ],
  [
    'OutrunNamesNothing',
    'it ends the silence',
    () => {
      const restart = [came(7), came(8), restarted(1, undefined, 7), message(7, shared), message(8, shared)]
      return played([...restart, said(2, 3), handed({ _tag: 'Resumed', ...about(shared) })])
    },
  ],
  [
    'ContradictedIsAsked',
    'nobody is asked',
    () => played([said(1, 9000, { age: 90_000 }), said(1, 10, { age: 90_050 })]),
  ],
]
