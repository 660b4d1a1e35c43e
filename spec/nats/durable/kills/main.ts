// Kills processes that use stores, at random moments, and prints what was found:
//   npm run kills -- --kills 200 --case receivers-file
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cases, withScene } from './cases.ts'

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '200' }, case: { type: 'string', multiple: true } },
})
const names = values.case ?? Object.keys(cases)

const main = async (): Promise<void> => {
  const root = await mkdtemp(join(tmpdir(), 'kills-'))
  try {
    for (const name of names) {
      const run = cases[name]
      if (run === undefined) throw new Error(`Unknown case "${name}". Cases: ${Object.keys(cases).join(', ')}.`)
      const begun = performance.now()
      const figures = await withScene(root, run(Number(values.kills)))
      console.log(name, JSON.stringify(figures), `${Math.round((performance.now() - begun) / 1000)} s`)
    }
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

main().catch(cause => {
  console.error(cause)
  process.exit(1)
})
