import type { Bench, Json } from '../bench.ts'

export interface Scenario {
  readonly name: string
  /** Uses one or more connections, and returns what an application sees. */
  readonly run: (bench: Bench) => Promise<Json>
  /** An intended difference. The reason is the text in docs/guides/drop-in.md. */
  readonly differs?: { readonly reason: string; readonly plain: Json; readonly sequenced: Json }
}

/** Reduces an outcome to whether it is an error. Use it if the class and the text may differ. */
export const threw = (outcome: Json): string =>
  typeof outcome === 'object' && outcome !== null && 'name' in outcome ? 'an error' : 'no error'
