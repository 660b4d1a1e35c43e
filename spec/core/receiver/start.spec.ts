// Where a receiver starts in a run.
import { describe, expect, it } from '@jest/globals'
import * as M from '../../../src/core/internal/OrderedMap.ts'
import type { Head } from '../../../src/core/protocol/Head.ts'
import type { Position, Start } from '../../../src/core/protocol/Positions.ts'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import type { Joining, JoinReason } from '../../../src/core/receiver/OriginState.ts'
import { joining } from '../../../src/core/receiver/OriginState.ts'
import * as Probe from '../../../src/core/receiver/Probe.ts'
import type { ReorderBuffer } from '../../../src/core/receiver/ReorderBuffer.ts'
import type { Step } from '../../../src/core/receiver/Step.ts'
import { firstWanted, startOf, startWithoutHead } from '../../../src/core/receiver/start.ts'
import { alice, arrival, headOf, run, single, stepOf, words } from './receiverHarness.ts'

const nearest = SequenceNumber.nearest
const from = (n: number): Start => ({ from: nearest(n) })
const saved = (position: Omit<Position, 'origin'>): JoinReason => ({
  _tag: 'Saved',
  position: { origin: 'updates', ...position },
  until: 9000,
})
const conflictOver: JoinReason = { _tag: 'ConflictOver', from: run(7), after: 30 }

interface Case {
  readonly start?: Start
  readonly reason?: JoinReason
  /** Messages that wait. */
  readonly pending?: ReadonlyArray<number>
  readonly origin?: Joining<string>['origin']
}

const joins = ({ start = 'new', reason = { _tag: 'New' }, pending = [], origin = single() }: Case) => {
  const step = stepOf({ age: 500, settings: { start } })
  const probe = pending.reduce((p, n) => Probe.hold(step, p, arrival(n)), Probe.awaiting<string>(step, 1))
  return { step, s: joining<string>(origin, reason, probe) }
}

/** What the receiver says, and its next number. */
const results = (step: Step<string>, buffer: ReorderBuffer<string>) => {
  expect([buffer.highest, M.size(buffer.missing)]).toEqual([buffer.next - 1, 0])
  return [...words(step.out), buffer.next]
}

describe('the first head of an origin', () => {
  const starts = (c: Case, head: Head) => {
    const { step, s } = joins(c)
    return results(step, startOf(step, s, head))
  }
  const late = (head: number, changes: Partial<Head> = {}) => headOf(head, { start: nearest(10), ...changes })

  it.each<[string, Case, Head, number]>([
    ['new: after the head of an older run', {}, headOf(50), 51],
    ['new: with a message that waits below the head', { pending: [48] }, headOf(50), 48],
    ['new: not with a message above the head', { pending: [60] }, headOf(50), 51],
    ['new: not below the start of the run', { pending: [3] }, late(50), 10],
    ['new: with the first number of a run as old as the receiver', { pending: [20] }, late(50, { age: 500 }), 10],
    ['new: after the head of a run that is 1 ms older', {}, late(50, { age: 501 }), 51],
    ['all: with the first number of the run', { start: 'all', pending: [20] }, late(50), 10],
    ['a number within the run', { start: from(42) }, late(50), 42],
    ['a number below the run', { start: from(3) }, late(50), 10],
    ['a number above the run', { start: from(60) }, late(50), 51],
    ['a number, though others wait', { start: from(42), pending: [45] }, late(50), 42],
    ['positions, but none of this origin', { start: { v: 1, positions: [] } }, late(50), 10],
  ])('%s', (_, c, head, next) => {
    expect(starts(c, head)).toEqual([`began ${next - 1}`, next])
  })

  const positions: Start = { v: 1, positions: [] }

  it.each<[string, Omit<Position, 'origin'>, Head]>([
    ['its run', { number: 41, epoch: run(1) }, headOf(50)],
    ['its run, though that says less than was processed', { number: 41, epoch: run(1) }, headOf(30)],
    ['a run never named, at its head', { number: 50 }, headOf(50)],
    ['a run never named, directly below its start', { number: 9 }, late(50)],
  ])('continues a saved position in %s', (_, position, head) => {
    const next = Math.min(position.number, head.head) + 1
    expect(starts({ start: positions, reason: saved(position) }, head)).toEqual([`began ${next - 1}`, next])
  })

  it.each<[string, Omit<Position, 'origin'>, Head, string]>([
    ['another run', { number: 41, epoch: run(7) }, headOf(50), `restarted ${run(7)} after 41, ${run(1)} from 1`],
    ['a run that has not come so far', { number: 51 }, headOf(50), `restarted ? after 51, ${run(1)} from 1`],
    ['a run that starts above', { number: 8 }, late(50), `restarted ? after 8, ${run(1)} from 10`],
  ])('reports the tail of a saved run as lost if it is of %s', (_, position, head, restarted) => {
    const said = starts({ start: positions, reason: saved(position) }, head)
    expect(said).toEqual([`lost ${position.number + 1}- gone`, restarted, head.start])
  })

  it('reports no loss of a saved run that had ended', () => {
    const reason = saved({ number: 41, epoch: run(7), ended: true })
    expect(starts({ start: positions, reason }, headOf(50))).toEqual([
      `restarted ${run(7)} after 41, ${run(1)} from 1`,
      1,
    ])
  })

  it('takes a saved position without an epoch as one of the run in its address', () => {
    const own = { start: positions, reason: saved({ number: 60 }), origin: alice() }
    expect(starts(own, headOf(50))).toEqual(['began 50', 51])
  })

  it.each<[string, ReadonlyArray<number>, number]>([
    ['after its head', [], 51],
    ['with a message that waits', [45], 45],
    ['not below its start', [3], 10],
  ])('after a conflict restarts the run that is left: %s', (_, pending, next) => {
    expect(starts({ reason: conflictOver, pending, start: 'all' }, late(50))).toEqual([
      `restarted ${run(7)} after 30, ${run(1)} from ${next}`,
      next,
    ])
  })
})

