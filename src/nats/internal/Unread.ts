/** The sum of notices that nobody reads, so that they stay few and no loss is forgotten. */

/**
 * The oldest notices of a reader that is too slow, summed up: more than 1,024 were waiting.
 *
 * @since 0.1.0
 */
export interface Unread {
  readonly _tag: 'Unread'
  /** How many notices. */
  readonly notices: number
  /** How many messages they report as lost, or as possibly lost. */
  readonly lost: number
  /** How many of them report a loss whose number of messages is not known. */
  readonly unknown: number
}

/** The sum of one notice that reports no loss. */
export const oneUnread: Unread = { _tag: 'Unread', notices: 1, lost: 0, unknown: 0 }

/** The sum of one notice that reports a range as lost. */
export const unreadLoss = (first: number, last: number): Unread => ({ ...oneUnread, lost: last - first + 1 })

/** Adds two sums. */
export const addUp = (a: Unread, b: Unread): Unread => ({
  _tag: 'Unread',
  notices: a.notices + b.notices,
  lost: a.lost + b.lost,
  unknown: a.unknown + b.unknown,
})

/** A sentence that explains the sum, and the remedy. */
export const explainUnread = ({ notices, lost, unknown }: Unread, remedy: string): string => {
  const more = unknown === 0 ? '' : `, and ${unknown} of them report losses of unknown size`
  return `${notices} notices were not read in time. They report ${lost} messages as lost or possibly lost${more}. ${remedy}`
}
