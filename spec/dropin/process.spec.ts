// What can only be seen from outside of the process.
import { execFile } from 'node:child_process'
import { describe, expect, test } from '@jest/globals'
import { withServer } from '../nats/clients.ts'
import { drop, pass } from '../server/lossyLink.ts'
import { kinds } from './bench.ts'

const server = withServer()

interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a module in a process of its own; it has 15 s to end by itself. */
const run = (client: string, body: string, url = server.server().url): Promise<Outcome> => {
  const script = `
    import { connect } from '${client}'
    import { notices, sequenced } from './src/index.ts'
    const plain = await connect({ servers: '${url}', reconnect: false })
    ${body}`
  const args = ['--import', 'tsx', '--input-type=module', '-e', script]
  return new Promise(resolve => {
    execFile(process.execPath, args, { timeout: 15_000, killSignal: 'SIGKILL' }, (error, out, err) =>
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, out, err }),
    )
  })
}

/** A connection that has published, holds a gap open, and has a reader of its notices. */
const busy = `
  const nc = sequenced(plain, { subjects: ['updates'], deadline: 60_000, onNotice: n => {
    if (n.notice._tag === 'Gap') gap()
  } })
  let gap = () => {}
  const hasGap = new Promise(resolve => { gap = resolve })
  const read = (async () => { for await (const n of notices(nc)); })()
  const sub = nc.subscribe('updates', { callback: () => {} })
  const iterated = (async () => { for await (const m of nc.subscribe('updates')); })()
  nc.publish('updates', '1')
  await nc.flush()
  plain.publish('updates.9', 'nobody has sent 2 to 8')
  await hasGap`

describe.each(kinds)('with $name', ({ name }) => {
  test.each(['nc.close()', 'plain.close()'])('nothing keeps the process alive after %s', async end => {
    const outcome = await run(name, `${busy}\nawait ${end}\nawait read\nawait iterated\nconsole.log('closed')`)
    expect(outcome).toEqual({ code: 0, out: 'closed\n', err: '' })
  })

  test('nothing keeps the process alive after nc.drain()', async () => {
    const outcome = await run(
      name,
      `
      const nc = sequenced(plain, { subjects: ['updates'] })
      const read = (async () => { for await (const n of notices(nc)); })()
      const seen = []
      nc.subscribe('updates', { callback: (_, m) => seen.push(m.string()) })
      nc.publish('updates', '1')
      await nc.drain()
      await read
      console.log(seen.join())`,
    )
    expect(outcome).toEqual({ code: 0, out: '1\n', err: '' })
  })

  test('what a handler throws becomes an uncaught exception, and the other messages still come', async () => {
    const outcome = await run(
      name,
      `
      process.on('uncaughtException', e => console.log('uncaught', e.message))
      const nc = sequenced(plain, { subjects: ['updates'] })
      nc.subscribe('updates', {
        callback: (_, m) => {
          console.log(m.string())
          if (m.string() === '2') throw new Error('bad')
          if (m.string() === '4') nc.close()
        },
      })
      await nc.flush()
      for (const text of ['1', '2', '3', '4']) {
        nc.publish('updates', text)
        await nc.flush()
      }`,
    )
    expect(outcome.out.split('\n').sort()).toEqual(['', '1', '2', '3', '4', 'uncaught bad'])
  })

  test('so does what onNotice throws', async () => {
    const link = await server.link(d => (d.subject === 'updates.2' ? drop : pass))
    const outcome = await run(
      name,
      `
      process.on('uncaughtException', e => console.log('uncaught', e.message))
      const nc = sequenced(plain, { subjects: ['updates'], onNotice: n => { throw new Error(n.notice._tag) } })
      nc.subscribe('updates', { callback: (_, m) => { if (m.string() === '3') nc.close() } })
      for (const text of ['1', '2', '3']) nc.publish('updates', text)`,
      link.url,
    )
    expect(outcome.out.split('\n')[0]).toBe('uncaught Gap')
    expect(outcome.code).toBe(0)
  })

  test('a loss that nobody listens for is printed as a warning', async () => {
    const link = await server.link(d => (d.subject === 'updates.2' ? drop : pass))
    const outcome = await run(
      name,
      `
      const nc = sequenced(plain, { subjects: ['updates'], history: { messages: 0 } })
      const sub = nc.subscribe('updates', { max: 2 })
      for (const text of ['1', '2', '3']) nc.publish('updates', text)
      for await (const m of sub) console.log(m.string())
      await nc.close()`,
      link.url,
    )
    expect([outcome.code, outcome.out]).toEqual([0, '1\n3\n'])
    expect(outcome.err).toContain('SequencedWarning: updates: 1 message lost (2)')
  })
})
