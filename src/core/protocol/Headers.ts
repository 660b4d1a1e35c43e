/** The headers of a message. The interface is common to both NATS clients. @since 0.1.0 */
export interface Headers extends Iterable<[string, string[]]> {
  /** The inline status code, such as 503; 0 if there is none. */
  readonly code: number
  /** The first value; `''` if there is none. */
  get(key: string): string
  /** True if the header has a value. */
  has(key: string): boolean
  /** All header names. */
  keys(): string[]
  /** All values of a header, in order. */
  values(key: string): string[]
  /** Adds a value after the existing values of the header. */
  append(key: string, value: string): void
  /** Removes all values of a header. */
  delete(key: string): void
}