describe('an origin without a head', () => {
  const starts = (c: Case) => {
    const { step, s } = joins(c)
    return results(step, startWithoutHead(step, s))
  }

  it.each<[string, Case, number]>([
    ['the first number that arrived', { pending: [7, 5] }, 5],
    ['the first number that arrived, though all are wanted', { start: 'all', pending: [7] }, 7],
    ['the number in the setting', { start: from(3), pending: [7] }, 3],
    ['a number that arrived below that in the setting', { start: from(9), pending: [7] }, 7],
    ['the number after a saved position', { reason: saved({ number: 20 }), pending: [23] }, 21],
    [
      'the number after a saved position, though lower ones arrived',
      { reason: saved({ number: 20 }), pending: [7] },
      21,
    ],
  ])('starts with %s', (_, c, next) => {
    expect(starts(c)).toEqual([`began ${next - 1}`, next])
  })

  it('restarts after a conflict with the first number that arrived', () => {
    expect(starts({ reason: conflictOver, pending: [7] })).toEqual([`restarted ${run(7)} after 30, ? from 7`, 7])
  })

  it('restarts after a conflict with the first number that arrived, though there was no room for it', () => {
    const step = stepOf({ settings: { maxMessages: 0 } })
    const probe = Probe.hold(step, Probe.awaiting<string>(step, 1), arrival(7))
    const s = joining<string>(single(), conflictOver, probe)
    expect(results(step, startWithoutHead(step, s))).toEqual([`restarted ${run(7)} after 30, ? from 7`, 7])
  })
})

describe('the first number that a receiver wants', () => {
  it.each<[Start, JoinReason, number]>([
    ['new', { _tag: 'New' }, 1],
    ['all', { _tag: 'New' }, 1],
    [from(42), { _tag: 'New' }, 42],
    [{ v: 1, positions: [] }, { _tag: 'New' }, 1],
    [{ v: 1, positions: [] }, saved({ number: 20 }), 21],
    ['all', conflictOver, 31],
    [from(3), conflictOver, 31],
  ])('with the setting %j (%j)', (start, reason, first) => {
    const { step, s } = joins({ start, reason })
    expect(firstWanted(step, s)).toBe(first)
  })
})
