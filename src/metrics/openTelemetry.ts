/**
 * Statistics as metrics of OpenTelemetry. They are read when the metrics are exported, and cost nothing otherwise.
 *
 * @since 0.1.0
 */
import type { Attributes, BatchObservableCallback, Meter, Observable } from '@opentelemetry/api'
import type { Sample, StatsSource } from './collector.ts'
import { createCollector } from './collector.ts'
import type { Metric } from './Metric.ts'
import { receiverMetrics, senderMetrics, sharedMetrics } from './Metric.ts'
import { originGauges, originSamples } from './originGauges.ts'

/** The options of `observeSequenced`. @since 0.1.0 */
export interface ObserveOptions {
  /**
   * Also exports gauges with the attribute `nats_sequenced.origin`: the newest and the settled number, missing messages
   * and silence of each origin. Their number grows with the origins: in `perSender`, with each run of each sender.
   * Default false.
   */
  readonly perOrigin?: boolean
}

const instrumentOf = (meter: Meter, { name, standard, kind, unit, help }: Metric): Observable => {
  const options = { unit, description: help }
  const full = standard?.name ?? `nats_sequenced.${name}`
  switch (kind) {
    case 'counter':
      return meter.createObservableCounter(full, options)
    case 'sum':
      return meter.createObservableUpDownCounter(full, options)
    case 'longest':
      return meter.createObservableGauge(full, options)
  }
}

const attributesOf = ({ metric, label, subjects }: Sample): Attributes => ({
  'messaging.system': 'nats',
  ...(subjects === undefined ? {} : { 'messaging.destination.template': subjects }),
  ...(metric.standard === undefined ? {} : { 'messaging.operation.name': metric.standard.operation }),
  ...(metric.label === undefined || label === undefined ? {} : { [`nats_sequenced.${metric.label}`]: label }),
})

/**
 * Adds the metrics of publishers, subscriptions and wrapped connections to a meter. They have the attributes
 * `messaging.system` (`nats`) and, if all numbered subjects of a source match one filter,
 * `messaging.destination.template` (`updates.*`). Messages are counted under the standard names
 * `messaging.client.sent.messages` and `messaging.client.consumed.messages`. All other names begin with
 * `nats_sequenced.`.
 *
 * The function `sources` is called for each export. It returns the publishers and subscriptions that are open. For a
 * wrapped connection it returns an object `{ stats: () => stats(nc) }`, the same for each export. A counter does not fall
 * when a source is no longer returned.
 *
 * The returned function ends the observation.
 *
 * @example
 * import { metrics } from '@opentelemetry/api'
 * import { publisher, subscribe } from 'nats-sequenced'
 * import { observeSequenced } from 'nats-sequenced/opentelemetry'
 *
 * const updates = publisher(nc, 'updates')
 * const received = subscribe(nc, 'updates')
 * const stop = observeSequenced(metrics.getMeter('nats-sequenced'), () => [updates, received])
 * updates.publish('any payload') // 1
 * stop()
 * await updates.close()
 *
 * @since 0.1.0
 */
export const observeSequenced = (
  meter: Meter,
  sources: () => Iterable<StatsSource>,
  { perOrigin = false }: ObserveOptions = {},
): (() => void) => {
  const { collect, read } = createCollector(sources)
  const instruments = new Map<string, Observable>()
  for (const metric of [...receiverMetrics, ...senderMetrics, ...sharedMetrics])
    instruments.set(metric.name, instrumentOf(meter, metric))
  const ofOrigins = (perOrigin ? originGauges : []).map(
    gauge =>
      [
        gauge,
        meter.createObservableGauge(`nats_sequenced.origin.${gauge.name}`, {
          unit: gauge.unit,
          description: gauge.help,
        }),
      ] as const,
  )

  const observe: BatchObservableCallback = result => {
    for (const sample of collect()) {
      const instrument = instruments.get(sample.metric.name)
      if (instrument !== undefined) result.observe(instrument, sample.value, attributesOf(sample))
    }
    for (const [gauge, instrument] of ofOrigins)
      for (const { origin, side, value } of originSamples(gauge, read()))
        result.observe(instrument, value, {
          'messaging.system': 'nats',
          'nats_sequenced.origin': origin,
          'nats_sequenced.side': side,
        })
  }
  const observables = [...instruments.values(), ...ofOrigins.map(([, instrument]) => instrument)]
  meter.addBatchObservableCallback(observe, observables)
  return () => meter.removeBatchObservableCallback(observe, observables)
}
