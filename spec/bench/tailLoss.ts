// How soon the loss of a last message is noticed: the link drops it, and no later message shows the gap.
import { setTimeout as pause } from 'node:timers/promises'
import { publishers, subscribe } from '../../src/index.ts'
import { drop, pass, startLossyLink } from '../server/lossyLink.ts'
import type { Kind } from './contenders.ts'

/** Times in ms from `publish` to the notice of the gap, ascending. */
export const tailLosses = async (
  kind: Kind,
  server: { readonly port: number; readonly url: string },
  { subjects, losses }: { readonly subjects: number; readonly losses: number },
): Promise<ReadonlyArray<number>> => {
  const link = await startLossyLink(server.port)
  const [sender, receiver] = [await kind.connect(server.url), await kind.connect(link.url)]
  try {
    let lost = ''
    link.setFate(({ subject }) => (subject === lost ? drop : pass))
    let onGap: () => void = () => undefined
    let joined = 0
    subscribe(receiver.nc, 'tail.*', {
      maxOrigins: subjects + 1,
      callback: d => {
        if (d._tag === 'Message') joined += 1
        if (d._tag === 'Gap') onGap()
      },
    })
    await receiver.nc.flush()
    const { publish } = publishers(sender.nc, 'tail.*')
    for (let i = 0; i < subjects; i++) publish(`tail.s${i}`, '')
    while (joined < subjects) await pause(10)
    // The heartbeats that follow a message at short intervals are over.
    await pause(6000)
    const times: number[] = []
    for (let i = 0; i < losses; i++) {
      const subject = `tail.s${i % subjects}`
      const noticed = new Promise<void>(resolve => {
        onGap = resolve
      })
      lost = `${subject}.${2 + 2 * Math.floor(i / subjects)}`
      const publishedAt = performance.now()
      publish(subject, '')
      await noticed
      times.push(performance.now() - publishedAt)
      // The next number of the subject arrives, so that each loss is one of its own.
      publish(subject, '')
      await pause(20 + (i % 7))
    }
    return times.sort((a, b) => a - b)
  } finally {
    await receiver.nc.close()
    await sender.nc.drain()
    await link.close()
  }
}
