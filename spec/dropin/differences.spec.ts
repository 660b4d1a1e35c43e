// Differences that docs/guides/drop-in.md names, beside those in the scenarios and the refusals.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { withServer } from '../nats/clients.ts'
import { dial, dialSequenced, kinds, listening, tried, until } from './bench.ts'

const server = withServer()

const docs = readFileSync(join(__dirname, '..', '..', 'docs', 'guides', 'drop-in.md'), 'utf8')

describe.each(kinds)('with $name', kind => {
  test('json() of a message without JSON throws the error of JSON.parse', async () => {
    expect(docs).toContain('`json()` throws the `SyntaxError` of JSON.')
    const { nc } = await dialSequenced(server, kind)
    const { seen } = listening(nc, 'updates')
    nc.publish('updates', '{')
    await until('it has come', () => seen.length === 1)
    expect(seen.map(m => tried(() => m.json()))).toMatchObject([{ name: 'SyntaxError' }])
  })

  test('drain() ends the sequence for subscribers', async () => {
    expect(docs).toContain('Receivers hear three times that nothing follows')
    const [sender, receiver] = [await dialSequenced(server, kind), await dialSequenced(server, kind)]
    listening(receiver.nc, 'updates')
    await receiver.nc.flush()
    sender.nc.publish('updates', 'x')
    await sender.nc.drain()
    await until('it is told', () => receiver.notices.some(n => n.notice._tag === 'Ended'))
  })

  test('a message below a numbered subject counts as numbered while that subject has a sender, if its token is a number', async () => {
    expect(docs).toContain(
      'while `updates` has a sender, what others publish to `updates.5` reads as message 5 of `updates`',
    )
    const [{ nc }, plain] = [await dialSequenced(server, kind), await dial(server, kind)]
    const sender = (await dialSequenced(server, kind)).nc
    const { seen } = listening(nc, 'updates')
    await nc.flush()
    sender.publish('updates', '1')
    await until('the message has come', () => seen.length === 1)
    plain.publish('updates.2', '2')
    await until('it has come', () => seen.length === 2)
    expect(seen.map(m => `${m.subject} ${m.string()}`)).toEqual(['updates 1', 'updates 2'])
  })
})
