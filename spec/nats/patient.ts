import { longestWait } from '../server/longestWait.ts'

/**
 * Options of a receiver on a busy machine. A test that waits for a message fails before the receiver reports the
 * message as lost. A sender that stalls for seconds is not reported silent.
 */
export const patient = { gapTimeout: 10 * longestWait, heartbeatGrace: 10_000 } as const
