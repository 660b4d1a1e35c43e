// npm run -s chaos -- --minutes 10 [--json] [--seed 17]      every scenario in turn, until the time is up
// npm run -s chaos -- --only killed,frozen --runs 5 [--seed 17]     some of them, so many times
import { parseArgs } from 'node:util'
import { kinds } from '../nats/kinds.ts'
import { scenarios } from './scenarios.ts'
import { trialOf } from './trial.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    runs: { type: 'string', default: 'Infinity' },
    messages: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})

const counted = [
  'published',
  'due',
  'delivered',
  'fromSender',
  'fromStream',
  'lost',
  'lostButStored',
  'unsequenced',
  'duplicates',
  'notResent',
  'skippedSilently',
] as const

type Sum = Record<'runs' | (typeof counted)[number], number> & { lostBy: Record<string, number> }

const blank = (): Sum => ({
  runs: 0,
  published: 0,
  due: 0,
  delivered: 0,
  fromSender: 0,
  fromStream: 0,
  lost: 0,
  lostButStored: 0,
  unsequenced: 0,
  duplicates: 0,
  notResent: 0,
  skippedSilently: 0,
  lostBy: {},
})

const reasons = ({ lostBy }: Sum): string =>
  Object.entries(lostBy)
    .map(([why, n]) => `${n} ${why}`)
    .join(', ')

const chosen = Object.entries(scenarios).filter(([name]) => (values.only ?? name).split(',').includes(name))
if (chosen.length === 0) throw new Error(`there is no ${values.only}; there are ${Object.keys(scenarios).join(', ')}`)
const sums: Record<string, Sum> = {}
const failures: string[] = []
let seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
const begun = performance.now()
const isTimeLeft = (): boolean => performance.now() - begun < Number(values.minutes) * 60_000

for (let round = 0; round < Number(values.runs) && isTimeLeft(); round++)
  for (const [i, [name, scenario]] of chosen.entries()) {
    if (!isTimeLeft()) break
    const sendsWith = (round + i) % kinds.length
    const trial = await trialOf(scenario, seed, { count: Number(values.messages), ms: 3000, strikes: 3, sendsWith })
    const sum = sums[name] ?? blank()
    sums[name] = sum
    sum.runs += 1
    for (const what of counted) sum[what] += trial[what]
    for (const [reason, n] of Object.entries(trial.lostBy)) sum.lostBy[reason] = (sum.lostBy[reason] ?? 0) + n
    const { published, due, delivered, lost, skippedSilently, skipped, missed, told, violations, problem, ms } = trial
    process.stderr.write(
      `${name}, seed ${seed}, sent with ${kinds[sendsWith]?.name}: ${published} published, ${due} due, ${delivered} delivered, ${lost} lost, ${skippedSilently} skipped silently; ${missed === undefined ? '' : `${missed} missed by a plain subscription; `}${Math.round(ms)} ms\n    ${JSON.stringify(told)}\n`,
    )
    const wrong = [
      ...(problem === undefined ? [] : [problem]),
      ...violations.slice(0, 10).map(v => `at ${Math.round(v.at)} ${v.rule}: ${v.what}`),
      ...skipped.map(s => `skipped silently: ${s}`),
      ...(delivered + lost + skippedSilently === due ? [] : ['the counts do not add up']),
    ].map(w => `${name}, seed ${seed}: ${w}`)
    failures.push(...wrong)
    for (const w of wrong) process.stderr.write(`*** ${w}\n`)
    seed += 1
  }

const minutes = Math.round((performance.now() - begun) / 600) / 100
if (values.json) console.log(JSON.stringify({ minutes, scenarios: sums, failures }, undefined, 2))
else console.table(Object.fromEntries(Object.entries(sums).map(([name, s]) => [name, { ...s, lostBy: reasons(s) }])))
process.exitCode = failures.length > 0 ? 1 : 0
