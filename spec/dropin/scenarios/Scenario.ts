import type { Bench, Json } from '../bench.ts'

export interface Scenario {
  readonly name: string
  /** Does something with one or more connections, and says what an application sees of it. */
  readonly run: (bench: Bench) => Promise<Json>
  /** A difference that is meant, with its reason as it stands in docs/guides/drop-in.md. */
  readonly differs?: { readonly reason: string; readonly plain: Json; readonly sequenced: Json }
}

/** What a difference in the class or the words of an error comes down to: whether it is one. */
export const threw = (outcome: Json): string =>
  typeof outcome === 'object' && outcome !== null && 'name' in outcome ? 'an error' : 'no error'
