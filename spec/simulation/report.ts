// The summary of many seeds, and the report of a failing one.
import type { Violation } from './auditor.ts'
import { rules } from './auditor.ts'
import type { Kind, Plan } from './plan.ts'
import { kinds, planOf } from './plan.ts'
import { shrunk } from './shrink.ts'
import { trialOf } from './trial.ts'

/** Outputs that must occur in many seeds. */
export const expected = [
  ...['Message', 'Gap', 'Lost', 'Restarted', 'Conflict', 'Silent', 'Resumed', 'Ended', 'Unsequenced', 'Overflowed'],
  ...['Mismatch', 'InOrder', 'AfterGap', 'Late', 'Recovered', 'unresolved', 'evicted', 'overflow', 'gone'],
  ...['NoNumber', 'TooManyOrigins', 'Refuted', 'Unconfirmed', 'BetweenRuns', 'Gap.Data', 'Gap.Heartbeat'],
  ...['RequestHead', 'RequestReplay', 'RequestStored', 'OriginStarted', 'SetTimer', 'Heartbeat', 'NoResponders'],
  ...['Replay.Message', 'Replay.End', 'Replay.404', 'Replay.410'],
  ...['Sender.Conflict', 'Sender.Resent', 'Sender.evicted', 'Sender.refused', 'Sender.HistoryFull', 'Sender.Exhausted'],
]

export interface Summary {
  readonly seeds: number
  readonly events: number
  readonly eventsPerSecond: number
  /** How often each fault struck, and in how many seeds. */
  readonly faults: Readonly<Record<string, number>>
  readonly faultSeeds: Readonly<Record<string, number>>
  readonly outputs: Readonly<Record<string, number>>
  readonly violations: number
  readonly failures: ReadonlyArray<{ readonly seed: number; readonly violation: Violation }>
  /** Faults in fewer than 5% of the seeds, and outputs that occurred less than once in 10 seeds. */
  readonly rare: ReadonlyArray<string>
}

export const summaryOf = (first: number, seeds: number, clock: () => number): Summary => {
  const struck = new Map<Kind, number>(kinds.map(k => [k, 0]))
  const faultSeeds = new Map<Kind, number>(kinds.map(k => [k, 0]))
  const outputs = new Map<string, number>(expected.map(o => [o, 0]))
  const failures: Array<{ readonly seed: number; readonly violation: Violation }> = []
  let events = 0
  let violations = 0
  const begun = clock()
  for (let seed = first; seed < first + seeds; seed++) {
    const { played, violations: broken } = trialOf(planOf(seed))
    events += played.calls
    violations += broken.length
    for (const [kind, count] of played.struck) {
      struck.set(kind, (struck.get(kind) ?? 0) + count)
      faultSeeds.set(kind, (faultSeeds.get(kind) ?? 0) + 1)
    }
    for (const [what, count] of played.said) outputs.set(what, (outputs.get(what) ?? 0) + count)
    for (const violation of broken.slice(0, 1)) failures.push({ seed, violation })
  }
  const seconds = (clock() - begun) / 1000
  const rare = [
    ...[...faultSeeds].filter(([, n]) => n < seeds * 0.05).map(([k, n]) => `${k} in ${n} seeds`),
    ...[...outputs].filter(([, n]) => n < seeds * 0.1).map(([o, n]) => `${o} ${n} times`),
  ]
  return {
    seeds,
    events,
    eventsPerSecond: Math.round(events / Math.max(seconds, 0.001)),
    faults: Object.fromEntries(struck),
    faultSeeds: Object.fromEntries(faultSeeds),
    outputs: Object.fromEntries([...outputs].sort(([a], [b]) => (a < b ? -1 : 1))),
    violations,
    failures,
    rare,
  }
}

/** The history of a violation: the actions of that receiver and all senders until then, and the faults. */
const ledTo = (plan: Plan, violation: Violation): ReadonlyArray<string> => {
  const lines: string[] = []
  trialOf(plan, lines)
  const who = violation.what.split(' ')[0] ?? ''
  const origin = /updates[.a-z0-9@-]*?(?=\.\d|[:. ]|$)/.exec(violation.what)?.[0] ?? ''
  return lines.filter(
    l =>
      Number.parseInt(l, 10) <= violation.at &&
      (l.includes('***') ||
        ((l.includes(` ${who} `) || / p\d|rival/.test(l)) && (l.includes(origin) || !l.includes('updates')))),
  )
}

/** The whole trace of a plan. */
export const traceOf = (plan: Plan): ReadonlyArray<string> => {
  const lines: string[] = []
  const { violations } = trialOf(plan, lines)
  return [...lines, ...violations.map(v => `!!! ${v.at} ${v.rule}: ${v.what} — ${rules[v.rule]}`)]
}

const brief = (lines: ReadonlyArray<string>, around: number): ReadonlyArray<string> =>
  lines.length <= around
    ? lines
    : [...lines.slice(0, 5), `… ${lines.length - around} lines …`, ...lines.slice(5 - around)]

const planInWords = (plan: Plan): string =>
  JSON.stringify({
    ...plan,
    actions: plan.actions.length,
    rates: Object.fromEntries(Object.entries(plan.rates).filter(([, r]) => r > 0)),
  })

/** A failing seed: the rule, the history of the violation, and the same for the shrunk plan. */
export const tellFailure = (seed: number, violation: Violation, trials?: number): string => {
  const plan = planOf(seed)
  const small = shrunk(plan, violation.rule, trials)
  const left = trialOf(small).violations.find(v => v.rule === violation.rule) ?? violation
  return [
    `seed ${seed} breaks ${violation.rule}: ${rules[violation.rule]}`,
    `  at ${violation.at}: ${violation.what}`,
    ...brief(ledTo(plan, violation), 30).map(l => `    ${l}`),
    `  shrunk: ${planInWords(small)}`,
    ...brief(ledTo(small, left), 60).map(l => `    ${l}`),
    `  ${left.at}: ${left.what}`,
    `  replay it: npm run -s simulate -- --seed ${seed}`,
  ].join('\n')
}
