/** A sender is heard of an origin that counted as plain: its messages go to the receiver from here on. */
import * as M from '../internal/OrderedMap.ts'
import type { Head } from '../protocol/Head.ts'
import { nearest } from '../protocol/SequenceNumber.ts'
import type { Arrival } from '../receiver/outputs.ts'
import { markNumbered } from './originKinds.ts'
import { withoutSetAside } from './plainMessages.ts'
import type { Plain, Range, SenderDetection, Step } from './state.ts'

/** The limit of delivered numbers that are passed to the receiver. */
const maxReported = 4096

/** A late head can be older than what was delivered: a range that directly follows it is of the same run. */
const raised = (ranges: ReadonlyArray<Range>, head: Head): Head => {
  const next = ranges.find(r => r.first <= head.head + 1 && r.last > head.head)
  return next === undefined || head.state === 'ended' ? head : { ...head, head: next.last }
}

/** The delivered numbers that can be of the run of that head, the highest first; `isAll`: no more exist. */
const deliveredOf = (
  ranges: ReadonlyArray<Range>,
  head: Head,
): { readonly numbers: ReadonlyArray<number>; readonly isAll: boolean } => {
  const numbers: Array<number> = []
  for (const r of [...ranges].sort((a, b) => b.last - a.last))
    for (let n = Math.min(r.last, head.head); n >= Math.max(r.first, head.start); n--) {
      if (numbers.length >= maxReported) return { numbers, isAll: false }
      numbers.push(n)
    }
  return { numbers, isAll: true }
}

const withoutAge = ({ age, ...head }: Head): Head => head

/**
 * Passes the delivered numbers of that run to the receiver, then the messages that were set aside, then the head.
 * Without the first two it would request these numbers, deliver them again or report them lost.
 *
 * @param at the latest time at which the sender can have had the age that the head says
 */
export const plainToNumbered = <A>(
  step: Step<A>,
  self: SenderDetection<A>,
  { origin, isOurs, delivered: ranges }: Plain,
  received: Head,
  at: number,
): SenderDetection<A> => {
  let after = markNumbered(step, self, origin.name)
  if (!isOurs) return after
  const earliest = received.age === undefined ? Number.NEGATIVE_INFINITY : at - received.age
  const ofRun = ranges.filter(r => r.at >= earliest)
  const head = raised(ofRun, received)
  const { numbers, isAll } = deliveredOf(ofRun, head)
  const arrivals: Array<Arrival<A>> = [...numbers].reverse().map(n => ({
    number: nearest(n),
    data: self.settings.delivered,
    headers: undefined,
    reply: undefined,
    bytes: 0,
  }))
  for (const { key, value } of M.entries(self.setAside.items)) {
    const { arrival, origin: its } = value.candidate
    if (its.name !== origin.name) continue
    after = withoutSetAside(after, key, value)
    if (value.at >= earliest && arrival.number >= head.start && arrival.number <= head.head) arrivals.push(arrival)
  }
  if (arrivals.length > 0) step.out.push({ _tag: 'HoldHeadRequest', origin: origin.name })
  for (const arrival of arrivals)
    step.out.push({ _tag: 'Forward', event: { _tag: 'MessageReceived', now: step.now, origin, arrival } })
  // Of a run without an age the receiver requests nothing before the first number that it was given.
  step.out.push({ _tag: 'AnswerHead', now: step.now, origin, head: isAll ? head : withoutAge(head) })
  return after
}
