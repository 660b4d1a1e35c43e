/**
 * A store in a NATS KV bucket.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Store } from './Store.ts'
import { damaged, escapeKey, storeFailed } from './storeErrors.ts'

/** An entry of a bucket, in either client. @since 0.1.0 */
export interface KeyValueEntry {
  readonly value: Uint8Array
  readonly revision: number
  /** `PUT`, or `DEL` or `PURGE` after a deletion. */
  readonly operation: string
}

/** What `kvStore` uses of a bucket. The buckets of `nats` 2.29 and of `@nats-io/kv` match it. @since 0.1.0 */
export interface KeyValue {
  /** Resolves to `null` if the key never had a value. */
  get(key: string): Promise<KeyValueEntry | null>
  /** Rejects if the key has a value. */
  create(key: string, data: string): Promise<number>
  /** Rejects if `revision` is not the newest revision of the key. */
  update(key: string, data: string, revision: number): Promise<number>
}

/** A bucket permits a dot only between two other characters. */
const toKey = escapeKey(/[^-/_.a-zA-Z0-9]|^\.|\.(?=\.|$)/g, '=')

// "Wrong last sequence". The second code is of a replicated stream that still applies an earlier write.
const wrongRevision = t.union([t.literal(10071), t.literal(10164)])

/** The error of `nats` 2.29, and that of `@nats-io/jetstream`. */
const wrongRevisionError = t.union([
  t.type({ api_error: t.type({ err_code: wrongRevision }) }),
  t.type({ name: t.literal('JetStreamApiError'), code: wrongRevision }),
])

const remedy = 'Check that the bucket exists, that JetStream answers, and the permissions of this user.'

/** Throws a `SequencedError` if the value is not a text. */
export const decodeValue = (key: string, value: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value)
  } catch {
    throw damaged(key, 'it is not a text', 'Restore it, or delete the key from the bucket to start without a value.')
  }
}

/**
 * A store in a KV bucket, of either client. Processes on several machines can use it.
 *
 * Create the bucket without a `ttl`, or for much longer than the longest downtime: an expired value is missing. With
 * several replicas a read can be older than the newest write; a write with its revision then resolves to `undefined`.
 *
 * @example
 * import { connect } from 'nats'
 * import { kvStore } from 'nats-sequenced'
 *
 * const connection = await connect({ servers: 'localhost:4222' })
 * const store = kvStore(await connection.jetstream().views.kv('positions'))
 * await store.write('billing', 'a value', 0) // 1
 * await store.write('billing', 'another', 0) // undefined
 * await store.read('billing') // { value: 'a value', revision: 1 }
 *
 * @since 0.1.0
 */
export const kvStore = (bucket: KeyValue): Store => ({
  read: async key => {
    const name = toKey(key)
    try {
      const entry = await bucket.get(name)
      if (entry?.operation !== 'PUT') return undefined
      return { value: decodeValue(key, entry.value), revision: entry.revision }
    } catch (cause) {
      throw storeFailed('read', key, remedy)(cause)
    }
  },
  write: async (key, value, revision) => {
    const name = toKey(key)
    try {
      return await (revision === 0 ? bucket.create(name, value) : bucket.update(name, value, revision))
    } catch (cause) {
      if (E.isRight(wrongRevisionError.decode(cause))) return undefined
      throw storeFailed('write', key, remedy)(cause)
    }
  },
})
