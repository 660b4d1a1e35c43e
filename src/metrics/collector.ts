/**
 * Reads the statistics of many sources as samples of metrics. A counter goes on when a source is no longer listed, so
 * that it never falls.
 */
import type { ConnectionStats } from '../dropin/connectionStats.ts'
import type { SenderStats } from '../nats/publish/senderStats.ts'
import type { ReceiverStats } from '../nats/receive/receiverStats.ts'
import type { Metric, Reading } from './Metric.ts'
import { receiverMetrics, senderMetrics, sharedMetrics } from './Metric.ts'

/**
 * Something with statistics: a publisher, a subscription, or `{ stats: () => stats(nc) }` for a wrapped connection.
 *
 * @since 0.1.0
 */
export interface StatsSource {
  /** Its statistics at the moment of the call. */
  readonly stats: () => SenderStats | ReceiverStats | ConnectionStats
}

/** The value of a metric at one moment. */
export interface Sample {
  readonly metric: Metric
  /** The value of the metric's label, if it has one. */
  readonly label: string | undefined
  /** The numbered subjects, if all values are of the same filter: `updates.*`. */
  readonly subjects: string | undefined
  readonly value: number
}

export interface Collector {
  /** The samples of all metrics. */
  readonly collect: () => ReadonlyArray<Sample>
  /** The statistics that the last call of `collect` has read. */
  readonly read: () => ReadonlyArray<SenderStats | ReceiverStats>
}

/** The statistics that one source has: one record, or those of both sides. */
const sidesOf = (stats: SenderStats | ReceiverStats | ConnectionStats): ReadonlyArray<SenderStats | ReceiverStats> =>
  'side' in stats ? [stats] : [stats.sender, stats.receiver]

const samplesOf = <S>(
  readings: ReadonlyArray<Reading<S>>,
  subjects: string | undefined,
  stats: S,
): ReadonlyArray<Sample> =>
  readings.flatMap((metric): ReadonlyArray<Sample> => {
    const read = metric.read(stats)
    return typeof read === 'number'
      ? [{ metric, label: undefined, subjects, value: read }]
      : Object.entries(read).map(([label, value]) => ({ metric, label, subjects, value }))
  })

/** The key of a value within one source. Its subjects can change: a wrapped connection opens publishers on demand. */
const valueKey = ({ metric, label = '' }: Sample): string => `${metric.name} ${label}`

const keyOf = (sample: Sample): string => `${valueKey(sample)} ${sample.subjects ?? ''}`

type ByKey = Map<string, Sample>

/**
 * @param sources the sources of the moment. Each object is one source: return the same one as long as it is open
 */
export const createCollector = (sources: () => Iterable<StatsSource>): Collector => {
  /** The counters of all sources, past ones included. */
  const totals: ByKey = new Map()
  /** The last value of each counter of a source, or of a connection. */
  const previous = new WeakMap<object, ReadonlyMap<string, number>>()

  const add = (to: ByKey, sample: Sample, value: number): void => {
    const key = keyOf(sample)
    const before = to.get(key)?.value ?? 0
    to.set(key, { ...sample, value: sample.metric.kind === 'longest' ? Math.max(before, value) : before + value })
  }

  const addAll = (source: object, samples: ReadonlyArray<Sample>, held: ByKey): void => {
    const last = previous.get(source)
    const counted = new Map<string, number>()
    for (const sample of samples) {
      if (sample.metric.kind !== 'counter') add(held, sample, sample.value)
      else {
        const key = valueKey(sample)
        counted.set(key, sample.value)
        add(totals, sample, Math.max(0, sample.value - (last?.get(key) ?? 0)))
      }
    }
    previous.set(source, counted)
  }

  let newest: ReadonlyArray<SenderStats | ReceiverStats> = []
  const collect = (): ReadonlyArray<Sample> => {
    const held: ByKey = new Map()
    const connections = new Map<object, ReadonlyArray<Sample>>()
    const all: Array<SenderStats | ReceiverStats> = []
    for (const source of new Set(sources())) {
      const samples: Array<Sample> = []
      for (const side of sidesOf(source.stats())) {
        all.push(side)
        const subjects = side.subjects.length === 1 ? side.subjects[0] : undefined
        if (side.side === 'Receiver') samples.push(...samplesOf(receiverMetrics, subjects, side))
        else samples.push(...samplesOf(senderMetrics, subjects, side))
        if (side.side === 'Sender' && side.connection !== undefined)
          connections.set(side.connection.key, samplesOf(sharedMetrics, undefined, side.connection))
      }
      addAll(source, samples, held)
    }
    for (const [key, samples] of connections) addAll(key, samples, held)
    newest = all
    return [...totals.values(), ...held.values()]
  }
  return { collect, read: () => newest }
}
