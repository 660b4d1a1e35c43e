/**
 * What requesters wait for, served in turn. Each requester has a list of its own, and a place in the rotation: one that
 * waits for much does not delay the others.
 *
 * Nobody can fill the queue. The room is shared by those that wait, so a newcomer finds some while fewer than 1,024
 * others wait.
 */
import * as number from 'fp-ts/lib/number.js'
import * as string from 'fp-ts/lib/string.js'
import * as M from '../internal/OrderedMap.ts'

interface Waiting<A> {
  readonly turn: number
  readonly items: ReadonlyArray<A>
}

export interface FairQueue<A> {
  readonly requesters: M.OrderedMap<string, Waiting<A>>
  /** The rotation: the lowest turn is the next one. */
  readonly turns: M.OrderedMap<number, string>
}

export const empty: FairQueue<never> = { requesters: undefined, turns: undefined }

/** The room: how many items one requester may have if nobody else waits, and how many requesters may wait. */
export const capacity = 1024

const names = M.orderedBy(string.Ord)
const places = M.orderedBy(number.Ord)

/** How many requesters wait. */
export const size = <A>(self: FairQueue<A>): number => M.size(self.requesters)

export const itemsOf =
  (requester: string) =>
  <A>(self: FairQueue<A>): ReadonlyArray<A> =>
    names.get(self.requesters, requester)?.items ?? []

/** All items. Those of one requester are in order, and the next requester is the first. */
export function* entries<A>(self: FairQueue<A>): Generator<A> {
  for (const { value } of M.entries(self.turns)) yield* itemsOf(value)(self)
}

const lastTurn = <A>(self: FairQueue<A>): number => M.max(self.turns)?.key ?? 0

const placed = <A>(self: FairQueue<A>, requester: string, turn: number, items: ReadonlyArray<A>): FairQueue<A> => {
  const before = names.get(self.requesters, requester)
  const turns = before === undefined || before.turn === turn ? self.turns : places.remove(self.turns, before.turn)
  return items.length === 0
    ? { requesters: names.remove(self.requesters, requester), turns: places.remove(turns, turn) }
    : { requesters: names.set(self.requesters, requester, { turn, items }), turns: places.set(turns, turn, requester) }
}

/** Replaces the items of a requester, which keeps its turn. A new one is last. */
export const withItems =
  <A>(requester: string, items: ReadonlyArray<A>) =>
  (self: FairQueue<A>): FairQueue<A> =>
    placed(self, requester, names.get(self.requesters, requester)?.turn ?? lastTurn(self) + 1, items)

/** Adds an item; `undefined` if the requester has its share of the room. */
export const add =
  <A>(requester: string, item: A) =>
  (self: FairQueue<A>): FairQueue<A> | undefined => {
    const items = itemsOf(requester)(self)
    const waiting = size(self) + (items.length === 0 ? 1 : 0)
    return items.length < Math.floor(capacity / waiting) ? withItems(requester, [...items, item])(self) : undefined
  }

/** Why an item is refused: its requester has its share of the room, or too many others wait. */
export type Refused = 'requester' | 'total'

/** Why `add` refuses another item of a requester. */
export const refusedBy =
  (requester: string) =>
  <A>(self: FairQueue<A>): Refused =>
    itemsOf(requester)(self).length > 0 ? 'requester' : 'total'

/** The requester whose turn it is, among those that are allowed to have one. */
export const next =
  (isAllowed: (requester: string) => boolean) =>
  <A>(self: FairQueue<A>): string | undefined => {
    for (const { value } of M.entries(self.turns)) if (isAllowed(value)) return value
    return undefined
  }

/** A requester had its turn. It is last in the rotation, with the items that are left. */
export const served =
  <A>(requester: string, items: ReadonlyArray<A>) =>
  (self: FairQueue<A>): FairQueue<A> =>
    placed(self, requester, lastTurn(self) + 1, items)

/** Keeps the items that fulfil a condition. */
export const filter =
  <A>(isKept: (item: A) => boolean) =>
  (self: FairQueue<A>): FairQueue<A> => {
    let kept = self
    for (const { key, value } of M.entries(self.requesters))
      if (!value.items.every(isKept)) kept = withItems(key, value.items.filter(isKept))(kept)
    return kept
  }
