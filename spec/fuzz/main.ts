// npm run -s fuzz -- --runs 1000000 [--seed 1] [--only heads]   that many inputs for each decoder
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { decoders } from './decoders.ts'
import { inputsLike } from './inputs.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    only: { type: 'string', default: '' },
  },
})

const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed)
console.log(`seed ${seed}`)
for (const { name, examples, check } of decoders.filter(d => d.name.includes(values.only))) {
  const start = performance.now()
  const result = fc.check(fc.property(inputsLike(examples), check), { seed, numRuns: Number(values.runs) })
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`${result.failed ? 'FAILED' : 'ok'}  ${name}: ${result.numRuns} inputs, ${seconds} s`)
  if (result.failed) {
    console.log(fc.defaultReportMessage(result))
    process.exitCode = 1
  }
}
