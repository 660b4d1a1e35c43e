/**
 * Metrics for `prom-client`. It is apart, so that the root needs no metrics library.
 *
 * @module
 * @since 0.1.0
 */
export type { StatsSource } from './metrics/collector.ts'
export type { CollectOptions } from './metrics/promClient.ts'
export { collectSequenced } from './metrics/promClient.ts'
