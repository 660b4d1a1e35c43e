import { describe, expect, it } from '@jest/globals'
import { contenders } from './contenders.ts'
import { goals, judge } from './goals.ts'
import { format, goalTable } from './report.ts'
import { quantile, ratio } from './statistics.ts'

describe('the goals of the benchmark', () => {
  const least = { part: 'tail', name: '', figure: 'x', direction: 'at least', goal: 0.85, unit: '' } as const
  const most = { ...least, direction: 'at most', goal: 60 } as const

  it.each([
    [least, 0.85, 'reached'],
    [least, 0.84, 'not reached'],
    [most, 60, 'reached'],
    [most, 60.1, 'not reached'],
    [most, Number.NaN, 'not measured'],
  ] as const)('%j is judged by a measured %d: %s', (goal, x, verdict) => {
    expect(judge(goal, { x })).toBe(verdict)
  })

  it('are not reached by a figure that was not measured', () => {
    expect(judge(most, {})).toBe('not measured')
  })

  it('have one figure each, which no other goal of the part has', () => {
    expect(new Set(goals.map(g => g.figure)).size).toBe(goals.length)
    expect(new Set(goals.map(g => `${g.part} ${g.name}`)).size).toBe(goals.length)
  })

  it('compare contenders that exist', () => {
    const names = contenders.map(c => c.name)
    const compared = goals
      .filter(g => g.part === 'throughput')
      .flatMap(g => g.figure.slice(g.figure.indexOf(': ') + 2).split(' / '))
    expect(compared.filter(name => !names.includes(name))).toEqual([])
  })
})

describe('the report of the benchmark', () => {
  it('shows each measured figure beside its goal, for each client, and nothing of parts that did not run', () => {
    const figures = { 'tail: 1 publisher': 56.04, 'tail: 1,000 publishers': 1234.5 }
    const { rows } = goalTable([{ part: 'tail', client: 'nats', tables: [], figures }])
    expect(rows.map(({ client, measured, goal, result }) => [client, measured, goal, result])).toEqual([
      ['nats', '56 ms', 'at most 60 ms', 'reached'],
      ['nats', '1,235 ms', 'at most 150 ms', 'not reached'],
      ['nats', '', 'at most 150 ms', 'not measured'],
    ])
  })

  it('aligns columns, numbers at the right', () => {
    const rows = [
      { contender: 'a', 'msgs/sec': 5 },
      { contender: 'long name', 'msgs/sec': 12_345, note: 'x' },
    ]
    expect(format({ title: 'T', rows }).split('\n')).toEqual([
      'T',
      '',
      '| contender | msgs/sec | note |',
      '| --------- | -------: | ---- |',
      '| a         |        5 |      |',
      '| long name |    12345 | x    |',
      '',
    ])
  })
})

describe('the statistics of the benchmark', () => {
  it('take the ratio within each round, so that a slow round does not count for one side only', () => {
    expect(ratio([100, 10, 90], [50, 5, 60])).toBe(2)
  })

  it('reach the maximum as the last quantile', () => {
    expect(quantile([3, 1, 2], 1)).toBe(3)
    expect(quantile([], 0.5)).toBeNaN()
  })
})
