/** Runs asynchronous steps one after the other. After a failure it pauses, and each pause is twice as long. */
import { timeout } from '../client/timer.ts'

export interface Retries {
  /** Runs until there is no step. Resolves then; it never rejects. A call during a run joins it. */
  readonly run: () => Promise<void>
  /** Ends a pause. */
  readonly wake: () => void
}

interface RetryOptions {
  /** The step to run now; `undefined` if there is none. */
  readonly next: () => (() => Promise<void>) | undefined
  readonly onDone: () => void
  /** Called for the first of consecutive failures. */
  readonly onFailed: (cause: unknown) => void
}

/** The pauses after failures, in ms. */
const firstPause = 100
const longestPause = 5000

export const createRetries = ({ next, onDone, onFailed }: RetryOptions): Retries => {
  let running: Promise<void> | undefined
  let wake: () => void = () => undefined

  const pause = async (ms: number): Promise<void> => {
    const { elapsed, cancel } = timeout(ms)
    const woken = new Promise<void>(resolve => {
      wake = resolve
    })
    await Promise.race([elapsed, woken])
    cancel()
  }

  const runAll = async (): Promise<void> => {
    let failures = 0
    for (let step = next(); step !== undefined; step = next())
      try {
        await step()
        failures = 0
        onDone()
      } catch (cause) {
        if (failures === 0) onFailed(cause)
        failures += 1
        if (next() !== undefined) await pause(Math.min(firstPause * 2 ** (failures - 1), longestPause))
      }
    running = undefined
  }

  return {
    run: () => {
      running ??= runAll()
      return running
    },
    wake: () => wake(),
  }
}
