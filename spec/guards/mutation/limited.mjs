// Does something that may never end.
import { Script } from 'node:vm'

/** Nothing that ends uses as much of the processor, in ms. Time that others use does not count. */
const mostCpu = 4500

const attempt = new Script('globalThis.attempt()')

/** What comes of it: `value`, `error`, or neither if it does not end. */
export const limited = run => {
  for (let timeout = mostCpu; ; timeout *= 2) {
    const begun = process.cpuUsage()
    globalThis.attempt = run
    try {
      return { ends: true, value: attempt.runInThisContext({ timeout }) }
    } catch (error) {
      if (error?.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') return { ends: true, error }
    }
    const { user, system } = process.cpuUsage(begun)
    if ((user + system) / 1000 >= mostCpu / 2) return { ends: false }
  }
}
