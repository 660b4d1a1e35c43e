// A sequenced connection must behave like a plain one. Each scenario runs on both, with both clients. The application
// must see the same results, except for the differences that docs/guides/drop-in.md names.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { NatsServer } from '../server/natsServer.ts'
import { startNatsServer } from '../server/natsServer.ts'
import type { Json, Kind, Mode } from './bench.ts'
import { kinds, run, showError, within } from './bench.ts'
import type { Scenario } from './scenarios/Scenario.ts'
import { scenarios } from './scenarios.ts'

interface Seen {
  /** The scenario's result, or its error. */
  readonly observation: { readonly seen: Json } | { readonly failed: Json }
  /** Notices that a sequenced connection should not report. */
  readonly grave: ReadonlyArray<string>
}

interface Observed {
  readonly plain: Seen
  readonly sequenced: Seen
}

const grave = ['Lost', 'Overflowed', 'Conflict', 'Mismatch', 'NotPermitted', 'SenderConflict', 'NotResent']

const observe = async (scenario: Scenario, kind: Kind, mode: Mode, server: NatsServer): Promise<Seen> => {
  const { bench, notices, anonymous, end } = run(kind, mode, server)
  const observation = await within(scenario.name, scenario.run(bench)).then(
    seen => ({ seen }),
    cause => ({ failed: showError(cause) }),
  )
  await end()
  return {
    observation: JSON.parse(anonymous(JSON.stringify(observation))),
    grave: notices.map(n => n.notice._tag).filter(tag => grave.includes(tag)),
  }
}

/** A scenario mostly waits, so several run in parallel. */
const width = 10

const observeAll = async (kind: Kind, server: NatsServer): Promise<ReadonlyMap<string, Observed>> => {
  const observed = new Map<string, Observed>()
  const waiting = [...scenarios]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const plain = await observe(next, kind, 'plain', server)
      observed.set(next.name, { plain, sequenced: await observe(next, kind, 'sequenced', server) })
    }
  }
  await Promise.all(Array.from({ length: width }, work))
  return observed
}

const docs = readFileSync(join(__dirname, '..', '..', 'docs', 'guides', 'drop-in.md'), 'utf8')

test('there are at least 60 scenarios, each with a unique name', () => {
  expect(scenarios.length).toBeGreaterThanOrEqual(60)
  expect(new Set(scenarios.map(s => s.name)).size).toBe(scenarios.length)
})

test.each(scenarios.flatMap(s => (s.differs === undefined ? [] : [s.differs])))(
  'the docs name a difference: $reason',
  ({ reason }) => {
    expect(docs).toContain(reason)
  },
)

describe.each(kinds)('with $name', kind => {
  let server: NatsServer
  let observed: ReadonlyMap<string, Observed>
  beforeAll(async () => {
    server = await startNatsServer()
    observed = await observeAll(kind, server)
  })
  afterAll(() => server.stop())

  test.each(scenarios)('$name', ({ name, differs }) => {
    const { plain, sequenced } = observed.get(name) ?? {}
    expect(plain?.observation).not.toHaveProperty('failed')
    if (differs === undefined) expect(sequenced?.observation).toEqual(plain?.observation)
    else {
      expect(plain?.observation).toEqual({ seen: differs.plain })
      expect(sequenced?.observation).toEqual({ seen: differs.sequenced })
    }
    if (differs === undefined) expect(sequenced?.grave).toEqual([])
  })
})
