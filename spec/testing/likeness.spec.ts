// A fake connection behaves as a connection of `nats` 2.29 to a real server: in each scenario an application sees the same.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { kinds } from '../dropin/bench.ts'
import { observe } from '../dropin/observe.ts'
import { scenarios } from '../dropin/scenarios.ts'
import { startLossyLink } from '../server/lossyLink.ts'
import type { NatsServer } from '../server/natsServer.ts'
import { startNatsServer } from '../server/natsServer.ts'
import { fakeKind, startFakeServer } from './fakeKind.ts'

const [client] = kinds.filter(kind => kind.name === 'nats')

/** The intended differences. */
const differ: ReadonlyMap<string, string> = new Map([
  ['the class of a connection', 'it has a class of its own'],
  ['headers that were not made by the client', 'the message has a remedy'],
  ['statuses of a reconnect', 'there is no event `update`, because there are no other servers'],
])

describe('a fake connection', () => {
  let server: NatsServer
  beforeAll(async () => {
    server = await startNatsServer()
  })
  afterAll(() => server.stop())

  test.each(scenarios.filter(s => !differ.has(s.name)))('$name', async scenario => {
    if (client === undefined) throw new Error('nats is missing')
    const real = { url: server.url, link: () => startLossyLink(server.port) }
    const [expected, actual] = await Promise.all([
      observe(scenario, client, 'plain', real),
      observe(scenario, fakeKind, 'plain', startFakeServer()),
    ])
    expect(actual.observation).toEqual(expected.observation)
  })
})
