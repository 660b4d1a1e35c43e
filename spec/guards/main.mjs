// npm run -s guards [-- --seeds 2000] [--only WORD] [--file onHead.ts] [--new] [--again] [--check]     takes each guard out, and says what fails then
//
// What is known to fail without a guard stands in failures.json, and is tried first. `--file`, `--only`: those of a file, those with a word in their name.
// `--new`: only guards of which nothing is known yet. `--again`: looks for all anew. `--check`: tries what is known, and nothing else.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { limited } from './mutation/limited.mjs'
import { loaderOf } from './mutation/modules.mjs'
import { loadTests } from './mutation/tests.mjs'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    only: { type: 'string', default: '' },
    file: { type: 'string', default: '' },
    new: { type: 'boolean', default: false },
    again: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
  },
})
const tries = Number(values.seeds)

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const below = (...path) => join(root, ...path)
const load = loaderOf()
const { guards, withoutGuard } = load(below('spec', 'guards', 'guards.ts'))
const { planOf } = load(below('spec', 'simulation', 'plan.ts'))

/** The sources without a guard. */
const without = guard => {
  const path = below('src', 'core', guard.file)
  return { [path]: withoutGuard(guard, readFileSync(path, 'utf8')) }
}

const order = Array.from({ length: 100_000 }, (_, i) => i + 1)

const playedBy = edited => loaderOf({ edited })(below('spec', 'simulation', 'trial.ts')).trialOf

const ruleBroken = (trialOf, seed) => {
  const { ends, error, value } = limited(() => trialOf(planOf(seed)).violations[0])
  if (!ends) return 'it never ends'
  return error === undefined ? value?.rule : `it throws: ${String(error).split('\n')[0]}`
}

const intact = playedBy({})

/** The first of these seeds that fails without the guard, and does not with it. */
const seedFor = (guard, seeds) => {
  if (seeds.length === 0) return undefined
  const trialOf = playedBy(without(guard))
  for (const seed of seeds) {
    const rule = ruleBroken(trialOf, seed)
    if (rule !== undefined && ruleBroken(intact, seed) === undefined) return { seed, rule }
  }
  return undefined
}

/** The first test of spec/core that fails without the guard: that one, if it is given and does. */
const testFor = (guard, seeds, known) => {
  const tests = loadTests(root, without(guard))
  const fails = test => {
    const { ends, error } = limited(test.run)
    return !ends || error !== undefined
  }
  const found = tests.filter(t => t.name === known).find(fails) ?? (values.check ? undefined : tests.find(fails))
  return found === undefined ? undefined : { test: found.name, seeds }
}

/** What fails without a guard: a seed of the simulator; or, where none of that many does, a test. */
const failureFor = (guard, known) => {
  if (values.check)
    return known?.test === undefined
      ? seedFor(guard, known === undefined ? [] : [known.seed])
      : testFor(guard, known.seeds, known.test)
  if (known?.test === undefined) {
    const again = known === undefined ? undefined : seedFor(guard, [known.seed])
    return again ?? seedFor(guard, order.slice(0, tries)) ?? testFor(guard, tries)
  }
  return seedFor(guard, order.slice(known.seeds, tries)) ?? testFor(guard, Math.max(tries, known.seeds), known.test)
}

const inWords = failure => {
  if (failure === undefined) return 'NOTHING FAILS'
  if (failure.test === undefined) return `seed ${failure.seed}: ${failure.rule}`
  return `none of ${failure.seeds} seeds; the test "${failure.test}"`
}

const file = below('spec', 'guards', 'failures.json')
const failures = JSON.parse(readFileSync(file, 'utf8'))
const save = () => {
  const sorted = guards.flatMap(g => (failures[g.name] === undefined ? [] : [[g.name, failures[g.name]]]))
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`)
}

const found = { seed: 0, test: 0, nothing: 0 }
for (const guard of guards) {
  const known = failures[guard.name]
  if (!guard.name.includes(values.only) || !guard.file.includes(values.file)) continue
  if (values.new && known !== undefined) continue
  const failure = failureFor(guard, values.again ? undefined : known)
  console.log(`${guard.file.padEnd(16)} ${guard.name}: ${inWords(failure)}`)
  if (failure === undefined) process.exitCode = 1
  found[failure === undefined ? 'nothing' : failure.test === undefined ? 'seed' : 'test'] += 1
  if (values.check || JSON.stringify(failure) === JSON.stringify(known)) continue
  failures[guard.name] = failure
  save()
}
const tried = found.seed + found.test + found.nothing
console.log(
  `${tried} of ${guards.length} guards tried: a seed fails without ${found.seed}, a test without ${found.test}, nothing without ${found.nothing}`,
)
