/** A timer with one due time, in ms of the monotonic clock. `set` replaces it. */
export interface Timer {
  readonly set: (at: number) => void
  readonly clear: () => void
}

/** The monotonic clock in ms. Whole numbers, because V8 stores them without an allocation. */
export const now = (): number => Math.floor(performance.now())

let turn: number | undefined

const resolved = Promise.resolve()

const endTurn = (): void => {
  turn = undefined
}

/**
 * The time at which this turn of the event loop first asked, in ms. Many messages are read or published in one turn, and
 * the clock costs more than the rest of the work for one of them.
 */
export const nowInTurn = (): number => {
  if (turn === undefined) {
    turn = now()
    // Not `queueMicrotask`: fake timers replace it, and a test that stops them would stop this clock for ever.
    void resolved.then(endTurn)
  }
  return turn
}

/** The longest delay of `setTimeout`, in ms. */
const maxDelay = 2 ** 31 - 1

export const createTimer = (onDue: () => void): Timer => {
  let handle: ReturnType<typeof setTimeout> | undefined
  let isDue = false
  const clear = (): void => {
    clearTimeout(handle)
    handle = undefined
    isDue = false
  }
  // After a stall of the event loop, timers run before the sockets are read. The sockets may contain the answer that
  // the timer is about, so they are read first.
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

/** Resolves in the next turn of the event loop. */
export const nextTurn = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 0))

/** `elapsed` resolves after `ms`, unless `cancel` is called. */
export const timeout = (ms: number): { readonly elapsed: Promise<void>; readonly cancel: () => void } => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const elapsed = new Promise<void>(resolve => {
    timer = setTimeout(resolve, ms)
  })
  return { elapsed, cancel: () => clearTimeout(timer) }
}
