// The formula of docs/performance.md.

/** The time between two heartbeats of an idle origin, in ms, with the default settings. */
export const heartbeatInterval = (originsPerConnection: number): number =>
  Math.max(5000, 9 * originsPerConnection) - (originsPerConnection > 1 ? originsPerConnection : 0)

/** The heartbeats of a connection whose origins are idle, per second. */
export const heartbeatsPerSecond = (originsPerConnection: number): number =>
  (1000 * originsPerConnection) / heartbeatInterval(originsPerConnection)
