// A rolling restart with a drop-in: an old and a new sender of one `single` subject are live at the same time.
import { describe, expect, test } from '@jest/globals'
import { kinds as clients, withServer } from '../nats/clients.ts'
import { overlapped, overlaps } from '../nats/overlap.ts'
import type { Msg } from './bench.ts'
import { dialSequenced, kinds, texts, until } from './bench.ts'

const server = withServer()

describe.each(kinds)('with $name', kind => {
  test.each(overlaps)('every message of both is delivered ($before before, from $from)', async overlap => {
    const { nc } = await dialSequenced(server, kind)
    const seen: Array<Msg> = []
    nc.subscribe('updates', { callback: (_, m) => void seen.push(m) })
    await nc.flush()
    const client = clients.find(c => c.name === kind.name)
    if (client === undefined) throw new Error(`no client is called ${kind.name}`)
    const sent = await overlapped(await server.connect(client), await server.connect(client), overlap)
    await until('all are delivered', () => new Set(texts(seen)).size === sent.length)
    expect([...new Set(texts(seen))].toSorted()).toEqual(sent)
  })
})
