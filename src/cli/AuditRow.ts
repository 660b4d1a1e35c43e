/**
 * What an audit knows of one origin. A pure fold: events in, with their time, and a new row out. Times are in ms.
 */
import type { Epoch } from '../core/protocol/Epoch.ts'
import type { Head } from '../core/protocol/Head.ts'
import type { Delivery } from '../core/receiver/Delivery.ts'

export interface AuditRow {
  readonly origin: string
  /** The run; `undefined` until a heartbeat or a restart names it. */
  readonly epoch: Epoch | undefined
  /** The highest number that is known to exist; 0 if none. */
  readonly newest: number
  readonly messages: number
  /** How often numbers were missing. */
  readonly gaps: number
  readonly recovered: number
  /** Messages that filled a gap without a replay. */
  readonly late: number
  readonly lost: number
  /** The end of a loss is not known, so more than `lost` may be lost. */
  readonly isLossOpen: boolean
  readonly restarts: number
  readonly conflicts: number
  readonly silences: number
  /** The sender is silent since then. */
  readonly silentSince: number | undefined
  readonly longestSilence: number
  /** When the last heartbeat arrived. */
  readonly heartbeatAt: number | undefined
  readonly isEnded: boolean
}

/** A row before its first event. */
export const create = (origin: string): AuditRow => ({
  origin,
  epoch: undefined,
  newest: 0,
  messages: 0,
  gaps: 0,
  recovered: 0,
  late: 0,
  lost: 0,
  isLossOpen: false,
  restarts: 0,
  conflicts: 0,
  silences: 0,
  silentSince: undefined,
  longestSilence: 0,
  heartbeatAt: undefined,
  isEnded: false,
})

/** How long the sender is silent now. */
export const silenceOf = (row: AuditRow, now: number): number =>
  row.silentSince === undefined ? 0 : Math.max(now - row.silentSince, 0)

/** The longest silence so far, the current one included. */
export const longestSilenceOf = (row: AuditRow, now: number): number =>
  Math.max(row.longestSilence, silenceOf(row, now))

const heard = (row: AuditRow, now: number): AuditRow =>
  row.silentSince === undefined ? row : { ...row, silentSince: undefined, longestSilence: longestSilenceOf(row, now) }

/** Deliveries that name an origin. */
type OfOrigin = Extract<Delivery<unknown>, { readonly origin: string }>

/** The row after a delivery of its origin. */
export const onDelivery =
  (d: OfOrigin, now: number) =>
  (row: AuditRow): AuditRow => {
    switch (d._tag) {
      case 'Message': {
        const recovered = row.recovered + (d.verdict === 'Recovered' ? 1 : 0)
        const late = row.late + (d.verdict === 'Late' ? 1 : 0)
        return { ...row, messages: row.messages + 1, newest: Math.max(row.newest, d.number), recovered, late }
      }
      case 'Gap':
        return { ...row, gaps: row.gaps + 1, newest: Math.max(row.newest, d.last) }
      case 'Lost':
        return d.last === undefined
          ? { ...row, lost: row.lost + 1, isLossOpen: true, newest: Math.max(row.newest, d.first) }
          : { ...row, lost: row.lost + d.last - d.first + 1, newest: Math.max(row.newest, d.last) }
      case 'Restarted':
        return { ...row, restarts: row.restarts + 1, epoch: d.to, newest: d.start - 1, isEnded: false }
      case 'Conflict':
        return { ...row, conflicts: row.conflicts + 1 }
      case 'Silent':
        // A sender without heartbeats is not silent: nothing was promised.
        return d.promised === undefined
          ? row
          : { ...row, silences: row.silences + 1, silentSince: row.silentSince ?? now }
      case 'Resumed':
        return heard(row, now)
      case 'Ended':
        return { ...heard(row, now), isEnded: true, newest: Math.max(row.newest, d.last) }
      case 'Mismatch':
        return row
    }
  }

/** The row after an answer of its sender. */
export const onAnswer =
  (head: Head) =>
  (row: AuditRow): AuditRow => {
    const isOther = row.epoch !== undefined && row.epoch !== head.epoch
    return {
      ...row,
      epoch: head.epoch,
      newest: isOther ? head.head : Math.max(row.newest, head.head),
      isEnded: head.state === 'ended',
    }
  }

/** The row after a heartbeat of its origin. */
export const onHeartbeat =
  (head: Head, now: number) =>
  (row: AuditRow): AuditRow => ({ ...onAnswer(head)(row), heartbeatAt: now })
