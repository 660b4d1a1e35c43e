// Stops file operations at a chosen moment. A stopped operation that never goes on is what SIGKILL leaves behind.
import { AsyncLocalStorage } from 'node:async_hooks'
import fs from 'node:fs'
import { afterAll, beforeAll } from '@jest/globals'

interface Stop {
  /** The operations that may still run. */
  left: number
  readonly reached: () => void
  readonly released: Promise<void>
}

const stops = new AsyncLocalStorage<Stop>()

const operations = ['mkdir', 'open', 'readdir', 'readFile', 'rename', 'rm'] as const

/** Lets `stopped` stop operations, in the tests of this file or `describe`. */
export const watchFiles = (): void => {
  const { promises } = fs
  const originals: object = { ...promises }
  beforeAll(() => {
    for (const name of operations) {
      const original: (...args: ReadonlyArray<unknown>) => Promise<unknown> = Reflect.get(originals, name)
      Reflect.set(promises, name, async (...args: ReadonlyArray<unknown>) => {
        const stop = stops.getStore()
        if (stop !== undefined) {
          stop.left -= 1
          if (stop.left < 0) {
            stop.reached()
            await stop.released
          }
        }
        return original.apply(promises, [...args])
      })
    }
  })
  afterAll(() => {
    Object.assign(promises, originals)
  })
}

export interface Stopped<A> {
  /** Whether the operation was reached, and all those after it wait. Otherwise the work is done. */
  readonly isStopped: boolean
  /** Lets the work go on, and resolves to its result. */
  readonly resume: () => Promise<A>
}

/** Begins some work, and stops it before the file operation with this index. */
export const stopped = async <A>(index: number, work: () => Promise<A>): Promise<Stopped<A>> => {
  let release: () => void = () => undefined
  const released = new Promise<void>(resolve => {
    release = resolve
  })
  let result: Promise<A> | undefined
  const isStopped = await new Promise<boolean>((resolve, reject) => {
    result = stops.run({ left: index, reached: () => resolve(true), released }, work)
    result.then(() => resolve(false), reject)
  })
  return {
    isStopped,
    resume: () => {
      release()
      return result ?? Promise.reject(new Error('the work has not begun'))
    },
  }
}
