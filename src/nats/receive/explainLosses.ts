/** The loss report as a table that a person reads. */
import { printable } from '../../core/internal/codec.ts'
import { match } from '../../core/internal/match.ts'
import type { Explanation, LossReport, LossSummary, LostRange } from '../../core/receiver/LossReport.ts'

const time = (at: number | undefined): string => (at === undefined ? '-' : new Date(at).toISOString())

const numbersOf = ({ first, last }: LostRange): string =>
  last === undefined ? `${first} and later` : first === last ? `${first}` : `${first} to ${last}`

const countOf = ({ messages, withoutEnd }: LossSummary): string =>
  withoutEnd === 0 ? `${messages}` : `${messages + withoutEnd} or more`

const reasonOf = ({ reason, refusedBy }: LostRange): string =>
  refusedBy.length === 0 ? reason : `${reason} (${refusedBy.join(', ')})`

const explanationOf = match<Explanation, string>({
  Disconnected: ({ at, until }) =>
    until === undefined
      ? `this client is disconnected since ${time(at)}`
      : `this client was disconnected from ${time(at)} to ${time(until)}`,
  SlowConsumer: ({ at, pending }) => `a slow consumer of this client, ${pending} messages behind at ${time(at)}`,
  NotPermitted: ({ operation, subject }) => `the server does not permit ${operation} to ${printable(subject)}`,
  SlowReceiver: () => 'this application was slow (maxMessages, maxBytes)',
  Unexplained: () => 'nothing at this connection',
})

/** The columns, in order. */
const header = {
  origin: 'origin',
  numbers: 'numbers',
  messages: 'messages',
  losses: 'losses',
  first: 'first',
  last: 'last',
  reason: 'reason',
  explanation: 'explanation',
} as const

type Row = Readonly<Record<keyof typeof header, string>>

const rowOf = (origin: string, summary: LossSummary, rest: Partial<Row>): Row => ({
  origin,
  numbers: '',
  messages: countOf(summary),
  losses: `${summary.losses}`,
  first: time(summary.firstAt),
  last: time(summary.lastAt),
  reason: '',
  explanation: '',
  ...rest,
})

const rowsOf = ({ origins, others, total }: LossReport): ReadonlyArray<Row> => [
  ...origins.flatMap(({ origin, ranges, earlier }) => [
    ...(earlier.losses === 0 ? [] : [rowOf(origin, earlier, { numbers: 'earlier ones' })]),
    ...ranges.map(range =>
      rowOf(origin, range, {
        numbers: numbersOf(range),
        reason: reasonOf(range),
        explanation: explanationOf(range.explanation),
      }),
    ),
  ]),
  ...(others.losses === 0 ? [] : [rowOf('other origins', others, {})]),
  rowOf('total', total, {}),
]

export const explainLossReport = (report: LossReport): string => {
  if (report.total.losses === 0) return 'Nothing was lost.'
  const rows = [header, ...rowsOf(report)]
  const cells = rows.map(row => Object.values(row))
  const widths = Object.values(header).map((_, i) =>
    cells.reduce((most, row) => Math.max(most, row[i]?.length ?? 0), 0),
  )
  return cells
    .map(row =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
