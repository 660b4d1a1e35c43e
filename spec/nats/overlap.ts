// An old and a new sender of one `single` subject that overlap.
import { setTimeout as pause } from 'node:timers/promises'
import type { Connection } from '../../src/nats/client/Connection.ts'
import { publisher } from '../../src/nats/publish/publisher.ts'
import { range, within } from './clients.ts'

/** How many messages the old sender has sent before, and where the new one starts. */
export const overlaps = [
  { before: 60, from: 1 },
  { before: 5, from: 1 },
  { before: 20, from: 1 },
  { before: 0, from: 1 },
  // The new sender starts at the number that the receiver expects next.
  { before: 20, from: 21 },
  { before: 20, from: 'clock' },
  { before: 0, from: 'clock' },
] as const

const both = 25
const after = 20

/** Both publish every 10 ms, the old one closes, the new one continues. Resolves with all payloads, sorted. */
export const overlapped = async (
  first: Connection,
  second: Connection,
  { before, from }: (typeof overlaps)[number],
): Promise<ReadonlyArray<string>> => {
  const old = publisher(first, 'updates')
  for (const n of range(1, before)) old.publish(`old ${n}`)
  await first.flush()
  await pause(100)
  const next = publisher(second, 'updates', { from })
  for (const n of range(1, both)) {
    old.publish(`old ${before + n}`)
    next.publish(`new ${n}`)
    await pause(10)
  }
  await within('the old one closes', old.close())
  for (const n of range(both + 1, both + after)) {
    next.publish(`new ${n}`)
    await pause(10)
  }
  await within('the new one closes', next.close())
  return [...range(1, before + both).map(n => `old ${n}`), ...range(1, both + after).map(n => `new ${n}`)].toSorted()
}
