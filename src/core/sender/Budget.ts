/**
 * How much a sender answers: to each requester, and to all together. It is a leaky bucket that stores one number for each
 * requester (the generic cell rate algorithm of ATM networks): the time at which the requester has paid for everything
 * that it got.
 *
 * A cost is a time: 1,000 answers at 5,000 a second cost 200 ms.
 */
import * as number from 'fp-ts/lib/number.js'
import { tuple } from 'fp-ts/lib/Ord.js'
import * as string from 'fp-ts/lib/string.js'
import * as M from '../internal/OrderedMap.ts'

export interface Limits {
  /** How much may be unpaid, in ms. So a requester gets that much at once, then as much as it pays. */
  readonly credit: number
  /** How many requesters can get all of their budget at the same time. */
  readonly requesters: number
}

export interface Budget {
  /** When each requester has paid. One that has paid is not in it. */
  readonly paidAt: M.OrderedMap<string, number>
  readonly byTime: M.OrderedMap<readonly [number, string], true>
  /** When everything is paid. */
  readonly totalPaidAt: number
}

export const full: Budget = { paidAt: undefined, byTime: undefined, totalPaidAt: 0 }

/** The limit of requesters that are remembered. Those that owe least are forgotten first. */
const maxRequesters = 4096

const names = M.orderedBy(string.Ord)
const times = M.orderedBy(tuple(number.Ord, string.Ord))

/** The part of the total credit that only known requesters may use. So the others can't use up all of it. */
const reserved = 1 / 4

/** True if something is left of the total budget. */
const hasTotal =
  ({ credit }: Limits, now: number, isKnown: boolean) =>
  (self: Budget): boolean =>
    self.totalPaidAt - now < credit * (isKnown ? 1 : 1 - reserved)

/**
 * True if something is left of the budget of a requester, and of the total.
 *
 * @param isKnown whether the requester is known (`Requesters`)
 */
export const allows =
  (limits: Limits, now: number, requester: string, isKnown: boolean) =>
  (self: Budget): boolean =>
    hasTotal(limits, now, isKnown)(self) && (names.get(self.paidAt, requester) ?? now) - now < limits.credit

const without = (self: Budget, requester: string, at: number): Budget => ({
  ...self,
  paidAt: names.remove(self.paidAt, requester),
  byTime: times.remove(self.byTime, [at, requester]),
})

/** Forgets requesters that have paid, and the others beyond the limit. */
const pruned = (self: Budget, now: number): Budget => {
  let kept = self
  for (let least = M.min(kept.byTime); least !== undefined; least = M.min(kept.byTime)) {
    const [at, requester] = least.key
    if (at > now && M.size(kept.paidAt) <= maxRequesters) break
    kept = without(kept, requester, at)
  }
  return kept
}

/** A requester got something. It may cost more than was left. */
export const spend =
  ({ requesters }: Limits, now: number, requester: string, cost: number) =>
  (self: Budget): Budget => {
    const before = names.get(self.paidAt, requester)
    const at = Math.max(before ?? now, now) + cost
    const rest = before === undefined ? self : without(self, requester, before)
    return pruned(
      {
        paidAt: names.set(rest.paidAt, requester, at),
        byTime: times.set(rest.byTime, [at, requester], true),
        totalPaidAt: Math.max(self.totalPaidAt, now) + cost / requesters,
      },
      now,
    )
  }
