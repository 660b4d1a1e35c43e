// What a process of the kill tests does, as data.

/** Where the values are. */
export type Place =
  | { readonly _tag: 'File'; readonly folder: string }
  /** `client` is the index of the client in `kinds` and `bucketKinds`. */
  | { readonly _tag: 'Bucket'; readonly name: string; readonly client: number }

export type Order =
  /** Receives `updates`, and appends each processed number to a file as a line, and each loss as `lost`. */
  | {
      readonly _tag: 'Receive'
      readonly url: string
      readonly client: number
      readonly place: Place
      readonly log: string
    }
  /**
   * Publishes to `updates` without end, with reserved numbers. Each payload is unique: the run and a count. It is ready
   * before it reserves.
   */
  | {
      readonly _tag: 'Send'
      readonly url: string
      readonly client: number
      readonly place: Place
      readonly run: number
    }
  /** Adds 1 to a number over and over, and appends each revision that the store has confirmed to a file. */
  | { readonly _tag: 'Count'; readonly url: string; readonly place: Place; readonly log: string }
