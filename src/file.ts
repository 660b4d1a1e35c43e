/**
 * The store of `nats-sequenced` that needs a file system. It is apart, so that the root imports nothing of Node.js.
 *
 * @module
 * @since 0.1.0
 */
export { fileStore } from './nats/durable/fileStore.ts'
export type { Entry, Store } from './nats/durable/Store.ts'
