// Metrics of OpenTelemetry, exported by its SDK.
import { describe, expect, test } from '@jest/globals'
import type { DataPoint, MetricData } from '@opentelemetry/sdk-metrics'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { observeSequenced } from '../../src/opentelemetry.ts'
import { kinds, withServer } from '../nats/clients.ts'
import { lossyScene } from './lossyScene.ts'

const bench = withServer()

/** A provider whose export is read on demand. */
const exporting = () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({ readers: [reader] })
  bench.after(() => provider.shutdown())
  const read = async (): Promise<ReadonlyMap<string, MetricData>> => {
    exporter.reset()
    await provider.forceFlush()
    const all = exporter.getMetrics().flatMap(r => r.scopeMetrics.flatMap(s => s.metrics))
    return new Map(all.map(m => [m.descriptor.name, m]))
  }
  return { meter: provider.getMeter('nats-sequenced'), read }
}

/** The values of a metric, with their attributes. */
const points = (metrics: ReadonlyMap<string, MetricData>, name: string): ReadonlyArray<unknown> =>
  (metrics.get(name)?.dataPoints ?? []).map((p: DataPoint<unknown>) => [p.value, p.attributes])

const nats = { 'messaging.system': 'nats' }
const updatesOnly = { ...nats, 'messaging.destination.template': 'updates.*' }

describe.each(kinds)('with $name', kind => {
  test('an export has what was published, recovered and lost', async () => {
    const { updates, received } = await lossyScene(bench, kind)
    const { meter, read } = exporting()
    const stop = observeSequenced(meter, () => [updates, received])
    const metrics = await read()
    expect(points(metrics, 'messaging.client.sent.messages')).toEqual([
      [5, { ...updatesOnly, 'messaging.operation.name': 'publish' }],
    ])
    expect(points(metrics, 'messaging.client.consumed.messages')).toContainEqual([
      1,
      { ...updatesOnly, 'messaging.operation.name': 'receive', 'nats_sequenced.verdict': 'Recovered' },
    ])
    expect(points(metrics, 'nats_sequenced.lost.messages')).toContainEqual([
      1,
      { ...updatesOnly, 'nats_sequenced.reason': 'evicted' },
    ])
    expect(points(metrics, 'nats_sequenced.open.gaps')).toEqual([[0, updatesOnly]])
    // A request may be repeated before its answer arrives.
    expect(points(metrics, 'nats_sequenced.replayed.messages')).toEqual([[updates.stats().connection?.replayed, nats]])
    expect(metrics.get('nats_sequenced.lost.messages')).toMatchObject({
      descriptor: { unit: '{message}' },
      isMonotonic: true,
    })
    expect(metrics.get('nats_sequenced.open.gaps')).toMatchObject({ isMonotonic: false })

    updates.publish('6')
    expect(points(await read(), 'messaging.client.sent.messages')).toMatchObject([[6, updatesOnly]])
    stop()
    updates.publish('7')
    expect(points(await read(), 'messaging.client.sent.messages')).toMatchObject([[6, updatesOnly]])
    await updates.close()
  })

  test('perOrigin adds gauges of each origin', async () => {
    const { updates, received } = await lossyScene(bench, kind)
    const { meter, read } = exporting()
    observeSequenced(meter, () => [updates, received], { perOrigin: true })
    const of = (side: string) => ({ ...nats, 'nats_sequenced.origin': 'updates', 'nats_sequenced.side': side })
    const metrics = await read()
    expect(points(metrics, 'nats_sequenced.origin.newest')).toEqual([
      [5, of('sender')],
      [5, of('receiver')],
    ])
    expect(points(metrics, 'nats_sequenced.origin.settled')).toEqual([[5, of('receiver')]])
    await updates.close()
  })
})
