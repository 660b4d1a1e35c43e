/** One finding of the doctor: what was checked, what was found, and what to change. */
import type { Colors } from './Output.ts'

/**
 * - `ok`: as it should be;
 * - `note`: worth knowing, nothing to change;
 * - `unknown`: it could not be checked;
 * - `warning`: it works, and could fail later;
 * - `failed`: messages or recovery don't work.
 */
export type Status = 'ok' | 'note' | 'unknown' | 'warning' | 'failed'

export interface Check {
  readonly status: Status
  readonly area: 'server' | 'permissions' | 'sender' | 'heartbeats' | 'stream' | 'trace'
  readonly found: string
  /** What to change. */
  readonly remedy?: string
}

const words: Readonly<Record<Status, string>> = {
  ok: 'ok  ',
  note: 'note',
  unknown: '?   ',
  warning: 'warn',
  failed: 'FAIL',
}

const paint = (status: Status, { green, dim, yellow, red }: Colors): ((text: string) => string) => {
  switch (status) {
    case 'ok':
      return green
    case 'note':
      return dim
    case 'unknown':
    case 'warning':
      return yellow
    case 'failed':
      return red
  }
}

const areaWidth = 'permissions'.length

/** A check as one or two lines of text. */
export const text = ({ status, area, found, remedy }: Check, colors: Colors): string => {
  const line = `${paint(status, colors)(words[status])}  ${colors.bold(area.padEnd(areaWidth))}  ${found}`
  return remedy === undefined ? line : `${line}\n${' '.repeat(areaWidth + 8)}-> ${remedy}`
}
