// npm run -s exhaustive               every large scope, one after the other
// npm run -s exhaustive -- --most N   at most that many worlds of each (default 1,000,000)
import { parseArgs } from 'node:util'
import { explore } from './explore.ts'
import { describeScope } from './scope.ts'
import { large } from './scopes.ts'

const { values } = parseArgs({ options: { most: { type: 'string', default: '1000000' } } })

let worlds = 0
for (const scope of large) {
  const startedAt = performance.now()
  const outcome = explore(scope, undefined, Number(values.most))
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  worlds += outcome.worlds
  console.log(
    `${describeScope(scope)}: ${outcome.worlds} worlds${outcome.isCut ? ' (cut)' : ''}, ${outcome.moves} moves, ${outcome.healed} healings, ${seconds} s`,
  )
  if (outcome.failure !== undefined) {
    console.log([...outcome.failure.wrong, ...outcome.failure.trace].join('\n  '))
    process.exitCode = 1
  }
}
console.log(`${worlds} worlds in all`)
