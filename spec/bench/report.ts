// The report: the tables of the parts, and each measured figure beside its goal.
import { type Goal, goals, judge } from './goals.ts'
import type { Figures, Outcome, Row, Table } from './Part.ts'
import { rounded, thousands } from './statistics.ts'

/** What one part has measured, with one client or without a client. */
export interface Measured extends Outcome {
  readonly part: string
  readonly client: string | undefined
}

const shown = (value: number): string => (value >= 1000 ? thousands(value) : `${rounded(value, value < 10 ? 2 : 1)}`)

const withUnit = (value: number, unit: string): string => (unit === '' ? shown(value) : `${shown(value)} ${unit}`)

const rowOf = (goal: Goal, client: string | undefined, figures: Figures): Row => {
  const measured = figures[goal.figure] ?? Number.NaN
  const verdict = judge(goal, figures)
  return {
    figure: goal.name,
    client: client ?? '',
    measured: verdict === 'not measured' ? '' : withUnit(measured, goal.unit),
    goal: `${goal.direction} ${withUnit(goal.goal, goal.unit)}`,
    result: verdict,
  }
}

/** The goals of the parts that have run, in the order of `goals.ts`. */
export const goalTable = (measured: ReadonlyArray<Measured>): Table => ({
  title: 'goals',
  rows: goals.flatMap(goal =>
    measured.filter(({ part }) => part === goal.part).map(({ client, figures }) => rowOf(goal, client, figures)),
  ),
})

/** A table in the form of Markdown, with aligned columns. Numbers stand at the right. */
export const format = ({ title, rows }: Table): string => {
  const columns = [...new Set(rows.flatMap(row => Object.keys(row)))]
  const cells = [columns, ...rows.map(row => columns.map(c => `${row[c] ?? ''}`))]
  const widths = columns.map((_, i) => Math.max(3, ...cells.map(line => line[i]?.length ?? 0)))
  const isNumeric = columns.map(
    (_, i) =>
      cells.slice(1).every(line => /^(-?[\d.,]+|NaN)?$/.test(line[i] ?? '')) && cells.slice(1).some(line => line[i]),
  )
  const line = (texts: ReadonlyArray<string>): string =>
    `| ${texts.map((text, i) => (isNumeric[i] ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0))).join(' | ')} |`
  const [head = [], ...others] = cells
  const rule = widths.map((width, i) => (isNumeric[i] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)))
  return [title, '', line(head), line(rule), ...others.map(line), ''].join('\n')
}
