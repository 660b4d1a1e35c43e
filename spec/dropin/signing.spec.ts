import { describe, expect, test } from '@jest/globals'
import { createUser, fromPublic } from '@nats-io/nkeys'
import { signWith, verifyWith } from '../../src/signing.ts'
import { withServer } from '../nats/clients.ts'
import { drop, pass } from '../server/lossyLink.ts'
import { dial, dialSequenced, kinds, listening, texts, told, until } from './bench.ts'

const server = withServer()

const keys = createUser()
const sign = signWith(keys)
const verify = verifyWith([fromPublic(keys.getPublicKey())])

describe.each(kinds)('with $name', kind => {
  test('signed messages are delivered, also recovered ones, and forged messages are not', async () => {
    const isSecond = ({ subject }: { readonly subject: string }): boolean => subject === 'updates.2'
    const receiving = await dialSequenced(server, kind, { verify }, d => (isSecond(d) ? drop : pass))
    const { seen } = listening(receiving.nc, 'updates')
    await receiving.nc.flush()
    const stranger = await dial(server, kind)
    for (const subject of ['updates', 'updates.1', 'updates.3']) stranger.publish(subject, 'forged')
    await stranger.flush()
    const { nc } = await dialSequenced(server, kind, { sign })
    for (const text of ['a', 'b', 'c']) nc.publish('updates', text)
    await until('all have come', () => seen.length === 3)
    expect(texts(seen)).toEqual(['a', 'b', 'c'])
    expect(told(receiving.notices, 'Unverified').length).toBeGreaterThan(0)
    expect(told(receiving.notices, 'Lost')).toEqual([])
  })
})
