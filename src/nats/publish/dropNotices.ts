/** Notices about requests that were dropped: at most one a minute for each reason. */
import type { Refused } from '../../core/sender/FairQueue.ts'
import { now } from '../client/timer.ts'
import type { SenderNotice } from './types.ts'

/** The time between two notices for one reason, in ms. */
const interval = 60_000

export const createDropNotices = (
  report: (notice: SenderNotice) => void,
): ((request: { readonly subject: string; readonly reply: string }, reason: Refused) => void) => {
  const reportedAt = new Map<Refused, number>()
  return ({ subject, reply }, reason) => {
    if (now() - (reportedAt.get(reason) ?? Number.NEGATIVE_INFINITY) < interval) return
    reportedAt.set(reason, now())
    report({ _tag: 'RequestDropped', subject, reply, reason })
  }
}
