// Behaviour that is visible only from outside the process.
import { describe, expect, test } from '@jest/globals'
import type { Outcome } from '../moduleProcess.ts'
import { runModule } from '../moduleProcess.ts'
import { kinds, withServer } from './clients.ts'

const bench = withServer()

/** Runs a module with a connection of this client. */
const run = (client: string, body: string): Promise<Outcome> =>
  runModule(`
    import { connect } from '${client}'
    import { publisher, subscribe } from './src/index.ts'
    const nc = await connect({ servers: '${bench.server().url}', reconnect: false })
    ${body}`)

describe.each(kinds)('with $name', ({ name }) => {
  test('nothing keeps the process alive once publisher, subscription and connection are closed', async () => {
    const outcome = await run(
      name,
      `
      const sub = subscribe(nc, 'updates', { gapTimeout: 600_000 })
      const other = subscribe(nc, 'updates', { maxMessages: 10, gapTimeout: 600_000, callback: () => {} })
      const updates = publisher(nc, 'updates')
      updates.publish('1')
      for await (const d of sub) {
        if (d._tag === 'Message') nc.publish('updates.3', 'held back')
        if (d._tag === 'Gap') break
      }
      other.close()
      await updates.close()
      await nc.close()
      console.log('closed')`,
    )
    expect(outcome).toEqual({ code: 0, out: 'closed\n', err: '' })
  })

  test('closing only the connection is enough', async () => {
    const outcome = await run(
      name,
      `
      const sub = subscribe(nc, 'updates', { gapTimeout: 600_000 })
      const updates = publisher(nc, 'updates')
      updates.publish('1')
      for await (const d of sub) {
        if (d._tag === 'Message') nc.publish('updates.3', 'held back')
        if (d._tag === 'Gap') await nc.close()
      }
      console.log('closed')`,
    )
    expect(outcome).toEqual({ code: 0, out: 'closed\n', err: '' })
  })

  test('a full queue that is closed and read to its end keeps nothing alive', async () => {
    const outcome = await run(
      name,
      `
      const sub = subscribe(nc, 'updates', { maxMessages: 10, gapTimeout: 600_000 })
      // What it gets, the other has had.
      const behind = subscribe(nc, 'updates')
      const updates = publisher(nc, 'updates')
      for (let i = 0; i < 100; i++) updates.publish('x')
      for await (const d of behind) if (d._tag === 'Message' && d.number === 100) break
      sub.close()
      let n = 0
      for await (const d of sub) n += 1
      await updates.close()
      nc.drain()
      console.log(n > 0 && n <= 11)`,
    )
    expect(outcome).toEqual({ code: 0, out: 'true\n', err: '' })
  })

  test('an error of a callback becomes an uncaught exception, and other messages are delivered', async () => {
    const outcome = await run(
      name,
      `
      process.on('uncaughtException', e => console.log('uncaught', e.message))
      const updates = publisher(nc, 'updates')
      subscribe(nc, 'updates', {
        callback: d => {
          if (d._tag !== 'Message') return
          console.log(d.number)
          if (d.number === 2) throw new Error('bad')
          if (d.number === 4) nc.close()
        },
      })
      await nc.flush()
      for (const text of ['a', 'b', 'c', 'd']) {
        updates.publish(text)
        await nc.flush()
      }`,
    )
    expect(outcome.out.split('\n').sort()).toEqual(['', '1', '2', '3', '4', 'uncaught bad'])
  })

  test('and ends the process, with its trace, if nobody handles it', async () => {
    const outcome = await run(
      name,
      `
      const updates = publisher(nc, 'updates')
      subscribe(nc, 'updates', { callback: () => { throw new Error('bad') } })
      updates.publish('x')`,
    )
    expect(outcome.code).toBe(1)
    expect(outcome.err).toContain('Error: bad')
  })
})
