/** The result of an audit: rows, totals, and the thresholds that they exceed. Pure. */
import type { AuditRow } from './AuditRow.ts'
import * as Row from './AuditRow.ts'
import * as Duration from './duration.ts'
import { count, counted } from './figures.ts'

export interface AuditReport {
  /** How long the audit ran, in ms. */
  readonly duration: number
  /** The end of the audit, in ms. Ages count up to it. */
  readonly now: number
  readonly rows: ReadonlyArray<AuditRow>
  /** Messages outside of any sequence. */
  readonly unsequenced: number
  readonly totals: Totals
}

export interface Totals {
  readonly messages: number
  readonly gaps: number
  readonly recovered: number
  readonly late: number
  readonly lost: number
  readonly restarts: number
  readonly conflicts: number
  /** Origins whose sender is silent now. */
  readonly silent: number
  /** In ms. */
  readonly longestSilence: number
}

/** What may happen without a failure of the audit. `undefined`: anything. */
export interface Thresholds {
  readonly maxLost: number
  readonly maxGaps: number | undefined
  /** In ms. */
  readonly maxSilence: number | undefined
  readonly minMessages: number
}

const totalsOf = (rows: ReadonlyArray<AuditRow>, now: number): Totals => {
  const sum = (f: (row: AuditRow) => number): number => rows.reduce((total, row) => total + f(row), 0)
  return {
    messages: sum(row => row.messages),
    gaps: sum(row => row.gaps),
    recovered: sum(row => row.recovered),
    late: sum(row => row.late),
    lost: sum(row => row.lost),
    restarts: sum(row => row.restarts),
    conflicts: sum(row => row.conflicts),
    silent: rows.filter(row => row.silentSince !== undefined).length,
    longestSilence: rows.reduce((longest, row) => Math.max(longest, Row.longestSilenceOf(row, now)), 0),
  }
}

const byOrigin = (a: AuditRow, b: AuditRow): number => (a.origin < b.origin ? -1 : a.origin > b.origin ? 1 : 0)

/** Creates a report. Its rows are sorted by origin. */
export const create = (
  rows: Iterable<AuditRow>,
  { start, now, unsequenced }: { readonly start: number; readonly now: number; readonly unsequenced: number },
): AuditReport => {
  const sorted = [...rows].sort(byOrigin)
  return { duration: now - start, now, rows: sorted, unsequenced, totals: totalsOf(sorted, now) }
}

/** Why the audit fails, one sentence each. Empty if it does not. */
export const failures = (t: Thresholds, { rows, totals }: AuditReport): ReadonlyArray<string> => [
  ...(rows.length === 0
    ? ['No numbered message and no heartbeat was heard: check the subject and the permissions.']
    : []),
  ...(totals.lost > t.maxLost
    ? [`${counted(totals.lost, 'message')} lost, ${count(t.maxLost)} allowed (--max-lost).`]
    : []),
  ...(t.maxGaps !== undefined && totals.gaps > t.maxGaps
    ? [`${counted(totals.gaps, 'gap')}, ${count(t.maxGaps)} allowed (--max-gaps).`]
    : []),
  ...(t.maxSilence !== undefined && totals.longestSilence > t.maxSilence
    ? [
        `A sender was silent for ${Duration.approximate(totals.longestSilence)}, ${Duration.format(t.maxSilence)} allowed (--max-silence).`,
      ]
    : []),
  ...(totals.messages < t.minMessages
    ? [`${counted(totals.messages, 'message')} received, at least ${count(t.minMessages)} expected (--min-messages).`]
    : []),
]
