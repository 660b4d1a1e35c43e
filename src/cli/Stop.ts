/** When a command ends: Ctrl-C, a signal, or the end of the reader of its output. */
import { constants } from 'node:os'

/** A request to end. */
export interface Stop {
  /** Resolves when the command is to end. */
  readonly asked: Promise<void>
  readonly isAsked: () => boolean
  readonly ask: () => void
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Listens for signals. The first one asks the command to end, a second one ends the process at once. */
export const createStop = (): Stop => {
  let isAsked = false
  let resolveAsked: () => void = () => undefined
  const asked = new Promise<void>(resolve => {
    resolveAsked = resolve
  })
  const ask = (): void => {
    isAsked = true
    resolveAsked()
  }
  for (const signal of signals)
    process.on(signal, () => {
      if (isAsked) process.exit(128 + constants.signals[signal])
      ask()
    })
  return { asked, isAsked: () => isAsked, ask }
}
