/**
 * The numbers that a sender has reserved, so that they are never used again, not even after a crash.
 *
 * A store outside of the process holds a claim: no number above its `last` was ever used. A sender reserves a block of
 * numbers by writing a higher claim before it uses the first of them.
 *
 * ```
 *            first            mark           last
 *  … claimed   │ used …         │ reserve now  │ refused until the next claim is written
 * ─────────────┴────────────────┴──────────────┴──────────────►
 * ```
 *
 * Each write replaces the claim that was read (compare and set). So a second sender that writes a claim gets other
 * numbers, and the first one notices it at its next write. It then goes on above the claim of the second, in a new run:
 * the numbers in between are not its own.
 *
 * @module
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Json from 'fp-ts/lib/Json.js'
import * as t from 'io-ts'
import { natural } from '../internal/codec.ts'
import * as Epoch from '../protocol/Epoch.ts'
import * as SequenceNumber from '../protocol/SequenceNumber.ts'

/** What the store holds. @since 0.1.0 */
export interface Claim {
  readonly v: 1
  /** No number above was used. */
  readonly last: number
  /** The reservation that wrote the claim. */
  readonly by: Epoch.Epoch
}

/** Consecutive numbers. @since 0.1.0 */
export interface Block {
  readonly first: number
  readonly last: number
}

/** Where a sender may publish: its next number, and the last one before it must ask again. @since 0.1.0 */
export interface Grant {
  /** The requested number, or a higher one. The sender starts a new run at a higher one. */
  readonly start: SequenceNumber.SequenceNumber
  readonly upTo: number
}

/** The reserved numbers. Times are in ms. @since 0.1.0 */
export interface Reservation extends Block {
  /** Names the reservation in its claims. */
  readonly id: Epoch.Epoch
  /** The size of the next block. */
  readonly size: number
  /** The sender reserves the next block when it requests a number above this one. */
  readonly mark: number
  /** The highest number of the runs that have ended, or that another sender may have used. */
  readonly used: number
  /** When the current block was reserved. */
  readonly reservedAt: number
  /** True from the first block until the unused numbers are given back. */
  readonly isHeld: boolean
  /** A block whose claim may or may not have been written. */
  readonly attempted: Block | undefined
}

/** A block that lasted less than this many ms is followed by one of twice the size. */
const shortTime = 1000

/** The largest block that results from doubling, in numbers. */
const largest = 2 ** 24

const ClaimCodec = t.type({ v: t.literal(1), last: natural, by: Epoch.codec })

/** Parses a claim. @since 0.1.0 */
export const parse = (text: string): E.Either<unknown, Claim> =>
  pipe(
    Json.parse(text),
    E.chainW((u): E.Either<unknown, Claim> => ClaimCodec.decode(u)),
  )

/** Formats a claim. @since 0.1.0 */
export const format = ({ v, last, by }: Claim): string => JSON.stringify({ v, last, by })

/**
 * Nothing is reserved yet.
 *
 * @param size of the first block
 * @param atLeast the lowest number that may have been used; the first block is above it
 * @since 0.1.0
 */
export const create = (id: Epoch.Epoch, size: number, atLeast = 0): Reservation => ({
  id,
  size,
  first: atLeast + 1,
  last: atLeast,
  mark: atLeast,
  used: atLeast,
  reservedAt: Number.NEGATIVE_INFINITY,
  isHeld: false,
  attempted: undefined,
})

// --- using numbers

/** Where a new run starts: above the numbers of all runs that have ended. @since 0.1.0 */
export const startOf = (self: Reservation): SequenceNumber.SequenceNumber =>
  SequenceNumber.nearest(Math.max(self.first, self.used + 1))

/** Where a sender whose next number is `number` may publish; `undefined` until more is reserved. @since 0.1.0 */
export const grant =
  (number: number) =>
  (self: Reservation): Grant | undefined => {
    // Its block is used up, and the current one does not follow it.
    const start = number < self.first ? startOf(self) : SequenceNumber.nearest(number)
    return start > self.last ? undefined : { start, upTo: start > self.mark ? self.last : self.mark }
  }

/** True if it is time to reserve a block for a sender whose next number is `number`. @since 0.1.0 */
export const isLow =
  (number: number) =>
  (self: Reservation): boolean =>
    number > self.mark && self.last < SequenceNumber.last

/** A run has ended with this number. @since 0.1.0 */
export const ended =
  (number: number) =>
  (self: Reservation): Reservation =>
    number > self.used ? { ...self, used: number } : self

// --- reserving numbers

/** True if another sender has written a claim since this one has reserved its block. @since 0.1.0 */
export const isTaken =
  (stored: Claim | undefined) =>
  (self: Reservation): boolean =>
    self.isHeld && stored !== undefined && stored.by !== self.id

/** True if the last attempt has written its claim, although the store reported an error. @since 0.1.0 */
export const isWritten =
  (stored: Claim | undefined) =>
  (self: Reservation): boolean =>
    stored?.by === self.id && stored.last === self.attempted?.last

/**
 * The next block, above all numbers that may have been used; `undefined` if no number is left.
 *
 * @param fresh where the first block starts at least if nothing is stored
 * @since 0.1.0
 */
export const next =
  (stored: Claim | undefined, fresh: number, now: number) =>
  (self: Reservation): Block | undefined => {
    const below = Math.max(self.last, self.used, stored?.last ?? (self.isHeld ? 0 : fresh - 1))
    if (below >= SequenceNumber.last) return undefined
    const size = now - self.reservedAt < shortTime ? Math.max(self.size, Math.min(self.size * 2, largest)) : self.size
    return { first: below + 1, last: Math.min(below + size, SequenceNumber.last) }
  }

/** The claim that says that no number above `last` was used. @since 0.1.0 */
export const claim =
  (last: number) =>
  (self: Reservation): Claim => ({ v: 1, last, by: self.id })

/** The claim for a block is about to be written. Without an answer it is not known whether it was. @since 0.1.0 */
export const attempting =
  (attempted: Block) =>
  (self: Reservation): Reservation => ({ ...self, attempted })

/** The claim for a block is written. @since 0.1.0 */
export const reserved =
  ({ first, last }: Block, now: number) =>
  (self: Reservation): Reservation => {
    const size = last - first + 1
    const isNext = self.isHeld && first === self.last + 1
    return {
      ...self,
      size: Math.max(self.size, size),
      first: isNext ? self.first : first,
      last,
      mark: last - Math.ceil(size / 2),
      used: isNext ? self.used : Math.max(self.used, first - 1),
      reservedAt: now,
      isHeld: true,
      attempted: undefined,
    }
  }

/** True if the stored claim is that of the current block, so that it may be lowered. @since 0.1.0 */
export const isCurrent =
  (stored: Claim | undefined) =>
  (self: Reservation): boolean =>
    self.isHeld && stored?.by === self.id && stored.last === self.last

/** Gives back the numbers that were not used. The next run starts after the last that was. @since 0.1.0 */
export const released = (self: Reservation): Reservation => create(self.id, self.size, self.used)
