/**
 * What requesters wait for, served in turn. Each requester has a list of its own, and a place in the rotation: one that
 * waits for much does not delay the others.
 *
 * Nobody can fill the queue. The room is shared by those that wait, so a newcomer finds some while fewer than 1,024
 * others wait. Known requesters (`Requesters`) have a rotation and room of their own, and every second turn: so made-up
 * ones don't delay them.
 */
import * as number from 'fp-ts/lib/number.js'
import * as string from 'fp-ts/lib/string.js'
import * as M from '../internal/OrderedMap.ts'

interface Waiting<A> {
  readonly turn: number
  readonly items: ReadonlyArray<A>
  readonly isKnown: boolean
}

/** The requesters of one kind by their turns. The lowest turn is the next one. */
type Rotation = M.OrderedMap<number, string>

export interface FairQueue<A> {
  readonly requesters: M.OrderedMap<string, Waiting<A>>
  readonly known: Rotation
  readonly unknown: Rotation
  /** The last turn was one of a known requester. */
  readonly knownHadTurn: boolean
}

export const empty: FairQueue<never> = {
  requesters: undefined,
  known: undefined,
  unknown: undefined,
  knownHadTurn: false,
}

/** The room: how many items one requester may have if nobody else waits, and how many requesters of a kind may wait. */
export const capacity = 1024

const names = M.orderedBy(string.Ord)
const places = M.orderedBy(number.Ord)

/** How many requesters wait. */
export const size = <A>(self: FairQueue<A>): number => M.size(self.requesters)

export const itemsOf =
  (requester: string) =>
  <A>(self: FairQueue<A>): ReadonlyArray<A> =>
    names.get(self.requesters, requester)?.items ?? []

const rotationOf = <A>(self: FairQueue<A>, isKnown: boolean): Rotation => (isKnown ? self.known : self.unknown)

/** How many requesters of the same kind wait. */
export const sizeOfKind =
  (requester: string) =>
  <A>(self: FairQueue<A>): number =>
    M.size(rotationOf(self, names.get(self.requesters, requester)?.isKnown === true))

/** The rotations: first the one whose turn it is. */
const inTurn = <A>({ known, unknown, knownHadTurn }: FairQueue<A>): ReadonlyArray<Rotation> =>
  knownHadTurn ? [unknown, known] : [known, unknown]

/** All items. Those of one requester are in order, and the next requester is the first. */
export function* entries<A>(self: FairQueue<A>): Generator<A> {
  for (const rotation of inTurn(self)) for (const { value } of M.entries(rotation)) yield* itemsOf(value)(self)
}

const lastTurn = (rotation: Rotation): number => M.max(rotation)?.key ?? 0

const withRotation = <A>(self: FairQueue<A>, isKnown: boolean, rotation: Rotation): FairQueue<A> =>
  isKnown ? { ...self, known: rotation } : { ...self, unknown: rotation }

const without = <A>(self: FairQueue<A>, requester: string): FairQueue<A> => {
  const before = names.get(self.requesters, requester)
  if (before === undefined) return self
  const rotation = places.remove(rotationOf(self, before.isKnown), before.turn)
  return withRotation({ ...self, requesters: names.remove(self.requesters, requester) }, before.isKnown, rotation)
}

/** @param turn its turn; `undefined` if it is last */
const placed = <A>(
  self: FairQueue<A>,
  requester: string,
  isKnown: boolean,
  turn: number | undefined,
  items: ReadonlyArray<A>,
): FairQueue<A> => {
  const rest = without(self, requester)
  if (items.length === 0) return rest
  const rotation = rotationOf(rest, isKnown)
  const place = turn ?? lastTurn(rotation) + 1
  const requesters = names.set(rest.requesters, requester, { turn: place, items, isKnown })
  return withRotation({ ...rest, requesters }, isKnown, places.set(rotation, place, requester))
}

/**
 * Replaces the items of a requester, which keeps its turn. A new one is last, and so is one that was not known before.
 *
 * @param isKnown whether it is known now; `undefined` if that is not asked again
 */
export const withItems =
  <A>(requester: string, items: ReadonlyArray<A>, isKnown?: boolean) =>
  (self: FairQueue<A>): FairQueue<A> => {
    const before = names.get(self.requesters, requester)
    const kind = isKnown === true || before?.isKnown === true
    return placed(self, requester, kind, before?.isKnown === kind ? before.turn : undefined, items)
  }

/** Adds an item; `undefined` if the requester has its share of the room. */
export const add =
  <A>(requester: string, item: A, isKnown = false) =>
  (self: FairQueue<A>): FairQueue<A> | undefined => {
    const before = names.get(self.requesters, requester)
    const kind = isKnown || before?.isKnown === true
    const items = before?.items ?? []
    const waiting = M.size(rotationOf(self, kind)) + (before?.isKnown === kind ? 0 : 1)
    return items.length < Math.floor(capacity / waiting)
      ? withItems(requester, [...items, item], kind)(self)
      : undefined
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
  (isAllowed: (requester: string, isKnown: boolean) => boolean) =>
  <A>(self: FairQueue<A>): string | undefined => {
    for (const rotation of inTurn(self))
      for (const { value } of M.entries(rotation)) if (isAllowed(value, rotation === self.known)) return value
    return undefined
  }

/** A requester had its turn. It is last in its rotation, with the items that are left. */
export const served =
  <A>(requester: string, items: ReadonlyArray<A>) =>
  (self: FairQueue<A>): FairQueue<A> => {
    const knownHadTurn = names.get(self.requesters, requester)?.isKnown === true
    return placed({ ...self, knownHadTurn }, requester, knownHadTurn, undefined, items)
  }

/** Keeps the items that fulfil a condition. */
export const filter =
  <A>(isKept: (item: A) => boolean) =>
  (self: FairQueue<A>): FairQueue<A> => {
    let kept = self
    for (const { key, value } of M.entries(self.requesters))
      if (!value.items.every(isKept)) kept = withItems(key, value.items.filter(isKept))(kept)
    return kept
  }
