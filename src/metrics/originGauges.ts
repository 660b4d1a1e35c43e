/** Gauges of single origins. Both adapters export them on request only. */
import type { OriginStats } from '../core/receiver/ReceiverStats.ts'
import type { SenderOriginStats, SenderStats } from '../nats/publish/senderStats.ts'
import type { ReceiverStats } from '../nats/receive/receiverStats.ts'

export interface OriginGauge {
  readonly name: string
  readonly unit: string
  readonly help: string
  /** The value of an origin; `undefined` if it has none. */
  readonly received: (stats: OriginStats) => number | undefined
  readonly sent: (stats: SenderOriginStats) => number | undefined
}

/** The value of one origin. If several sources follow it, there is one for each. */
export interface OriginSample {
  readonly origin: string
  readonly side: 'sender' | 'receiver'
  readonly value: number
}

export const originGauges: ReadonlyArray<OriginGauge> = [
  {
    name: 'newest',
    unit: '1',
    help: 'The newest number of an origin',
    received: s => s.newest,
    sent: s => s.newest,
  },
  {
    name: 'settled',
    unit: '1',
    help: 'The number up to which all messages are delivered or reported lost',
    received: s => s.settled,
    sent: () => undefined,
  },
  {
    name: 'missing',
    unit: '{message}',
    help: 'Messages of an origin that are missing',
    received: s => s.missing,
    sent: () => undefined,
  },
  {
    name: 'silent',
    unit: '1',
    help: '1 if the sender of an origin is silent',
    received: s => (s.isSilent ? 1 : 0),
    sent: () => undefined,
  },
]

const ofOrigin = (
  origin: string,
  side: OriginSample['side'],
  value: number | undefined,
): ReadonlyArray<OriginSample> => (value === undefined ? [] : [{ origin, side, value }])

export const originSamples = (
  { received, sent }: OriginGauge,
  stats: ReadonlyArray<SenderStats | ReceiverStats>,
): ReadonlyArray<OriginSample> =>
  stats.flatMap(s =>
    s.side === 'Sender'
      ? s.origins().flatMap(o => ofOrigin(o.origin, 'sender', sent(o)))
      : s.origins().flatMap(o => ofOrigin(o.origin, 'receiver', received(o))),
  )
