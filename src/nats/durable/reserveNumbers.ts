/**
 * Numbers of `single` senders that never go back. Blocks of numbers are reserved in a store before they are used.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import { natural, quoted } from '../../core/internal/codec.ts'
import type { Epoch } from '../../core/protocol/Epoch.ts'
import * as SequenceNumber from '../../core/protocol/SequenceNumber.ts'
import * as Reservation from '../../core/sender/Reservation.ts'
import { startFromClock } from '../../core/sender/Sender.ts'
import { randomEpoch } from '../client/random.ts'
import { now } from '../client/timer.ts'
import { sequencedError } from '../errors.ts'
import { check } from '../options.ts'
import { createRetries } from './retries.ts'
import type { Store } from './Store.ts'
import { damaged } from './storeErrors.ts'

/**
 * Another sender has reserved numbers under the same key since this one did. No number is used twice: this sender goes
 * on above those of the other, in a new run. But two senders of one subject are a conflict for its receivers.
 *
 * @since 0.1.0
 */
export interface NumbersTaken {
  readonly _tag: 'NumbersTaken'
  readonly key: string
  /** The other reservation. */
  readonly rival: Epoch
  /** The first number of the new block of this sender. */
  readonly first: number
}

/** The next numbers could not be reserved. It is tried again until it succeeds; this is reported once. @since 0.1.0 */
export interface ReservationFailed {
  readonly _tag: 'ReservationFailed'
  readonly key: string
  readonly cause: unknown
}

/** What can happen to reserved numbers. @since 0.1.0 */
export type NumbersNotice = NumbersTaken | ReservationFailed

/** The options of `reserveNumbers`. @since 0.1.0 */
export interface ReserveOptions {
  /**
   * How many numbers are reserved at a time, at least 1. A publisher can't send more than that without a pause of its
   * event loop. After a crash, the rest of a block is skipped. A block that lasts less than a second is followed by one
   * of twice the size, up to 16,777,216. Default 100,000.
   */
  readonly block?: number
  /**
   * A number that may have been used, such as the newest of a stream (`newestStored`): the numbers start above it. From
   * 0 to 2^53-1. Default 0.
   */
  readonly atLeast?: number
}

/** The numbers of one or more publishers, from `reserveNumbers`. @since 0.1.0 */
export interface ReservedNumbers {
  /** The key in the store. */
  readonly key: string
  /** For publishers: takes part until `leave`. */
  readonly join: (report: (notice: NumbersNotice) => void) => NumbersLease
}

/** What one publisher does with reserved numbers. @since 0.1.0 */
export interface NumbersLease {
  /** Where a new run starts. */
  readonly start: () => SequenceNumber.SequenceNumber
  /** The number to use, and the last one before it must ask again. Throws `NotReserved`. */
  readonly grant: (
    number: number,
    origin: string,
  ) => { readonly start: SequenceNumber.SequenceNumber; readonly upTo: number }
  /** A run has ended with this number. */
  readonly ended: (number: number) => void
  /** Resolves when there are numbers for a sender whose next number is `number`; by default the last refused one. */
  readonly ready: (number?: number) => Promise<void>
  /** Ends the lease. Resolves when unused numbers were given back, if this was the last lease, or that has failed. */
  readonly leave: () => Promise<void>
}

const checkOptions = check('reserveNumbers', { block: SequenceNumber.codec, atLeast: natural })

/** True for what `reserveNumbers` returns. */
export const isReservedNumbers = (u: unknown): u is ReservedNumbers =>
  typeof u === 'object' && u !== null && 'key' in u && 'join' in u && typeof u.join === 'function'

const parseClaim = (key: string, value: string): Reservation.Claim => {
  const claim = Reservation.parse(value)
  if (E.isRight(claim)) return claim.right
  const remedy = 'If its numbers were used, delete it and set atLeast; otherwise use another key.'
  throw damaged(key, `it is no reservation of numbers (${quoted(value)})`, remedy)
}

/**
 * Reserves numbers for the senders of `single` subjects, so that no number is used twice: not after a restart, a crash or
 * a power cut, and not by two processes.
 *
 * The store keeps one value under the key: the highest number that may be in use. Numbers are reserved in blocks ahead
 * of their use, in the background. All publishers with the same reservation share its range: each of their subjects has
 * its own sequence within it. When the last of them closes, unused numbers are given back, and the next run goes on
 * there. After a crash it starts at the next block. Receivers do not report the skipped numbers as lost.
 *
 * If nothing is stored yet, the numbers start at the number of microseconds since 2020, as with `from: 'clock'`: so they
 * are new even if the value was deleted, and receivers can use a stream as replayer. After that the clock is not used.
 *
 * Rejects if the value can't be read or written, or if it is damaged (`Damaged`).
 *
 * @since 0.1.0
 */
