// KV buckets of either client.
import { Kvm } from '@nats-io/kv'
import * as nats3 from '@nats-io/transport-node'
import * as nats2 from 'nats'
import type { KeyValue } from '../../../src/nats/durable/kvStore.ts'

export interface Bucket extends KeyValue {
  put(key: string, data: Uint8Array | string): Promise<number>
  delete(key: string): Promise<void>
  purge(key: string): Promise<void>
  destroy(): Promise<boolean>
}

export interface BucketKind {
  readonly name: string
  /** Connects, and opens a bucket or creates it. */
  readonly open: (url: string, name: string) => Promise<{ bucket: Bucket; close: () => Promise<void> }>
}

export const bucketKinds: ReadonlyArray<BucketKind> = [
  {
    name: 'nats',
    open: async (servers, name) => {
      const nc = await nats2.connect({ servers })
      return { bucket: await nc.jetstream().views.kv(name), close: () => nc.close() }
    },
  },
  {
    name: '@nats-io/kv',
    open: async (servers, name) => {
      const nc = await nats3.connect({ servers })
      const kvm = new Kvm(nc)
      return { bucket: await kvm.create(name), close: () => nc.close() }
    },
  },
]
