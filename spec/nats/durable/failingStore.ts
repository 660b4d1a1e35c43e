// A store in memory, whose answers a test can delay, lose or replace by errors.
import type { Entry, Store } from '../../../src/nats/durable/Store.ts'

export interface FailingStore extends Store {
  readonly values: Map<string, Entry>
  /** Runs before each call. A call waits for it, and fails if it rejects. */
  before: (what: 'read' | 'write') => Promise<void>
  /** Runs after each write. A rejection means that the answer is lost. */
  afterWrite: () => Promise<void>
}

export const failingStore = (): FailingStore => {
  const values = new Map<string, Entry>()
  const store: FailingStore = {
    values,
    before: async () => undefined,
    afterWrite: async () => undefined,
    read: async key => {
      await store.before('read')
      return values.get(key)
    },
    write: async (key, value, revision) => {
      await store.before('write')
      const current = values.get(key)?.revision ?? 0
      if (current !== revision) return undefined
      values.set(key, { value, revision: current + 1 })
      await store.afterWrite()
      return current + 1
    },
  }
  return store
}
