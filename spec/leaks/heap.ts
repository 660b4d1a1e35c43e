import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/**
 * Reachable bytes. Finalizers and array buffers are freed with a delay, so this is the minimum of several measurements.
 */
export const bytesInUse = async (): Promise<number> => {
  let least = Number.POSITIVE_INFINITY
  for (let unchanged = 0; unchanged < 3; unchanged++) {
    collect()
    await pause(10)
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    if (heapUsed + arrayBuffers < least - 4096) unchanged = 0
    least = Math.min(least, heapUsed + arrayBuffers)
  }
  return least
}
