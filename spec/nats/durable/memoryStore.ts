import type { Entry, Store } from '../../../src/nats/durable/Store.ts'

export interface MemoryStore {
  read: Store['read']
  write: Store['write']
  /** All values that were written, in order. */
  readonly written: ReadonlyArray<string>
  /** Each call is made before a write, and can delay it or reject it. */
  beforeWrite: () => Promise<void>
  /** Each call is made after a write, and can reject it although it was made. */
  afterWrite: () => Promise<void>
  /** Answers instead of the newest entry, if it is set. */
  answer: (() => Entry | undefined) | undefined
}

export const memoryStore = (first?: string): MemoryStore => {
  const written: Array<string> = []
  if (first !== undefined) written.push(first)
  const nothing = (): Promise<void> => Promise.resolve()
  const store: MemoryStore = {
    written,
    beforeWrite: nothing,
    afterWrite: nothing,
    answer: undefined,
    read: async () => {
      if (store.answer !== undefined) return store.answer()
      const value = written.at(-1)
      return value === undefined ? undefined : { value, revision: written.length }
    },
    write: async (_, value, revision) => {
      await store.beforeWrite()
      if (revision !== written.length) return undefined
      written.push(value)
      await store.afterWrite()
      return written.length
    },
  }
  return store
}
