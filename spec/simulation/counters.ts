// All that the simulator reads of a receiver's state.
import * as M from '../../src/core/internal/OrderedMap.ts'
import type { Receiver } from '../../src/core/receiver/Receiver.ts'

export interface Counters {
  /** Messages and notices that it keeps, those that the application has not processed included. */
  readonly messages: number
  /** Of these, what was delivered and is not processed. */
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
  origins: M.size(table.origins),
})
