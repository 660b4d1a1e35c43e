// Everything that the simulator reads of a receiver's state.
import type { Receiver } from '../../src/core/receiver/Receiver.ts'

export interface Counters {
  /** Messages and notices that it keeps, including those that the application has not processed. */
  readonly messages: number
  /** The deliveries of these that are not processed. */
  readonly unprocessedMessages: number
  readonly bytes: number
  readonly gaps: number
  readonly origins: number
}

export const countersOf = <A>({ usage, table }: Receiver<A>): Counters => ({
  messages: usage.messages,
  unprocessedMessages: usage.unprocessedMessages,
  bytes: usage.bytes,
  gaps: table.gaps,
  origins: table.origins.size,
})
