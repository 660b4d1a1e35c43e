// The real timers, also in a test that slows down the library's clock.
import { clearTimeout, setTimeout } from 'node:timers'
import { longestWait } from './longestWait.ts'

/** Rejects if a promise does not settle in time. */
export const within = <A>(what: string, promise: Promise<A>, ms = longestWait): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
