/**
 * Positions in a store, under the name of their receiver.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Json from 'fp-ts/lib/Json.js'
import * as t from 'io-ts'
import * as Positions from '../../core/protocol/Positions.ts'
import { randomId } from '../client/random.ts'
import { timeout } from '../client/timer.ts'
import type { PositionsTaken, SequencedError } from '../errors.ts'
import { sequencedError } from '../errors.ts'
import { createNotices } from '../internal/notices.ts'
import { check, handler, positive } from '../options.ts'
import type { Store } from './Store.ts'
import { damaged, storeFailed } from './storeErrors.ts'

/** The options of `savedPositions`. All of them are optional. @since 0.1.0 */
export interface SavedPositionsOptions {
  /** Saves after this many processed deliveries, at least 1. Default 1000. */
  readonly messages?: number
  /** Saves this long after a processed delivery, in ms, above 0. Default 1000. */
  readonly interval?: number
  /** Receives the error of each failed save. Default: each distinct error becomes a process warning, once. */
  readonly onError?: (error: SequencedError) => void
}

/** The positions of one subscription, in a store. `savedPositions` opens them. @since 0.1.0 */
export interface SavedPositions {
  readonly name: string
  /** The number of processed deliveries after which a subscription saves. */
  readonly messages: number
  /** The time after which a subscription saves a processed delivery, in ms. */
  readonly interval: number
  /** The positions that were saved last; `undefined` if none were saved yet. */
  readonly last: () => Positions.Positions | undefined
  /**
   * Saves positions. Call it again when the promise is settled. Rejects with a `SequencedError`: `PositionsTaken` if
   * another receiver has opened them, `StoreFailed` if the store can't save them now.
   */
  readonly save: (positions: Positions.Positions) => Promise<void>
  /** Reports a failed save, as the option `onError` says. */
  readonly report: (error: SequencedError) => void
  /** Begins their only use. Throws a `SequencedError` (`PositionsInUse`) the second time. */
  readonly use: () => void
}

/** `claim` is the id of the opening that wrote the record. `positions` is null if nothing was saved yet. */
const record = t.type({ claim: t.string, positions: t.union([Positions.codec, t.null]) })
type SavedRecord = t.TypeOf<typeof record>

/** Throws a `SequencedError` if the text is not a record. */
export const parseRecord = (name: string, text: string): SavedRecord => {
  const parsed = pipe(Json.parse(text), E.chainW(record.decode))
  if (E.isLeft(parsed))
    throw damaged(
      name,
      'it does not contain saved positions',
      'Restore it. If you delete it, the receiver starts as its option `start` says.',
    )
  return parsed.right
}

const taken = (name: string): SequencedError<PositionsTaken> =>
  sequencedError(
    `Another receiver has opened the positions ${JSON.stringify(name)}. This one has ended. Use a name for each receiver.`,
    { _tag: 'PositionsTaken', name },
  )

/** How often an opening or a save is attempted while others write, or while the store answers with old values. */
const maxAttempts = 5

/** The pause between two attempts, in ms. */
const pause = 50

const unsettled = (name: string): SequencedError =>
  storeFailed('write', name, 'The next save tries again.')(new Error('the store does not return the newest revision'))

const checkOptions = check('savedPositions', { messages: positive, interval: positive, onError: handler })

/**
 * Opens the positions that a receiver has saved under a name. Pass them to one subscription, as the option `positions`:
 * it starts there, and saves as it goes on.
 *
 * The newest opening counts. A subscription that uses an earlier one ends with `PositionsTaken` when it saves next.
 *
 * Rejects with a `SequencedError`: `Damaged` if the saved text is not valid, `StoreFailed` if the store can't be used,
 * `BadKey` or `BadOption`.
 *
 * @example
 * import { savedPositions, subscribe } from 'nats-sequenced'
 * import type { Store } from 'nats-sequenced'
 *
 * const inMemory = (): Store => {
 *   let [text, newest] = ['', 0]
 *   return {
 *     read: async () => (newest === 0 ? undefined : { value: text, revision: newest }),
 *     write: async (_, value, revision) => {
 *       if (revision !== newest) return undefined
 *       text = value
 *       return ++newest
 *     },
 *   }
 * }
 *
 * const positions = await savedPositions(inMemory(), 'billing')
 * positions.last() // undefined
 * const subscription = subscribe(nc, 'updates', { positions, start: 'all' })
 * subscription.close()
 * await subscription.closed // undefined
 *
 * @since 0.1.0
 */
export const savedPositions = async (
  store: Store,
  name: string,
  options: SavedPositionsOptions = {},
): Promise<SavedPositions> => {
  checkOptions(options)
  const { messages = 1000, interval = 1000, onError } = options
  const claim = randomId()
  let revision = 0
  let last: Positions.Positions | undefined
  let isUsed = false

  /** Writes a record of this opening. */
  const write = async (positions: Positions.Positions | undefined, after: number): Promise<boolean> => {
    const written = await store.write(name, JSON.stringify({ claim, positions: positions ?? null }), after)
    if (written === undefined) return false
    revision = written
    last = positions
    return true
  }

  const open = async (): Promise<void> => {
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const entry = await store.read(name)
      const positions = entry && (parseRecord(name, entry.value).positions ?? undefined)
      // Even without a change: the new revision ends the receiver that has the positions now.
      if (await write(positions, entry?.revision ?? 0)) return
      await timeout(pause * attempt).elapsed
    }
    throw unsettled(name)
  }

  const save = async (positions: Positions.Positions): Promise<void> => {
    if (await write(positions, revision)) return
    const entry = await store.read(name)
    // A bucket with replicas may answer with an old value. If it was deleted, this receiver still knows its positions.
    const isOld = entry !== undefined && entry.revision < revision
    // An earlier save of ours can have failed although it was written.
    const isOurs = entry === undefined || parseRecord(name, entry.value).claim === claim
    if (!isOld && !isOurs) throw taken(name)
    if (isOld || !(await write(positions, entry?.revision ?? 0))) throw unsettled(name)
  }

  const { report } = createNotices<SequencedError>({
    explain: error => error.message,
    isWarning: () => true,
    onNotice: onError,
  })
  const use = (): void => {
    if (isUsed)
      throw sequencedError(
        `A subscription uses the positions ${JSON.stringify(name)} already, or has used them. Open them again with savedPositions.`,
        { _tag: 'PositionsInUse', name },
      )
    isUsed = true
  }

  await open()
  return { name, messages, interval, last: () => last, save, report, use }
}
