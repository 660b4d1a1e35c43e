/** Saves the positions of a subscription while it goes on, and at its end. */
import type { Positions } from '../../core/protocol/Positions.ts'
import type { SavedPositions } from '../durable/savedPositions.ts'
import { storeFailed } from '../durable/storeErrors.ts'
import type { SequencedError } from '../errors.ts'

export interface Autosave {
  /** The application has processed a delivery. */
  readonly count: () => void
  /** The receiver follows an origin. After a crash the next one must know where, or it starts elsewhere. */
  readonly saveSoon: () => void
  /** No more deliveries arrive. What the application still processes is saved at once. */
  readonly end: () => void
  /** Saves what is not saved yet. Rejects if that fails. */
  readonly flush: () => Promise<void>
}

/**
 * @param positions returns the current positions
 * @param onTaken another receiver uses the name now
 */
export const createAutosave = (
  saved: SavedPositions,
  positions: () => Positions,
  onTaken: (error: SequencedError) => void,
): Autosave => {
  const { messages, interval, name } = saved
  /** Deliveries since the last save began. */
  let unsaved = 0
  /** Whether there is more to save than `unsaved` says. */
  let isBehind = false
  let isTaken = false
  let hasEnded = false
  let failure: SequencedError | undefined
  let saving: Promise<void> | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  const isDirty = (): boolean => !isTaken && (isBehind || unsaved > 0)

  const attempt = async (): Promise<void> => {
    unsaved = 0
    isBehind = false
    failure = undefined
    try {
      await saved.save(positions())
    } catch (cause) {
      failure = storeFailed('write', name, 'The next save tries again.')(cause)
      isTaken = failure.reason._tag === 'PositionsTaken'
      isBehind = true
      if (isTaken) onTaken(failure)
      else saved.report(failure)
    }
  }

  /** One save at a time: the next one begins when this one is over. */
  const save = (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    saving ??= attempt().then(() => {
      saving = undefined
      schedule()
    })
    return saving
  }

  const schedule = (): void => {
    if (!isDirty() || saving !== undefined) return
    // After a failure the next save waits, or a broken store would be tried without a pause.
    if (failure === undefined && (isBehind || unsaved >= messages || hasEnded)) void save()
    else if (!hasEnded) timer ??= setTimeout(save, interval)
  }

  return {
    count: () => {
      unsaved += 1
      if (unsaved === 1 || unsaved >= messages) schedule()
    },
    saveSoon: () => {
      isBehind = true
      if (saving !== undefined || failure !== undefined) return schedule()
      // The receiver is at work, and may follow more origins in a moment.
      clearTimeout(timer)
      timer = setTimeout(save, 0)
    },
    end: () => {
      hasEnded = true
      clearTimeout(timer)
      timer = undefined
      failure = undefined
      schedule()
    },
    flush: async () => {
      await saving
      // Another call may have begun the save meanwhile.
      await (isDirty() ? save() : saving)
      if (isDirty() && failure !== undefined) throw failure
    },
  }
}
