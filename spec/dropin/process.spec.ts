// Behaviour that is visible only from outside the process.
import { describe, expect, test } from '@jest/globals'
import type { Outcome } from '../moduleProcess.ts'
import { runModule } from '../moduleProcess.ts'
import { withServer } from '../nats/clients.ts'
import { drop, pass } from '../server/lossyLink.ts'
import { kinds } from './bench.ts'

const server = withServer()

/** Runs a module that connects with this client. */
const run = (client: string, body: string, url = server.server().url): Promise<Outcome> =>
  runModule(`
    import { connect } from '${client}'
    import { notices, sequenced } from './src/index.ts'
    const dial = () => connect({ servers: '${url}', reconnect: false })
    ${body}`)

describe.each(kinds)('with $name', ({ name }) => {
  test('nothing keeps the process alive, for any end of the connection', async () => {
    const outcome = await run(
      name,
      `
      // Connections that have published, hold a gap open, and have readers.
      const busy = async subject => {
        const plain = await dial()
        let gap = () => {}
        const hasGap = new Promise(resolve => { gap = resolve })
        const onNotice = n => { if (n.notice._tag === 'Gap') gap() }
        const nc = sequenced(plain, { subjects: [subject], gapTimeout: 600_000, onNotice })
        const readers = [notices(nc), nc.subscribe(subject)].map(async items => { for await (const _ of items); })
        nc.subscribe(subject, { callback: () => {} })
        nc.publish(subject, '1')
        await nc.flush()
        plain.publish(subject + '.9', 'nobody has sent 2 to 8')
        await hasGap
        return { nc, plain, readers }
      }
      const closed = await busy('a')
      await closed.nc.close()
      const closedBelow = await busy('b')
      await closedBelow.plain.close()
      await Promise.all([...closed.readers, ...closedBelow.readers])

      const nc = sequenced(await dial(), { subjects: ['c'] })
      const read = (async () => { for await (const n of notices(nc)); })()
      const seen = []
      nc.subscribe('c', { callback: (_, m) => seen.push(m.string()) })
      nc.publish('c', '1')
      await nc.drain()
      await read
      console.log(seen.join())`,
    )
    expect(outcome).toEqual({ code: 0, out: '1\n', err: '' })
  })

  test('an error of a handler becomes an uncaught exception, other messages are delivered, and an unread loss is printed', async () => {
    const lost = ['b.2', 'c.2']
    const link = await server.link(d => (lost.includes(d.subject) ? drop : pass))
    const outcome = await run(
      name,
      `
      process.on('uncaughtException', e => console.log('uncaught', e.message))
      const texts = ['1', '2', '3', '4']
      const a = sequenced(await dial(), { subjects: ['a'] })
      const end = new Promise(resolve => a.subscribe('a', {
        callback: (_, m) => {
          console.log('a', m.string())
          if (m.string() === '4') resolve()
          if (m.string() === '2') throw new Error('by a callback')
        },
      }))
      for (const text of texts) a.publish('a', text)
      await end
      await a.close()

      const b = sequenced(await dial(), { subjects: ['b'], onNotice: n => { throw new Error('by onNotice: ' + n.notice._tag) } })
      const sub = b.subscribe('b', { max: 4 })
      for (const text of texts) b.publish('b', text)
      for await (const m of sub) console.log('b', m.string())
      await b.close()

      const c = sequenced(await dial(), { subjects: ['c'], history: { messages: 0 } })
      const lossy = c.subscribe('c', { max: 3 })
      for (const text of texts) c.publish('c', text)
      for await (const m of lossy) console.log('c', m.string())
      await c.close()`,
      link.url,
    )
    const lines = outcome.out.split('\n')
    const those = (word: string): ReadonlyArray<string> => lines.filter(line => line.startsWith(word))
    expect(those('a')).toEqual(['a 1', 'a 2', 'a 3', 'a 4'])
    expect(those('b')).toEqual(['b 1', 'b 2', 'b 3', 'b 4'])
    expect(those('c')).toEqual(['c 1', 'c 3', 'c 4'])
    expect(those('uncaught').slice(0, 2)).toEqual(['uncaught by a callback', 'uncaught by onNotice: Gap'])
    expect(outcome.err).toContain('SequencedWarning: c: 1 message lost (2)')
    expect(outcome.code).toBe(0)
  })
})
