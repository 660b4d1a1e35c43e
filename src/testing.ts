/**
 * A fake NATS server for unit tests, in this process, with faults on demand. It is no dependency of the other entries.
 *
 * @module
 * @since 0.1.0
 */
export type { FakeConnection, FakeServerInfo } from './testing/FakeConnection.ts'
export type { FakeConnectOptions } from './testing/FakeConnectOptions.ts'
export type { FakeHeaders } from './testing/FakeHeaders.ts'
export type { FakeMsg } from './testing/FakeMsg.ts'
export type { FakeSubscribeOptions, FakeSubscription } from './testing/FakeSubscription.ts'
export type { FakeServer } from './testing/fakeServer.ts'
export { fakeServer } from './testing/fakeServer.ts'
export type { Decide, EndFault, Fate, InFlight, Which } from './testing/faults.ts'
export type { FakePublishOptions } from './testing/publication.ts'
export type { FakeRequestManyOptions, FakeRequestOptions } from './testing/requests.ts'
export type { FakeStatus } from './testing/statuses.ts'
