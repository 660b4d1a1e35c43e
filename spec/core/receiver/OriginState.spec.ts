// What the state of an origin says about it.
import { describe, expect, it } from '@jest/globals'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import {
  canRequest,
  type Ended,
  type Following,
  heard,
  isUnique,
  joining,
  type OriginState,
  probeOf,
  type Stored,
  silent,
  type Unvouched,
  withEnd,
  withProbe,
} from '../../../src/core/receiver/OriginState.ts'
import { isIdle } from '../../../src/core/receiver/originTable.ts'
import * as Probe from '../../../src/core/receiver/Probe.ts'
import * as Parked from '../../../src/core/receiver/parked.ts'
import * as B from '../../../src/core/receiver/ReorderBuffer.ts'
import { alice, arrival, headOf, run, said, single, stepOf } from './receiverHarness.ts'

const step = stepOf()
const origin = single()
const unknown: Stored = { _tag: 'Unknown' }
const probe = Probe.awaiting<string>(step, 1)
const far = { probe, heard: undefined }
const begun = joining<string>(origin, { _tag: 'New' }, probe)
const { reason, probe: _probe, heard: _heard, ...common } = begun
const sequence = {
  ...common,
  epoch: run(1),
  start: SequenceNumber.first,
  buffer: B.startingAt(4),
  requestAt: Number.NEGATIVE_INFINITY,
  unansweredSince: Number.POSITIVE_INFINITY,
  stored: unknown,
}
const expected = { _tag: 'Expected', max: 500, dueAt: 1500, inquired: false } as const
const isSilent = { _tag: 'Silent', max: 500, reported: true } as const
const following: Following<string> = { ...sequence, _tag: 'Following', contact: expected, far: undefined }
const checking: OriginState<string> = {
  ...sequence,
  _tag: 'Checking',
  contact: expected,
  end: undefined,
  saved: undefined,
  probe,
  own: undefined,
  other: undefined,
  isNewProbe: true,
  before: undefined,
  next: undefined,
}
const unvouched: Unvouched<string> = {
  ...sequence,
  _tag: 'Unvouched',
  contact: isSilent,
  saved: undefined,
  refused: false,
  below: undefined,
  far: undefined,
}
const conflicted: OriginState<string> = { ...sequence, _tag: 'Conflicted', live: [], lastEnded: undefined }
const ended: Ended<string> = { ...sequence, _tag: 'Ended', end: { last: 3, reported: true } }
/** 4 to 6 are missing. */
const gap = B.extend<string>(B.startingAt(4), 6, 9000)
const parkedOf = (s: Following<string>) => Parked.park(stepOf(), s, arrival(3))
const clock = 2 ** 40
const above = { start: SequenceNumber.nearest(2) }

