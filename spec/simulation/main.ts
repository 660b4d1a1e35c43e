// npm run -s simulate -- --seeds 10000 [--from 1] [--json]   many seeds
// npm run -s simulate -- --seed 17 [--shrink]                one, with its whole trace
import { parseArgs } from 'node:util'
import { planOf } from './plan.ts'
import { summaryOf, tellFailure, traceOf } from './report.ts'
import { trialOf } from './trial.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
  },
})

const one = (seed: number): void => {
  const { violations } = trialOf(planOf(seed))
  const first = violations[0]
  if (values.shrink && first !== undefined) console.log(tellFailure(seed, first))
  else console.log(traceOf(planOf(seed)).join('\n'))
  process.exitCode = violations.length > 0 ? 1 : 0
}

const many = (from: number, seeds: number): void => {
  const summary = summaryOf(from, seeds, () => performance.now())
  if (values.json) console.log(JSON.stringify(summary, undefined, 2))
  else {
    console.log(
      `${seeds} seeds, ${summary.events} events, ${summary.eventsPerSecond} a second, ${summary.violations} violations`,
    )
    if (summary.rare.length > 0) console.log(`rare: ${summary.rare.join(', ')}`)
    for (const { seed, violation } of summary.failures)
      console.log(`seed ${seed}: ${violation.rule}: ${violation.what}`)
    const first = summary.failures[0]
    if (first !== undefined) console.log(tellFailure(first.seed, first.violation))
  }
  process.exitCode = summary.violations > 0 ? 1 : 0
}

if (values.seed === undefined) many(Number(values.from), Number(values.seeds))
else one(Number(values.seed))
