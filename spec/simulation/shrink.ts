// Makes a failing plan smaller step by step, as long as it breaks the same rule.
import type { Rule } from './auditor.ts'
import type { Action, Plan } from './plan.ts'
import { rated } from './plan.ts'
import { trialOf } from './trial.ts'

const fails = (plan: Plan, rule: Rule): boolean => trialOf(plan).violations.some(v => v.rule === rule)

const without = <T>(items: ReadonlyArray<T>, from: number, count: number): ReadonlyArray<T> => [
  ...items.slice(0, from),
  ...items.slice(from + count),
]

/** All plans that are one step smaller, the largest steps first. */
function* smaller(plan: Plan): Generator<Plan> {
  for (const kind of plan.kinds) {
    const kinds = plan.kinds.filter(k => k !== kind)
    const rates = kind in plan.rates ? { ...plan.rates, [kind]: 0 } : plan.rates
    yield { ...plan, kinds, rates, actions: plan.actions.filter(d => d.do !== kind) }
  }
  for (const k of rated) if (plan.rates[k] > 0) yield { ...plan, rates: { ...plan.rates, [k]: 0 } }
  if (plan.receivers.length > 1)
    for (const i of plan.receivers.keys()) yield { ...plan, receivers: without(plan.receivers, i, 1) }
  if (plan.processes.length > 1)
    for (const i of plan.processes.keys()) yield { ...plan, processes: without(plan.processes, i, 1) }
  for (const [i, p] of plan.processes.entries())
    if (p.lines.length > 1)
      yield { ...plan, processes: plan.processes.map((q, j) => (i === j ? { ...q, lines: q.lines.slice(0, 1) } : q)) }
  for (let size = plan.actions.length >> 1; size >= 1; size >>= 1)
    for (let from = 0; from < plan.actions.length; from += size)
      yield { ...plan, actions: without(plan.actions, from, size) }
  for (const [i, d] of plan.actions.entries())
    if (d.do === 'publish' && d.count > 1) {
      const fewer: Action = { ...d, count: d.count >> 1 }
      yield { ...plan, actions: plan.actions.map((e, j) => (i === j ? fewer : e)) }
    }
  const lastAction = plan.actions.at(-1)?.at ?? 0
  if (plan.least > 0) yield { ...plan, least: 0 }
  if (plan.faultMs > lastAction + 500) yield { ...plan, faultMs: lastAction + 500 }
}

/** The smallest failing plan found in this many trials. */
export const shrunk = (plan: Plan, rule: Rule, trials = 400): Plan => {
  let best = plan
  let left = trials
  for (let goesOn = true; goesOn; ) {
    goesOn = false
    for (const candidate of smaller(best)) {
      left -= 1
      if (left < 0) return best
      if (!fails(candidate, rule)) continue
      best = candidate
      goesOn = true
      break
    }
  }
  return best
}