describe('the state of an origin', () => {
  it.each<[string, OriginState<string>, number, boolean]>([
    ['`single`, low numbers', following, 900, false],
    ['`perSender`, low numbers', { ...following, origin: alice() }, 900, true],
    ['numbers just below those of a clock', following, clock - 1, false],
    ['numbers of a clock', begun, clock, true],
    ['low numbers of a run that starts above 1', { ...following, ...above }, 2, true],
    ['low numbers of a run without a name', { ...unvouched, start: undefined }, 2, false],
    ['low numbers before the first head', begun, 2, false],
    ['low numbers below a run that follows', { ...checking, next: headOf(9) }, 2, true],
    ['low numbers during a check', checking, 2, false],
  ])('says whether only one run can have used numbers: %s', (_, s, first, expectation) => {
    expect(isUnique(s, first)).toBe(expectation)
  })

  it.each<[string, OriginState<string>, boolean, boolean]>([
    ['before the first head', begun, false, false],
    ['of a run that it follows', following, true, true],
    ['of a closed sender', ended, true, true],
    ['during a check', checking, false, false],
    ['below a run that follows', { ...checking, next: headOf(9) }, true, true],
    ['of a run that is in a conflict', conflicted, true, true],
    ['of a run without a name that is in a conflict', { ...conflicted, epoch: undefined }, false, false],
    ['of a named run that nobody answers for', unvouched, false, true],
    ['of a run that nobody answers for or has named', { ...unvouched, epoch: undefined }, false, false],
    [
      'of a run that nobody has named, with numbers of a clock',
      { ...unvouched, epoch: undefined, buffer: B.startingAt(clock + 1) },
      false,
      true,
    ],
  ])('says whether missing messages can be requested: %s', (_, s, fromSender, fromStream) => {
    expect([false, true].map(stored => canRequest(stepOf({ settings: { stored } }), s))).toEqual([
      fromSender,
      fromStream,
    ])
  })

  it.each<[string, OriginState<string>, boolean]>([
    ['a sender that is heard', following, false],
    ['a silent sender', { ...following, contact: isSilent }, true],
    ['a silence that is not reported', { ...following, contact: { ...isSilent, reported: false } }, true],
    ['a silent sender with missing messages', { ...following, contact: isSilent, buffer: gap }, false],
    ['a silent sender with a far number', { ...following, contact: isSilent, far }, false],
    ['a silent sender with a parked message', parkedOf({ ...following, contact: isSilent }), false],
    ['a closed sender', ended, true],
    ['a closed sender whose end is not reported', { ...ended, end: { ...ended.end, reported: false } }, true],
    ['a closed sender with missing messages', { ...ended, buffer: gap }, false],
    ['a sender that is not known', begun, false],
    ['a sender that does not answer', unvouched, true],
    ['a check', { ...checking, contact: isSilent }, false],
    ['a conflict', conflicted, false],
  ])('says whether a new origin may replace it: %s', (_, s, expectation) => {
    expect(isIdle(s)).toBe(expectation)
  })

  const other = Probe.awaiting<string>(step, 2)

  it.each<[OriginState<string>, boolean]>([
    [begun, true],
    [checking, true],
    [{ ...following, far }, true],
    [{ ...unvouched, far }, true],
    [following, false],
    [unvouched, false],
    [conflicted, false],
    [ended, false],
  ])('has an open probe that can be replaced (%#)', (s, hasProbe) => {
    expect(probeOf(s)).toBe(hasProbe ? probe : undefined)
    expect(probeOf(withProbe(s, other))).toBe(hasProbe ? other : undefined)
    expect(withProbe(s, other)._tag).toBe(s._tag)
  })
})

describe('a silence', () => {
  it('is reported, with the promised interval', () => {
    const s = stepOf()
    expect([silent(s, begun.about, 500), said(s.out), s.waitsForRoom]).toEqual([isSilent, ['silent 500'], false])
  })

  it('waits for room for its report', () => {
    const s = stepOf({ settings: { maxMessages: 0 } })
    expect([silent(s, begun.about, 500), said(s.out), s.waitsForRoom]).toEqual([
      { ...isSilent, reported: false },
      [],
      true,
    ])
  })

  it.each<[string, Following<string>['contact'] | undefined, string[]]>([
    ['that was reported', isSilent, ['resumed']],
    ['that was not reported', { ...isSilent, reported: false }, []],
    ['that was none', expected, []],
    ['of a sender that was never heard', undefined, []],
  ])('ends with a heartbeat, and the end of one is reported: %s', (_, contact, report) => {
    const s = stepOf()
    expect([heard(s, begun.about, contact, 700), said(s.out)]).toEqual([
      { _tag: 'Expected', max: 700, dueAt: s.now + 700, inquired: false },
      report,
    ])
  })
})

describe('the end of an origin', () => {
  const ends = (last: number, buffer: B.ReorderBuffer<string>, reported = false) => {
    const s = stepOf()
    const after = withEnd(s, { ...ended, buffer, end: { last, reported } })
    return [said(s.out), after.end.reported]
  }

  it.each<[string, number, B.ReorderBuffer<string>, string[]]>([
    ['when the last number is settled', 3, B.startingAt(4), ['ended 3']],
    ['not before the last number has arrived', 4, B.startingAt(4), []],
    ['not before numbers above the last one are settled', 3, gap, []],
  ])('is reported %s', (_, last, buffer, report) => {
    expect(ends(last, buffer)).toEqual([report, report.length > 0])
  })

  it('is reported once', () => {
    expect(ends(3, B.startingAt(4), true)).toEqual([[], true])
  })
})
