// A small real program is migrated by the two lines of docs/drop-in/migration.diff, and then misses nothing.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import * as nats3 from '@nats-io/transport-node'
import * as nats2 from 'nats'
import ts from 'typescript'
import * as face from '../../src/index.ts'
import { longestWait, withServer } from '../nats/clients.ts'
import { patient } from '../nats/patient.ts'
import type { DecideFate } from '../server/lossyLink.ts'
import { drop, duplicate, pass } from '../server/lossyLink.ts'

const server = withServer()

const folder = join(__dirname, '..', '..', 'docs', 'drop-in')
const program = readFileSync(join(folder, 'program.ts'), 'utf8')
const migration = readFileSync(join(folder, 'migration.diff'), 'utf8')

/** A text with a unified diff applied to it. It throws if the diff does not fit. */
const patched = (text: string, diff: string): string => {
  const before = text.split('\n')
  const after: Array<string> = []
  let read = 0
  for (const line of diff.replace(/\n$/, '').split('\n')) {
    const start = /^@@ -(\d+)/.exec(line)?.[1]
    if (line.startsWith('--- ') || line.startsWith('+++ ')) continue
    if (start !== undefined) {
      after.push(...before.slice(read, Number(start) - 1))
      read = Number(start) - 1
    } else if (line.startsWith('+')) after.push(line.slice(1))
    else {
      if (before[read] !== line.slice(1)) throw new Error(`line ${read + 1} is not: ${line.slice(1)}`)
      if (line.startsWith(' ')) after.push(line.slice(1))
      read += 1
    }
  }
  return [...after, ...before.slice(read)].join('\n')
}

/** Loses every seventh message of the application, and duplicates every eleventh. Replays are not lost. */
const unkind = (): DecideFate => {
  let count = 0
  return ({ subject }) => {
    if (!/^(prices|orders|confirmations|trades)\b/.test(subject)) return pass
    count += 1
    if (count % 7 === 0) return drop
    return count % 11 === 0 ? duplicate : pass
  }
}

/** The original program gives up a message after two seconds. A busy machine may need longer. */
const patiently: typeof face.sequenced = (nc, options) => face.sequenced(nc, { ...patient, ...options })

type Run = (require: (name: string) => unknown, exports: object, console: object, process: object) => Promise<void>
const AsyncFunction: new (...args: string[]) => Run = Object.getPrototypeOf(async () => undefined).constructor

/** The output lines of a program with either client. */
const run = async (
  code: string,
  client: object,
  requestTimeout: number,
  url: string,
): Promise<ReadonlyArray<string>> => {
  const modules: Readonly<Record<string, unknown>> = {
    nats: client,
    'nats-sequenced': { ...face, sequenced: patiently },
  }
  const printed: Array<string> = []
  const print = (...args: ReadonlyArray<unknown>): void => {
    printed.push(args.join(' '))
  }
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 }
  const { outputText } = ts.transpileModule(code, { compilerOptions })
  const env = { NATS_URL: url, PATIENCE: `${requestTimeout}` }
  await new AsyncFunction('require', 'exports', 'console', 'process', outputText)(
    name => modules[name],
    {},
    { log: print, error: print },
    { env },
  )
  return printed
}

const complete = [
  'prices shown: 400 of 400',
  'orders confirmed: 60 of 60',
  'trades booked: 60 of 60',
  'quotes answered: all',
  'twice or out of order: 0',
  'nothing is missing',
]

test('the migration is two changed lines', () => {
  const lines = migration.split('\n')
  const added = lines.filter(line => line.startsWith('+') && !line.startsWith('+++'))
  expect(added).toHaveLength(2)
  expect(lines.filter(line => line.startsWith('-') && !line.startsWith('---'))).toHaveLength(1)
  const migrated = patched(program, migration).split('\n')
  expect(migrated).toHaveLength(program.split('\n').length + 1)
  expect(migrated.filter(line => !program.split('\n').includes(line))).toEqual(added.map(line => line.slice(1)))
  expect(() => patched(`// another first line\n${program}`, migration)).toThrow('line 4 is not')
})

describe.each([
  { name: 'nats', client: nats2 },
  { name: '@nats-io/transport-node', client: nats3 },
])('with $name', ({ client }) => {
  test('the original program receives everything if nothing is lost', async () => {
    expect(await run(program, client, longestWait, server.server().url)).toEqual(complete)
  })

  test('the original program misses messages over a lossy link', async () => {
    const link = await server.link(unkind())
    const printed = await run(program, client, 300, link.url)
    expect(printed.at(-1)).toMatch(/^missing: [1-9]/)
    expect(printed).not.toContain('twice or out of order: 0')
  })

  test('the migrated program misses nothing over a lossy link', async () => {
    const link = await server.link(unkind())
    expect(await run(patched(program, migration), client, longestWait, link.url)).toEqual(complete)
  })
})