export const reserveNumbers = async (
  store: Store,
  key: string,
  options: ReserveOptions = {},
): Promise<ReservedNumbers> => {
  checkOptions(options)
  const { block = 100_000, atLeast = 0 } = options
  let state = Reservation.create(randomEpoch(), block, atLeast)
  const leases = new Set<(notice: NumbersNotice) => void>()
  /** The number that a sender waits for. */
  let wanted = 0
  let waiting: Array<{ readonly number: number; readonly resolve: () => void }> = []
  let lastRival: Epoch | undefined

  const report = (notice: NumbersNotice): void => {
    for (const each of [...leases]) each(notice)
  }

  const isAvailable = (number: number): boolean => Reservation.grant(number)(state) !== undefined

  const releaseWaiting = (isOver: (number: number) => boolean): void => {
    const over = waiting.filter(w => isOver(w.number))
    waiting = waiting.filter(w => !over.includes(w))
    for (const { resolve } of over) resolve()
  }

  const read = async (): Promise<{ readonly claim: Reservation.Claim | undefined; readonly revision: number }> => {
    const entry = await store.read(key)
    return { claim: entry && parseClaim(key, entry.value), revision: entry?.revision ?? 0 }
  }

  const write = (last: number, revision: number): Promise<number | undefined> =>
    store.write(key, Reservation.format(Reservation.claim(last)(state)), revision)

  /** Tries once to reserve the next block. */
  const reserve = async (): Promise<void> => {
    const { claim, revision } = await read()
    const { attempted } = state
    if (attempted !== undefined && Reservation.isWritten(claim)(state)) {
      state = Reservation.reserved(attempted, now())(state)
      return
    }
    const isTaken = Reservation.isTaken(claim)(state)
    const next = Reservation.next(claim, startFromClock(Date.now()), now())(state)
    if (next === undefined)
      throw sequencedError(`${key} has used up all numbers up to 9007199254740991: use another subject.`, {
        _tag: 'Exhausted',
        origin: key,
      })
    state = Reservation.attempting(next)(state)
    if ((await write(next.last, revision)) === undefined) return
    state = Reservation.reserved(next, now())(state)
    if (isTaken && claim !== undefined && claim.by !== lastRival) {
      lastRival = claim.by
      report({ _tag: 'NumbersTaken', key, rival: claim.by, first: next.first })
    }
  }

  /** Gives back unused numbers. If that fails, the next run skips them. */
  const release = async (): Promise<void> => {
    // From now on nothing is granted, also to a publisher that joins during the write.
    const held = state
    state = Reservation.released(held)
    const { claim, revision } = await read()
    if (Reservation.isCurrent(claim)(held)) await write(state.last, revision)
  }

  const isNeeded = (): boolean => Reservation.isLow(wanted)(state)

  const work = createRetries({
    next: () => (leases.size === 0 ? (state.isHeld ? release : undefined) : isNeeded() ? reserve : undefined),
    onDone: () => releaseWaiting(isAvailable),
    onFailed: cause => report({ _tag: 'ReservationFailed', key, cause }),
  })

  const want = (number: number): void => {
    wanted = Math.max(wanted, number, Reservation.startOf(state))
    if (isNeeded()) void work.run()
  }

  const join: ReservedNumbers['join'] = onNotice => {
    // Each lease counts, even if two have the same listener.
    const lease = (notice: NumbersNotice): void => onNotice(notice)
    leases.add(lease)
    want(0)
    return {
      start: () => Reservation.startOf(state),
      grant: (number, origin) => {
        if (Reservation.isLow(number)(state)) want(number)
        const granted = Reservation.grant(number)(state)
        if (granted !== undefined) return granted
        throw sequencedError(
          `${origin} has used all numbers that are reserved, up to ${state.last}: await ready(), or raise the option block of reserveNumbers.`,
          { _tag: 'NotReserved', origin, last: state.last },
        )
      },
      ended: number => {
        state = Reservation.ended(number)(state)
      },
      ready: (number = wanted) => {
        if (isAvailable(number)) return Promise.resolve()
        want(number)
        return new Promise(resolve => waiting.push({ number, resolve }))
      },
      leave: async () => {
        if (!leases.delete(lease) || leases.size > 0) return
        releaseWaiting(() => true)
        work.wake()
        await work.run()
      },
    }
  }

  while (!state.isHeld) await reserve()
  return { key, join }
}
