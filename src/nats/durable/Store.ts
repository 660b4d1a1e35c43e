/**
 * A place for small values that outlive the process: reserved numbers and positions. `fileStore` and `kvStore` create
 * it.
 *
 * @since 0.1.0
 */

/** A value, and its revision: each write of a key has a higher one. @since 0.1.0 */
export interface Entry {
  readonly value: string
  readonly revision: number
}

/**
 * Keeps values under keys. A write is durable when it resolves.
 *
 * @since 0.1.0
 */
export interface Store {
  /** Resolves to `undefined` if there is no value. Rejects if the value can't be read. */
  readonly read: (key: string) => Promise<Entry | undefined>
  /**
   * Writes a value if the newest revision of the key is still `revision`; 0 means that there is none. Resolves to the
   * new revision, or to `undefined` if another writer was first. Rejects if the value can't be written. Then it is not
   * known whether it was: read the key to find out.
   */
  readonly write: (key: string, value: string, revision: number) => Promise<number | undefined>
}
