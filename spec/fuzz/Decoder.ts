/** One decoder, and what to feed it. */
export interface Decoder {
  readonly name: string
  /** The exports of `src` that it calls, as `file#name`. */
  readonly covers: ReadonlyArray<string>
  readonly examples: ReadonlyArray<string | Uint8Array>
  /** Decodes. Throws if the decoder throws, or if one of its laws is broken. */
  readonly check: (input: Uint8Array) => void
  /** The most expensive inputs of about this many bytes. */
  readonly worst: (size: number) => ReadonlyArray<Uint8Array>
}
