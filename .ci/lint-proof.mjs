// Proves that the lint rules which keep the layers apart can fail: every line here that breaks one must be refused, and
// every line that is fine must pass.
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const imports = 'lint/style/noRestrictedImports'
const globals = 'lint/style/noRestrictedGlobals'
const floating = 'lint/nursery/noFloatingPromises'
const cycles = 'lint/suspicious/noImportCycles'
const plugin = 'plugin'
const fine = undefined

/** Where a line stands, the line, and the rule that must refuse it. */
const cases = [
  ...['internal', 'protocol', 'sender', 'receiver', 'detection'].flatMap(folder => [
    [
      `src/core/${folder}`,
      `import { a } from './a.ts'\nimport * as O from 'fp-ts/lib/Option.js'\nexport const b = [a, O]`,
      fine,
    ],
    [`src/core/${folder}`, `export { connect } from 'nats'`, imports],
    [`src/core/${folder}`, `export { connect } from '@nats-io/nats-core'`, imports],
    [`src/core/${folder}`, `import type { A } from '../../nats/a.ts'\nexport type B = A`, imports],
    [`src/core/${folder}`, `export const a = () => import('../../nats/a.ts')`, imports],
    [`src/core/${folder}`, `export { right } from 'fp-ts/Either'`, imports],
    [`src/core/${folder}`, `export const a = Date.now()`, globals],
    [`src/core/${folder}`, `export const a = Math.random()`, plugin],
  ]),
  ['src/core', `export { a } from './protocol/a.ts'`, fine],
  ['src/core', `export { a } from '../nats/a.ts'`, imports],
  ['src/core/internal', `export { a } from '../protocol/a.ts'`, imports],
  ['src/core/protocol', `export { a } from '../internal/a.ts'`, fine],
  ['src/core/protocol', `import type { A } from '../sender/a.ts'\nexport type B = A`, imports],
  ['src/core/protocol', `import type { A } from '../receiver/a.ts'\nexport type B = A`, imports],
  ['src/core/sender', `export { a } from '../protocol/a.ts'`, fine],
  ['src/core/sender', `import type { A } from '../receiver/a.ts'\nexport type B = A`, imports],
  ['src/core/receiver', `export { a } from '../protocol/a.ts'`, fine],
  ['src/core/receiver', `import type { A } from '../sender/a.ts'\nexport type B = A`, imports],
  ['src/core/receiver', `import type { A } from '../detection/a.ts'\nexport type B = A`, imports],
  ['src/core/detection', `export { a } from '../receiver/a.ts'`, fine],
  ['src/core/detection', `import type { A } from '../sender/a.ts'\nexport type B = A`, imports],
  ['src/core/receiver', `export const b = Math.max(1, 2)`, fine],
  ['src/core/receiver', `export { readFile } from 'node:fs/promises'`, imports],
  ['src/core/receiver', `export { connect } from 'nats'`, imports],
  ['src/core/receiver', `export { connect } from '@nats-io/nats-core'`, imports],
  ['src/core/receiver', `export * from '../dropin/a.ts'`, imports],
  ['src/core/receiver', `export { a } from '../index.ts'`, imports],
  ['src/core/receiver', `export const a = () => import('../nats/a.ts')`, imports],
  ['src/core/receiver', `export { right } from 'fp-ts/Either'`, imports],
  ['src/core/receiver', `export { right } from 'fp-ts/lib/Either'`, imports],
  ['src/core/receiver', `export { either } from 'fp-ts'`, imports],
  ['src/core/receiver', `export const a = Date.now()`, globals],
  ['src/core/receiver', `export const a = new Date()`, globals],
  ['src/core/receiver', `export const a = performance.now()`, globals],
  ['src/core/receiver', `setTimeout(() => undefined, 1)`, globals],
  ['src/core/receiver', `setInterval(() => undefined, 1)`, globals],
  ['src/core/receiver', `export const a = crypto.randomUUID()`, globals],
  ['src/core/receiver', `export const a = process.env`, globals],
  ['src/core/receiver', `console.log(1)`, globals],
  ['src/core/receiver', `export const a = () => fetch('/')`, globals],
  ['src/core/receiver', `export const a = globalThis.Date`, globals],
  ['src/core/receiver', `export const a = Math.random()`, plugin],
  ['src/core/receiver', `export const { random } = Math`, plugin],
  [
    'src/core/receiver',
    `export { b as a } from './loop.ts'`,
    cycles,
    { 'loop.ts': `export { a as b } from './case.ts'\n` },
  ],
  [
    'src/nats/publish',
    `import type { B } from './loop.ts'\nexport type A = B`,
    cycles,
    { 'loop.ts': `import type { A } from './case.ts'\nexport type B = A\n` },
  ],
  [
    'src/nats/publish',
    `import { a } from '../../core/protocol/a.ts'\nexport const b = [a, Date.now(), Math.random()]`,
    fine,
  ],
  ['src/nats/publish', `export * from '../../dropin/a.ts'`, imports],
  ['src/nats/publish', `export { connect } from 'nats'`, imports],
  ['src/nats/publish', `export { connect } from '@nats-io/nats-core'`, imports],
  ['src/nats/publish', `export { readFile } from 'node:fs/promises'`, imports],
  ['src/nats/publish', `export { right } from 'fp-ts/Either'`, imports],
  ['src/nats/publish', `export { either } from 'fp-ts'`, imports],
  ['src/nats/publish', `const a = async () => 1\na()`, floating],
  ['src/nats/publish', `import type { A } from '../receive/a.ts'\nexport type B = A`, imports],
  ['src/nats/receive', `import type { A } from '../publish/a.ts'\nexport type B = A`, imports],
  ['src/nats/receive', `export { a } from '../client/a.ts'\nexport { b } from '../errors.ts'`, fine],
  ['src/nats/stream', `export { a } from '../client/a.ts'\nexport { b } from '../errors.ts'`, fine],
  ['src/nats/stream', `import type { A } from '../receive/a.ts'\nexport type B = A`, imports],
  ['src/nats/stream', `import type { A } from '../../core/receiver/a.ts'\nexport type B = A`, imports],
  ['src/nats/stream', `export { connect } from 'nats'`, imports],
  ['src/nats/publish', `export { a } from '../durable/a.ts'`, fine],
  ['src/nats/receive', `export { a } from '../durable/a.ts'`, fine],
  ['src/nats/permissions', `export { a } from '../receive/Replayer.ts'\nexport { b } from '../errors.ts'`, fine],
  ['src/nats/permissions', `import type { A } from '../receive/a.ts'\nexport type B = A`, imports],
  ['src/nats/permissions', `export { connect } from 'nats'`, imports],
  ['src/nats/durable', `export { a } from '../client/a.ts'\nexport { b } from '../errors.ts'`, fine],
  ['src/nats/durable', `import type { A } from '../receive/a.ts'\nexport type B = A`, imports],
  ['src/nats/durable', `export { readFile } from 'node:fs/promises'`, imports],
  ['src/nats/durable', `export { Kvm } from '@nats-io/kv'`, imports],
  ['src/nats/client', `import type { A } from '../publish/a.ts'\nexport type B = A`, imports],
  ['src/nats/internal', `import type { A } from '../receive/a.ts'\nexport type B = A`, imports],
  ['src/nats', `import type { A } from './receive/a.ts'\nexport type B = A`, imports],
  ['src/dropin', `export { a } from '../nats/receive/a.ts'`, fine],
  ['src/dropin', `export { connect } from 'nats'`, imports],
  ['src/dropin', `export { right } from 'fp-ts/Either'`, imports],
  ['src/dropin', `export { a } from '../metrics/a.ts'`, imports],
  ['src/metrics', `export { a } from '../dropin/a.ts'\nexport { b } from '../nats/receive/b.ts'`, fine],
  ['src/metrics', `export { Counter } from 'prom-client'`, imports],
  ['src/metrics', `export { metrics } from '@opentelemetry/api'`, imports],
  ['src/metrics', `export { connect } from 'nats'`, imports],
  ['src/testing', `export { a } from '../nats/client/a.ts'\nexport { b } from '../core/protocol/b.ts'`, fine],
  ['src/testing', `export { a } from '../nats/receive/a.ts'`, imports],
  ['src/testing', `export { a } from '../dropin/a.ts'`, imports],
  ['src/testing', `export { connect } from 'nats'`, imports],
  ['src/dropin', `export { a } from '../testing/a.ts'`, imports],
  ['src/nats/receive', `export { a } from '../../testing/a.ts'`, imports],
  ['src/cli', `export { a } from '../nats/receive/a.ts'\nexport { readFile } from 'node:fs/promises'`, fine],
  ['src/cli', `export { connect } from '@nats-io/transport-node'`, fine],
  ['src/cli', `export { a } from '../dropin/a.ts'`, imports],
  ['src/cli', `export { a } from '../index.ts'`, imports],
  ['src/cli', `export { connect } from 'nats'`, imports],
  ['src/nats/receive', `export { a } from '../../cli/a.ts'`, imports],
  ['src', `export { a } from './cli/a.ts'`, imports],
  ['src', `export { a } from './core/protocol/a.ts'`, fine],
  ['src', `export { connect } from 'nats'`, imports],
  ['src', `export { right } from 'fp-ts/Either'`, imports],
]

