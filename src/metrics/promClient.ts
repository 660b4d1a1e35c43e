/**
 * Statistics as metrics of `prom-client`. They are read when the registry is scraped, and cost nothing otherwise.
 *
 * @since 0.1.0
 */
import type { Registry, RegistryContentType } from 'prom-client'
import { Counter, Gauge } from 'prom-client'
import type { Sample, StatsSource } from './collector.ts'
import { createCollector } from './collector.ts'
import type { Metric } from './Metric.ts'
import { receiverMetrics, senderMetrics, sharedMetrics } from './Metric.ts'
import type { OriginGauge } from './originGauges.ts'
import { originGauges, originSamples } from './originGauges.ts'

/** The options of `collectSequenced`. @since 0.1.0 */
export interface CollectOptions {
  /**
   * Also exports gauges with the label `origin`: the newest and the settled number, missing messages and silence of each
   * origin. Their number grows with the origins: in `perSender`, with each run of each sender. Default false.
   */
  readonly perOrigin?: boolean
}

const nameOf = ({ name, kind, unit }: Metric): string => {
  const base = `nats_sequenced_${name.replaceAll('.', '_')}`
  if (kind === 'counter') return `${base}_total`
  return unit === 's' ? `${base}_seconds` : base
}

/**
 * Adds the metrics of publishers, subscriptions and wrapped connections to a registry. Each metric is the sum of all
 * sources, and all names begin with `nats_sequenced_`. No metric has a label for subjects or origins, unless `perOrigin`
 * is set.
 *
 * The function `sources` is called for each scrape. It returns the publishers and subscriptions that are open. For a
 * wrapped connection it returns an object `{ stats: () => stats(nc) }`, the same for each scrape. A counter does not fall
 * when a source is no longer returned.
 *
 * The returned function removes the metrics from the registry.
 *
 * Throws what `prom-client` throws if the registry already has a metric with one of the names.
 *
 * @example
 * import { publisher, subscribe } from 'nats-sequenced'
 * import { collectSequenced } from 'nats-sequenced/prom-client'
 * import { Registry } from 'prom-client'
 *
 * const registry = new Registry()
 * const updates = publisher(nc, 'updates')
 * const received = subscribe(nc, 'updates')
 * const remove = collectSequenced(registry, () => [updates, received])
 * updates.publish('any payload')
 * const text = await registry.metrics()
 * text.includes('nats_sequenced_published_messages_total 1') // true
 * remove()
 * await updates.close()
 *
 * @since 0.1.0
 */
export const collectSequenced = (
  registry: Registry<RegistryContentType>,
  sources: () => Iterable<StatsSource>,
  { perOrigin = false }: CollectOptions = {},
): (() => void) => {
  const { collect, read } = createCollector(sources)
  /** One reading for all metrics of a scrape: the registry collects them in one turn of the event loop. */
  let samples: ReadonlyArray<Sample> | undefined
  const scraped = (): ReadonlyArray<Sample> => {
    if (samples === undefined) {
      samples = collect()
      queueMicrotask(() => {
        samples = undefined
      })
    }
    return samples
  }

  const registers = [registry]
  const names: Array<string> = []

  const addMetric = (metric: Metric): void => {
    const { name: key, help, label } = metric
    const name = nameOf(metric)
    names.push(name)
    const labelNames = label === undefined ? [] : [label]
    const values = (): ReadonlyArray<readonly [Record<string, string>, number]> =>
      scraped()
        .filter(s => s.metric.name === key)
        .map(s => [label === undefined || s.label === undefined ? {} : { [label]: s.label }, s.value])
    function collect(this: Counter | Gauge): void {
      this.reset()
      for (const [labels, value] of values()) this.inc(labels, value)
    }
    const settings = { name, help, labelNames, registers, collect }
    if (metric.kind === 'counter') new Counter(settings)
    else new Gauge(settings)
  }

  const addOriginGauge = (gauge: OriginGauge): void => {
    const name = `nats_sequenced_origin_${gauge.name}`
    names.push(name)
    new Gauge({
      name,
      help: gauge.help,
      labelNames: ['origin', 'side'],
      registers,
      collect() {
        this.reset()
        scraped()
        for (const { origin, side, value } of originSamples(gauge, read())) this.set({ origin, side }, value)
      },
    })
  }

  for (const metric of [...receiverMetrics, ...senderMetrics, ...sharedMetrics]) addMetric(metric)
  if (perOrigin) for (const gauge of originGauges) addOriginGauge(gauge)
  return () => {
    for (const name of names) registry.removeSingleMetric(name)
  }
}
