/** An audit as a table, as JSON, for Prometheus and for Nagios. Pure. */
import Table from 'cli-table3'
import { printable } from '../core/internal/codec.ts'
import type { AuditReport, Thresholds } from './AuditReport.ts'
import { failures } from './AuditReport.ts'
import type { AuditRow } from './AuditRow.ts'
import * as Row from './AuditRow.ts'
import * as Duration from './duration.ts'
import { count, counted, perSecond } from './figures.ts'
import type { Colors } from './Output.ts'

/** Messages per second of an origin. */
export type RateOf = (row: AuditRow) => number

const headings = ['origin', 'newest', 'messages', 'rate/s', 'gaps', 'recovered', 'lost', 'silence', 'heartbeat']

const lostText = ({ lost, isLossOpen }: AuditRow): string => `${count(lost)}${isLossOpen ? ' or more' : ''}`

const heartbeatText = (row: AuditRow, now: number): string => {
  if (row.isEnded) return 'ended'
  return row.heartbeatAt === undefined ? 'none' : Duration.approximate(now - row.heartbeatAt)
}

const cells = (row: AuditRow, now: number, rate: RateOf, { red, yellow, dim }: Colors): ReadonlyArray<string> => {
  const silence = Row.silenceOf(row, now)
  const longest = row.longestSilence
  const silenceText =
    silence > 0
      ? yellow(Duration.approximate(silence))
      : longest > 0
        ? dim(`was ${Duration.approximate(longest)}`)
        : '-'
  return [
    printable(row.origin),
    count(row.newest),
    count(row.messages),
    perSecond(rate(row)),
    row.gaps > 0 ? yellow(count(row.gaps)) : '0',
    count(row.recovered),
    row.lost > 0 ? red(lostText(row)) : '0',
    silenceText,
    row.heartbeatAt === undefined && !row.isEnded ? yellow('none') : heartbeatText(row, now),
  ]
}

const plain = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}

/** A table with a line for each row. */
export const table = (rows: ReadonlyArray<AuditRow>, now: number, rate: RateOf, colors: Colors): string => {
  const t = new Table({
    head: headings.map(h => colors.bold(h)),
    chars: plain,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: headings.map((_, i) => (i === 0 ? 'left' : 'right')),
  })
  for (const row of rows) t.push([...cells(row, now, rate, colors)])
  return t
    .toString()
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n')
}

/** The most important rows first, as many as fit. */
export const worstFirst = (rows: ReadonlyArray<AuditRow>, limit: number): ReadonlyArray<AuditRow> =>
  rows.length <= limit
    ? rows
    : [...rows].sort((a, b) => b.lost - a.lost || b.gaps - a.gaps || b.messages - a.messages).slice(0, limit)

/** The totals as one sentence. */
export const summary = ({ duration, rows, totals, unsequenced }: AuditReport): string => {
  const parts = [
    `${counted(totals.messages, 'message')} of ${counted(rows.length, 'origin')} in ${Duration.approximate(duration)}`,
    `${counted(totals.gaps, 'gap')}`,
    `${count(totals.recovered)} recovered`,
    `${count(totals.lost)} lost`,
    ...(totals.silent > 0 ? [`${counted(totals.silent, 'silent sender')}`] : []),
    ...(totals.restarts > 0 ? [counted(totals.restarts, 'restart')] : []),
    ...(totals.conflicts > 0 ? [counted(totals.conflicts, 'conflict')] : []),
    ...(unsequenced > 0 ? [`${count(unsequenced)} unsequenced`] : []),
  ]
  return `${parts.join(', ')}.`
}

const average =
  ({ duration }: AuditReport): RateOf =>
  row =>
    (row.messages * 1000) / Math.max(duration, 1)

/** The report for people. */
export const text = (report: AuditReport, thresholds: Thresholds, colors: Colors): string => {
  const { rows, now } = report
  const found = failures(thresholds, report)
  return [
    ...(rows.length === 0 ? [] : [table(rows, now, average(report), colors), '']),
    summary(report),
    ...found.map(sentence => colors.red(`FAILED: ${sentence}`)),
    ...(found.length === 0 ? [colors.green('OK: nothing exceeds its threshold.')] : []),
  ].join('\n')
}

/** The report as one object. Times are in ms. */
export const json = (report: AuditReport, thresholds: Thresholds): string => {
  const { duration, rows, now, totals, unsequenced } = report
  return JSON.stringify({
    duration,
    totals: { ...totals, unsequenced },
    failures: failures(thresholds, report),
    origins: rows.map(({ silentSince, heartbeatAt, ...row }) => ({
      ...row,
      silence: silentSince === undefined ? 0 : now - silentSince,
      heartbeatAge: heartbeatAt === undefined ? null : now - heartbeatAt,
    })),
  })
}

const metrics: ReadonlyArray<
  readonly [string, 'counter' | 'gauge', string, (row: AuditRow, now: number) => number | undefined]
> = [
  ['messages_total', 'counter', 'Messages received.', row => row.messages],
  ['gaps_total', 'counter', 'How often numbers were missing.', row => row.gaps],
  ['recovered_total', 'counter', 'Messages that arrived because they were requested.', row => row.recovered],
  ['lost_total', 'counter', 'Messages that were given up.', row => row.lost],
  ['restarts_total', 'counter', 'Restarts of the sender.', row => row.restarts],
  ['conflicts_total', 'counter', 'Second senders of a single subject.', row => row.conflicts],
  ['newest_number', 'gauge', 'The highest number that is known to exist.', row => row.newest],
  ['silence_seconds', 'gauge', 'How long the sender is silent.', (row, now) => Row.silenceOf(row, now) / 1000],
  [
    'heartbeat_age_seconds',
    'gauge',
    'The age of the last heartbeat.',
    (row, now) => (row.heartbeatAt === undefined ? undefined : (now - row.heartbeatAt) / 1000),
  ],
]

const label = (value: string): string => value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')

/** The report in the text format of Prometheus, for its textfile collector. */
export const prometheus = ({ rows, now }: AuditReport): string =>
  metrics
    .flatMap(([name, type, help, value]) => {
      const full = `nats_sequenced_audit_${name}`
      const samples = rows.flatMap(row => {
        const v = value(row, now)
        return v === undefined ? [] : [`${full}{origin="${label(row.origin)}"} ${v}`]
      })
      return [`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, ...samples]
    })
    .join('\n')

/** The exit codes of a Nagios plugin. */
export type NagiosCode = 0 | 1 | 2 | 3

/** The line and the exit code of a Nagios plugin. */
export const nagios = (
  report: AuditReport,
  thresholds: Thresholds,
): { readonly line: string; readonly code: NagiosCode } => {
  const { totals, rows } = report
  const found = failures(thresholds, report)
  const isDoubtful = totals.gaps > 0 || totals.silent > 0 || totals.conflicts > 0
  const [word, code]: readonly [string, NagiosCode] =
    rows.length === 0 ? ['UNKNOWN', 3] : found.length > 0 ? ['CRITICAL', 2] : isDoubtful ? ['WARNING', 1] : ['OK', 0]
  const why = found.length > 0 ? found.join(' ') : summary(report)
  const data = [
    `messages=${totals.messages};;${thresholds.minMessages}:`,
    `gaps=${totals.gaps};0;${thresholds.maxGaps ?? ''}`,
    `recovered=${totals.recovered}`,
    `lost=${totals.lost};;${thresholds.maxLost}`,
    `silent=${totals.silent};0`,
  ]
  return { line: `SEQUENCED ${word} - ${why.replace(/[|\n]/g, ' ')} | ${data.join(' ')}`, code }
}
