import { describe, expect, it } from '@jest/globals'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import type { Delivery } from '../../../src/core/receiver/Delivery.ts'
import type { ConnectionEvent, LossLog } from '../../../src/core/receiver/LossReport.ts'
import * as LossReport from '../../../src/core/receiver/LossReport.ts'
import { explainLossReport } from '../../../src/nats/receive/explainLosses.ts'
import { single } from '../../core/receiver/receiverHarness.ts'

const { subject } = single()
const n = SequenceNumber.nearest
const start = Date.UTC(2026, 0, 31, 12)

const gap = (first: number, last: number, origin = 'updates'): Delivery<unknown> => ({
  _tag: 'Gap',
  origin,
  subject,
  sender: undefined,
  first: n(first),
  last: n(last),
  noticedBy: 'Data',
})
const lost = (first: number, last: number | undefined, origin = 'updates'): Delivery<unknown> => ({
  _tag: 'Lost',
  origin,
  subject,
  sender: undefined,
  first: n(first),
  last: last === undefined ? undefined : n(last),
  reason: last === undefined ? 'gone' : 'evicted',
})

const seen = (
  log: LossLog,
  delivery: Delivery<unknown>,
  ms: number,
  events: ReadonlyArray<ConnectionEvent> = [],
  refusedBy: ReadonlyArray<string> = [],
): LossLog => LossReport.record({ delivery, at: start + ms, since: start, epoch: undefined, refusedBy, events })(log)

/** The lines, with one space between columns. */
const lines = (log: LossLog): ReadonlyArray<string> =>
  explainLossReport(LossReport.report(log))
    .split('\n')
    .map(line => line.replaceAll(/ +/g, ' '))

describe('the table of a loss report', () => {
  it('says that nothing was lost', () => {
    expect(lines(LossReport.empty)).toEqual(['Nothing was lost.'])
  })

  it('has a line for each range, and a total', () => {
    const events: ReadonlyArray<ConnectionEvent> = [{ _tag: 'Disconnected', at: start + 10, until: start + 900 }]
    const noticed = seen(LossReport.empty, gap(3, 9), 1000, events)
    const refused = seen(noticed, lost(3, 9), 1020, events, ['sender', 'stream CHAT'])
    expect(lines(seen(refused, lost(20, undefined), 5000))).toEqual([
      'origin numbers messages losses first last reason explanation',
      'updates 3 to 9 7 1 2026-01-31T12:00:01.020Z 2026-01-31T12:00:01.020Z evicted (sender, stream CHAT) this client was disconnected from 2026-01-31T12:00:00.010Z to 2026-01-31T12:00:00.900Z',
      'updates 20 and later 1 or more 1 2026-01-31T12:00:05.000Z 2026-01-31T12:00:05.000Z gone nothing at this connection',
      'total 8 or more 2 2026-01-31T12:00:01.020Z 2026-01-31T12:00:05.000Z',
    ])
  })

  it('is aligned', () => {
    const log = seen(seen(LossReport.empty, lost(3, 9), 1), lost(100, 2000, 'a.longer.origin'), 2)
    const starts = explainLossReport(LossReport.report(log))
      .split('\n')
      .map(line => [...line.matchAll(/ {2,}(?=\S)/g)].slice(0, 2).map(m => m.index + m[0].length))
    expect(starts.slice(1, 3)).toEqual([starts[0], starts[0]])
  })

  it('sums up what is no longer listed', () => {
    const ranges = Array.from({ length: 66 }, (_, i) => lost(10 * i + 1, 10 * i + 1))
    const origins = Array.from({ length: 1024 }, (_, i) => lost(1, 1, `updates.${i}`))
    expect(lines(ranges.reduce((log, d) => seen(log, d, 0), LossReport.empty))[1]).toMatch(/^updates earlier ones 2 2 /)
    expect(lines([...ranges, ...origins].reduce((log, d) => seen(log, d, 0), LossReport.empty)).at(-2)).toMatch(
      /^other origins 66 66 /,
    )
  })
})
