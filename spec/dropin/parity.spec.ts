// A sequenced connection must behave like a plain one. Each scenario runs on both, with both clients, and with the fake
// server. The application must see the same results, except for the differences that docs/guides/drop-in.md names.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startLossyLink } from '../server/lossyLink.ts'
import { startNatsServer } from '../server/natsServer.ts'
import { fakeKind, startFakeServer } from '../testing/fakeKind.ts'
import type { Kind, Place } from './bench.ts'
import { kinds } from './bench.ts'
import type { Seen } from './observe.ts'
import { observe } from './observe.ts'
import { scenarios } from './scenarios.ts'

interface Observed {
  readonly plain: Seen
  readonly sequenced: Seen
}

/** A scenario mostly waits, so several run in parallel. */
const width = 10

const observeAll = async (kind: Kind, place: Place): Promise<ReadonlyMap<string, Observed>> => {
  const observed = new Map<string, Observed>()
  const waiting = [...scenarios]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const plain = await observe(next, kind, 'plain', place)
      observed.set(next.name, { plain, sequenced: await observe(next, kind, 'sequenced', place) })
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

interface Started {
  readonly place: Place
  readonly stop: () => Promise<void>
}

const startServer = async (): Promise<Started> => {
  const { url, port, stop } = await startNatsServer()
  return { place: { url, link: fate => startLossyLink(port, fate) }, stop }
}

const startFake = async (): Promise<Started> => ({ place: startFakeServer(), stop: async () => undefined })

describe.each([
  ...kinds.map(kind => ({ kind, name: kind.name, start: startServer })),
  { kind: fakeKind, name: fakeKind.name, start: startFake },
])('with $name', ({ kind, start }) => {
  let started: Started
  let observed: ReadonlyMap<string, Observed>
  beforeAll(async () => {
    started = await start()
    observed = await observeAll(kind, started.place)
  })
  afterAll(() => started.stop())

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
