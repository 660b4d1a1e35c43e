// The server disconnects a receiver that stops reading. The receiver still loses nothing.
import { describe, expect, test } from '@jest/globals'
import { publisher } from '../../../src/nats/publish/publisher.ts'
import { eventually, grown, kinds, range, withServer } from '../clients.ts'
import { patient } from '../patient.ts'
import { startReceivers } from '../receiversChild.ts'

const bench = withServer({ monitor: true, config: 'max_pending: 1MB\nwrite_deadline: "1s"' })

const slowConsumers = async (): Promise<number> => {
  const varz: unknown = await (await fetch(`${bench.server().monitorUrl}/varz`)).json()
  return typeof varz === 'object' && varz !== null && 'slow_consumers' in varz
    ? Number(varz.slow_consumers)
    : Number.NaN
}

describe.each(kinds)('with $name', kind => {
  test('a process that was suspended for seconds receives all of 50,000 messages, unlike a plain subscription', async () => {
    const count = 50_000
    const { child, progress, begin, end } = await startReceivers({
      client: kind.name,
      servers: bench.server().url,
      count: 1,
      plain: true,
      options: patient,
    })
    bench.after(end)
    begin()
    await progress.until('it listens', p => p.length > 0)
    const before = await slowConsumers()

    const nc = await bench.connect(kind)
    const updates = publisher(nc, 'updates', { history: { messages: count, bytes: 64 * 1024 * 1024 } })
    const text = (n: number): string => `${n}`.padEnd(512, '.')
    updates.publish(text(1))
    await progress.until('it has the first', p => p.at(-1)?.accounted[0] === 1)
    child.kill('SIGSTOP')
    for (const n of range(2, count)) {
      updates.publish(text(n))
      // At most 5 MB per second.
      if (n % 500 === 0) await nc.flush()
    }
    // The server disconnects the receiver's two connections, ours and the plain one.
    await eventually('they are cut off', async () => (await slowConsumers()) >= before + 2)
    child.kill('SIGCONT')
    await grown('all of them', () => progress.seen.at(-1)?.accounted[0] ?? 0, count)
    const all = progress.seen
    expect(all.at(-1)).toMatchObject({ delivered: [count], accounted: [count], wrong: [] })
    // On a busy machine the server may disconnect it again during the recovery.
    expect(all.at(-1)?.reconnects).toBeGreaterThanOrEqual(1)
    expect(count - (all.at(-1)?.plain ?? count)).toBeGreaterThanOrEqual(10_000)
  })
})
