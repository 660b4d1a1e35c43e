/** One timer that can be set anew. Times are those of the monotonic clock, in ms. */
export interface Timer {
  readonly set: (at: number) => void
  readonly clear: () => void
}

/** Changes of the wall clock don't reach it. Whole numbers, since the engine copies them without a box. */
export const now = (): number => Math.floor(performance.now())

/** The longest delay that timers take. */
const maxDelay = 2 ** 31 - 1

export const createTimer = (onDue: () => void): Timer => {
  let handle: ReturnType<typeof setTimeout> | undefined
  let isDue = false
  const clear = (): void => {
    clearTimeout(handle)
    handle = undefined
    isDue = false
  }
  // After a stall of the event loop timers come before what waits in the sockets, which may be what they are about: so
  // that is read first.
  const readSocketsFirst = (): void => {
    isDue = true
    handle = setTimeout(() => {
      clear()
      onDue()
    }, 0)
  }
  const set = (at: number): void => {
    if (isDue && at <= now()) return
    clear()
    if (at !== Number.POSITIVE_INFINITY)
      handle = setTimeout(readSocketsFirst, Math.min(Math.max(at - now(), 0), maxDelay))
  }
  return { set, clear }
}

/** Settled after so many ms, unless it is cancelled. */
export const timeout = (ms: number): { readonly elapsed: Promise<void>; readonly cancel: () => void } => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const elapsed = new Promise<void>(resolve => {
    timer = setTimeout(resolve, ms)
  })
  return { elapsed, cancel: () => clearTimeout(timer) }
}
