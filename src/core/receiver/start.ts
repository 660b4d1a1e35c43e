/** Where the receiver starts in a run, given its head and the setting `start`. */
import type { Epoch } from '../protocol/Epoch.ts'
import type { Head } from '../protocol/Head.ts'
import { nearest } from '../protocol/SequenceNumber.ts'
import type { Joining } from './OriginState.ts'
import { gone } from './OriginState.ts'
import * as Probe from './Probe.ts'
import type { ReorderBuffer } from './ReorderBuffer.ts'
import * as B from './ReorderBuffer.ts'
import type { Step } from './Step.ts'
import { deliver } from './Step.ts'

/** Starts at a number. Everything below it counts as settled. */
export const startAt = <A>(step: Step<A>, s: Joining<A>, number: number): ReorderBuffer<A> => {
  step.out.push({ _tag: 'OriginStarted', origin: s.origin.name, epoch: step.epoch, number: number - 1 })
  return B.startingAt(number)
}

/**
 * Starts another run at a number and reports it. The saved position advances when the application has processed the
 * report.
 */
const startOther = <A>(
  step: Step<A>,
  s: Joining<A>,
  { from, to, after, start }: { from: Epoch | undefined; to: Epoch | undefined; after: number; start: number },
): ReorderBuffer<A> => {
  deliver(step, { _tag: 'Restarted', ...s.about, from, to, after, start: nearest(start) }, 0, start - 1)
  return B.startingAt(start)
}

/** Starts with the first head of an origin. `step.epoch` must be its epoch. */
export const startOf = <A>(step: Step<A>, s: Joining<A>, head: Head): ReorderBuffer<A> => {
  const lowest = Math.min(Probe.lowest(s.probe), head.head + 1)
  const within = (n: number): number => Math.min(Math.max(n, head.start), head.head + 1)
  const { reason } = s
  if (reason._tag === 'ConflictOver') {
    const start = Math.max(lowest, head.start)
    return startOther(step, s, { from: reason.from, to: head.epoch, after: reason.after, start })
  }
  const { start } = step.settings
  if (start === 'new') {
    // If the run is younger than the receiver, start at its first number. Otherwise start with the next message.
    const isYounger = (head.age ?? Number.POSITIVE_INFINITY) <= step.age
    return startAt(step, s, isYounger ? head.start : Math.max(lowest, head.start))
  }
  if (start !== 'all' && 'from' in start) return startAt(step, s, within(start.from))
  if (reason._tag !== 'Saved') return startAt(step, s, head.start)
  const { number, epoch = s.origin.run?.epoch, ended } = reason.position
  // A saved position without an epoch belongs to this run only if its number fits.
  const isSame = epoch === undefined ? number <= head.head && number >= head.start - 1 : epoch === head.epoch
  if (isSame) return startAt(step, s, within(number + 1))
  if (ended !== true) gone(step, s.about, number + 1)
  return startOther(step, s, { from: epoch, to: head.epoch, after: number, start: head.start })
}

/**
 * The first number that the setting asks for. After a saved position or a conflict: the number after what is settled.
 */
export const firstWanted = <A>({ settings: { start } }: Step<A>, { reason }: Joining<A>): number => {
  if (reason._tag === 'Saved') return reason.position.number + 1
  if (reason._tag === 'ConflictOver') return reason.after + 1
  return typeof start !== 'string' && 'from' in start ? start.from : 1
}

/** Starts without a head: at the number in the setting, or at the first number that arrived, with or without room. */
export const startWithoutHead = <A>(step: Step<A>, s: Joining<A>): ReorderBuffer<A> => {
  const { reason } = s
  // After a conflict the numbers begin anew, so this must be reported.
  if (reason._tag === 'ConflictOver')
    return startOther(step, s, { from: reason.from, to: undefined, after: reason.after, start: Probe.lowest(s.probe) })
  const { start } = step.settings
  const isSet = s.reason._tag === 'Saved' || (typeof start !== 'string' && 'from' in start)
  const lowest = s.reason._tag === 'Saved' ? Number.POSITIVE_INFINITY : Probe.lowest(s.probe)
  return startAt(step, s, Math.min(lowest, isSet ? firstWanted(step, s) : Number.POSITIVE_INFINITY))
}
