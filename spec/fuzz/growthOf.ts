const cpu = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** CPU time, in ms: other processes don't add to it. */
const timeOf = (work: () => void, times: number): number => {
  const start = cpu()
  for (let i = 0; i < times; i++) work()
  return cpu() - start
}

/** Less than this can't be felt, in ms. */
const short = 20

/**
 * How many times longer the work on a large input takes than that on as many bytes in small inputs. About 1 for linear
 * work, and `times` for quadratic work. 1 if the work is short. It takes the lowest of several trials, because garbage
 * collection can only add time.
 */
export const growthOf = (small: () => void, large: () => void, times: number): number => {
  if (timeOf(large, 1) < short) return 1
  let [best, base] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let trial = 0; trial < 3; trial++) {
    best = Math.min(best, timeOf(large, 1))
    base = Math.min(base, timeOf(small, times))
  }
  return best < short ? 1 : best / base
}
