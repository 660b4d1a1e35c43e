/**
 * The queue of head requests. The requesters are served in turn, within a budget for each and for all together: a short
 * request to all senders can cause thousands of answers.
 */
import type { State } from 'fp-ts/lib/State.js'
import * as Budget from './Budget.ts'
import * as FairQueue from './FairQueue.ts'
import { requesterOf } from './requester.ts'

/** A head request. `heads` is what is left to answer. */
export interface HeadRequest<A> {
  /** What is requested. A request of the same requester with the same key continues this one. */
  readonly key: string
  readonly reply: string
  readonly receivedAt: number
  readonly heads: A
}

export interface HeadQueue<A> {
  readonly waiting: FairQueue.FairQueue<HeadRequest<A>>
  readonly budget: Budget.Budget
}

export const empty: HeadQueue<never> = { waiting: FairQueue.empty, budget: Budget.full }

/** Heads per second for one requester. */
const perSecond = 5000

/** So one requester gets 10,000 heads at once, and all together 40,000, then 20,000 a second. */
const limits: Budget.Limits = { credit: 2000, requesters: 4 }

/** After that time a receiver no longer waits for the answer, in ms. */
const lifetime = 5000

/** The heads of one turn. */
export const maxPerTurn = 32

export const isEmpty = <A>(self: HeadQueue<A>): boolean => FairQueue.size(self.waiting) === 0

/**
 * Adds a request, or continues an earlier one of the same requester for its new reply subject. So repeated requests don't
 * multiply the answers.
 *
 * @param isKnown whether the requester is known (`Requesters`)
 */
export const onRequest =
  <A>(request: HeadRequest<A>, isKnown: boolean): State<HeadQueue<A>, FairQueue.Refused | undefined> =>
  self => {
    const requester = requesterOf(request.reply)
    const items = FairQueue.itemsOf(requester)(self.waiting)
    if (items.some(i => i.key === request.key)) {
      const { reply, receivedAt } = request
      const merged = items.map(i => (i.key === request.key ? { ...i, reply, receivedAt } : i))
      return [undefined, { ...self, waiting: FairQueue.withItems(requester, merged, isKnown)(self.waiting) }]
    }
    const waiting = FairQueue.add(requester, request, isKnown)(self.waiting)
    return waiting === undefined
      ? [FairQueue.refusedBy(requester)(self.waiting), self]
      : [undefined, { ...self, waiting }]
  }

/** The request to answer next; `undefined` if none waits whose requester has a budget left. */
export const next =
  <A>(now: number): State<HeadQueue<A>, HeadRequest<A> | undefined> =>
  self => {
    let { waiting } = self
    for (;;) {
      const requester = FairQueue.next((r, isKnown) => Budget.allows(limits, now, r, isKnown)(self.budget))(waiting)
      if (requester === undefined) return [undefined, { ...self, waiting }]
      const items = FairQueue.itemsOf(requester)(waiting)
      const fresh = items.filter(i => now - i.receivedAt < lifetime)
      if (fresh.length < items.length) waiting = FairQueue.withItems(requester, fresh)(waiting)
      const [first] = fresh
      if (first !== undefined) return [first, { ...self, waiting }]
    }
  }

/** A request had its turn. Its requester is last in the rotation. */
export const served =
  <A>(now: number, { reply, key }: HeadRequest<A>, answers: number, isFinished: boolean) =>
  (self: HeadQueue<A>): HeadQueue<A> => {
    const requester = requesterOf(reply)
    const items = FairQueue.itemsOf(requester)(self.waiting)
    const others = items.filter(i => i.key !== key)
    const rest = isFinished ? others : [...others, ...items.filter(i => i.key === key)]
    return {
      waiting: FairQueue.served(requester, rest)(self.waiting),
      budget: Budget.spend(limits, now, requester, (answers * 1000) / perSecond)(self.budget),
    }
  }

/** Answers a request at once, if nobody waits and its budget allows it. */
export const answeredAtOnce =
  (now: number, reply: string, isKnown: boolean) =>
  <A>(self: HeadQueue<A>): HeadQueue<A> | undefined => {
    const requester = requesterOf(reply)
    return isEmpty(self) && Budget.allows(limits, now, requester, isKnown)(self.budget)
      ? { ...self, budget: Budget.spend(limits, now, requester, 1000 / perSecond)(self.budget) }
      : undefined
  }
