/**
 * Metrics for OpenTelemetry. It is apart, so that the root needs no metrics library.
 *
 * @module
 * @since 0.1.0
 */
export type { StatsSource } from './metrics/collector.ts'
export type { ObserveOptions } from './metrics/openTelemetry.ts'
export { observeSequenced } from './metrics/openTelemetry.ts'