const require = createRequire(import.meta.url)
const biome = join(dirname(require.resolve('@biomejs/biome/package.json')), 'bin', 'biome')
const ownFolder = dirname(fileURLToPath(import.meta.url))

/** The diagnostics of all files below a folder. */
const lint = folder =>
  new Promise((resolve, reject) => {
    const args = [
      biome,
      'lint',
      '--config-path=.ci/biome-settings.json',
      '--reporter=json',
      '--max-diagnostics=none',
      '.',
    ]
    const limits = { cwd: folder, timeout: 240_000, maxBuffer: 1 << 26 }
    execFile(process.execPath, args, limits, (_, stdout, stderr) => {
      try {
        resolve(JSON.parse(stdout).diagnostics)
      } catch {
        reject(new Error(`biome gave no report:\n${stdout}${stderr}`))
      }
    })
  })

const folder = await mkdtemp(join(tmpdir(), 'lint-proof-'))
try {
  // Biome knows types and cycles only below the folder of its settings.
  for (const name of ['biome-settings.json', 'core-is-pure.grit'])
    await cp(join(ownFolder, name), join(folder, '.ci', name))
  for (const [i, [layer, line, , others = {}]] of cases.entries()) {
    const place = join(folder, `${i}`, layer)
    await mkdir(place, { recursive: true })
    for (const [name, text] of Object.entries({ ...others, 'case.ts': `${line}\n` }))
      await writeFile(join(place, name), text)
  }
  const diagnostics = await lint(folder)
  const complaints = cases.flatMap(([layer, line, expected], i) => {
    const found = diagnostics.filter(d => d.location.path === `${i}/${layer}/case.ts`).map(d => d.category)
    const asItShould = expected === fine ? found.length === 0 : found.includes(expected)
    return asItShould
      ? []
      : [`${layer}: ${line}\n  expected: ${expected ?? 'nothing'}; found: ${found.join(', ') || 'nothing'}`]
  })
  if (complaints.length > 0) {
    console.error(`The lint rules do not do what they should:\n${complaints.join('\n')}`)
    process.exitCode = 1
  } else console.log(`The lint rules refuse what they should, and nothing else: ${cases.length} cases.`)
} finally {
  await rm(folder, { recursive: true, force: true })
}
