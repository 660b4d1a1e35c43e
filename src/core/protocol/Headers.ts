/**
 * The headers of a message, as both clients give them.
 *
 * @since 0.1.0
 */
export interface Headers extends Iterable<[string, string[]]> {
  /** The inline status, such as 503; 0 if there is none. */
  readonly code: number
  /** The first value; `''` if there is none. */
  get(key: string): string
  /** Is there a value? */
  has(key: string): boolean
  /** All names. */
  keys(): string[]
  /** All values of a name, in order. */
  values(key: string): string[]
  /** Adds a value behind those of its name. */
  append(key: string, value: string): void
  /** Removes all values of a name. */
  delete(key: string): void
}
