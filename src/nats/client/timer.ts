/** One timer that can be set anew. Times are those of the monotonic clock, in ms. */
export interface Alarm {
  readonly set: (at: number) => void
  readonly clear: () => void
}

/** Changes of the wall clock don't reach it. Whole numbers, since the engine copies them without a box. */
export const now = (): number => Math.floor(performance.now())

/** The longest delay that timers take. */
const longest = 2 ** 31 - 1

export const alarm = (ring: () => void): Alarm => {
  let timer: ReturnType<typeof setTimeout> | undefined
  let isDue = false
  const clear = (): void => {
    clearTimeout(timer)
    timer = undefined
    isDue = false
  }
  // After a stall of the event loop timers come before what waits in the sockets, which may be what they are about: so
  // that is read first.
  const due = (): void => {
    isDue = true
    timer = setTimeout(() => {
      clear()
      ring()
    }, 0)
  }
  const set = (at: number): void => {
    if (isDue && at <= now()) return
    clear()
    if (at !== Number.POSITIVE_INFINITY) timer = setTimeout(due, Math.min(Math.max(at - now(), 0), longest))
  }
  return { set, clear }
}

/** Settled after so many ms, unless it is cancelled. */
export const timeout = (ms: number): { readonly over: Promise<void>; readonly cancel: () => void } => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const over = new Promise<void>(resolve => {
    timer = setTimeout(resolve, ms)
  })
  return { over, cancel: () => clearTimeout(timer) }
}
