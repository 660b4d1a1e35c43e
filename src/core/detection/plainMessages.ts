/** Messages of plain origins: they are delivered with their whole subject, as a plain client delivers them. */
import * as M from '../internal/OrderedMap.ts'
import { withKind } from './originKinds.ts'
import { add, isOverfull, remove } from './queue.ts'
import type { Candidate, Plain, Range, SenderDetection, SetAside, Settings, Step } from './state.ts'

/**
 * How long messages are set aside after their origin was found to be plain, in ms: a late answer or heartbeat may
 * follow.
 */
export const setAsideTime = 2000

/** The most ranges of delivered numbers remembered of an origin. */
const maxRanges = 8

/** Copies a message that may wait longer than the memory of its payload stays unchanged. */
export const withCopy = <A>({ retain }: Settings<A>, candidate: Candidate<A>): Candidate<A> => ({
  ...candidate,
  arrival: { ...candidate.arrival, data: retain(candidate.arrival.data) },
})

const withDelivered = (ranges: ReadonlyArray<Range>, n: number, at: number): ReadonlyArray<Range> => {
  let [first, last] = [n, n]
  const others: Array<Range> = []
  for (const r of ranges)
    if (n >= r.first - 1 && n <= r.last + 1) {
      first = Math.min(first, r.first)
      last = Math.max(last, r.last)
    } else others.push(r)
  others.push({ first, last, at })
  return others.slice(-maxRanges)
}

export const withoutSetAside = <A>(
  self: SenderDetection<A>,
  key: number,
  { candidate }: SetAside<A>,
): SenderDetection<A> => ({ ...self, setAside: remove(self.setAside, key, candidate.arrival.bytes) })

const setAside = <A>(step: Step<A>, self: SenderDetection<A>, candidate: Candidate<A>): SenderDetection<A> => {
  const item = { candidate: withCopy(self.settings, candidate), at: step.now }
  const lastKey = self.lastKey + 1
  let after = { ...self, lastKey, setAside: add(self.setAside, lastKey, item, candidate.arrival.bytes) }
  for (let oldest = M.min(after.setAside.items); oldest !== undefined && isOverfull(after.setAside); ) {
    after = withoutSetAside(after, oldest.key, oldest.value)
    oldest = M.min(after.setAside.items)
  }
  return after
}

export const dropExpired = <A>(step: Step<A>, self: SenderDetection<A>): SenderDetection<A> => {
  let after = self
  for (
    let oldest = M.min(after.setAside.items);
    oldest !== undefined && oldest.value.at + setAsideTime <= step.now;
    oldest = M.min(after.setAside.items)
  )
    after = withoutSetAside(after, oldest.key, oldest.value)
  return after
}

export const deliverAsPlain = <A>(
  step: Step<A>,
  self: SenderDetection<A>,
  plain: Plain,
  candidate: Candidate<A>,
): SenderDetection<A> => {
  const { number: n, data, headers, reply, bytes } = candidate.arrival
  if (!candidate.isMatch) return step.now < plain.since + setAsideTime ? setAside(step, self, candidate) : self
  const subject = `${plain.origin.name}.${n}`
  const message = { _tag: 'Unsequenced', subject, reason: 'NoSender', data, headers, reply } as const
  step.out.push({ _tag: 'Forward', event: { _tag: 'UnsequencedReceived', now: step.now, message, bytes } })
  const delivered = plain.isOurs ? withDelivered(plain.delivered, n, step.now) : plain.delivered
  return withKind(self, plain.origin.name, { ...plain, usedAt: step.now, delivered })
}
