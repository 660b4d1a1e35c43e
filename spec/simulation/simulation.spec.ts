import { describe, expect, it } from '@jest/globals'
import { audit, rules } from './auditor.ts'
import { broken as brokenOf, sound } from './broken.ts'
import { brokenSending, soundSending } from './brokenSending.ts'
import { brokenAnswers, brokenNotices, brokenRequests } from './brokenTraffic.ts'
import { kinds, planOf } from './plan.ts'
import { expected, summaryOf, traceOf } from './report.ts'
import { shrunk } from './shrink.ts'

/** These seeds have every fault and every kind of output between them. */
const [firstSeed, seeds] = [209, 23]

const broken = [...brokenOf, ...brokenSending, ...brokenNotices, ...brokenRequests, ...brokenAnswers]

describe('The simulation', () => {
  it(`keeps every promise in ${seeds} seeds`, () => {
    const summary = summaryOf(firstSeed, seeds, () => performance.now())
    expect(summary.failures).toEqual([])
    expect(kinds.filter(kind => (summary.faults[kind] ?? 0) === 0)).toEqual([])
    const unsaid = expected.filter(what => summary.outputs[what] === 0)
    expect(unsaid).toEqual([])
  })

  it('has the same trace for the same seed (14)', () => {
    for (const seed of [2, 3]) {
      const trace = traceOf(planOf(seed))
      expect(trace.length).toBeGreaterThan(200)
      expect(traceOf(planOf(seed))).toEqual(trace)
    }
    expect(traceOf(planOf(2))).not.toEqual(traceOf(planOf(3)))
  })

  it('does not shrink a passing plan', () => {
    const plan = planOf(2)
    expect(shrunk(plan, 'NothingInvented', 10)).toEqual(plan)
  })
})

describe('The auditor', () => {
  it('accepts a correct history', () => {
    expect(audit(sound())).toEqual([])
    for (const chronicle of soundSending()) expect(audit(chronicle)).toEqual([])
  })

  it.each(broken)('breaks %s when %s', (rule, _why, chronicle) => {
    expect(audit(chronicle()).map(v => v.rule)).toContain(rule)
  })

  it('has refused a history for every rule', () => {
    expect([...new Set(broken.map(([rule]) => rule))].sort()).toEqual(Object.keys(rules).sort())
  })
})
