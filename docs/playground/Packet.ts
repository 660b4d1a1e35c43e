// What travels between the sender and the receiver.
import type { Epoch, Head, SequenceNumber } from '../../src/core/index.ts'

type Number = SequenceNumber.SequenceNumber

export type Content =
  | { readonly _tag: 'Message'; readonly number: Number }
  | { readonly _tag: 'Heartbeat'; readonly head: Head.Head }
  | { readonly _tag: 'HeadRequest'; readonly id: number }
  | { readonly _tag: 'HeadAnswer'; readonly id: number; readonly head: Head.Head }
  | {
      readonly _tag: 'ReplayRequest'
      readonly id: number
      readonly epoch: Epoch.Epoch | undefined
      readonly first: Number
      readonly last: Number
    }
  | { readonly _tag: 'Replay'; readonly id: number; readonly epoch: Epoch.Epoch; readonly number: Number }
  | {
      readonly _tag: 'Refusal'
      readonly id: number
      readonly epoch: Epoch.Epoch
      readonly first: Number
      readonly last: Number
    }
  | { readonly _tag: 'ReplayEnd'; readonly id: number; readonly epoch: Epoch.Epoch; readonly last: number }

export type Side = 'sender' | 'receiver'

/** Times are in ms of the simulation. */
export interface Packet {
  readonly content: Content
  readonly from: Side
  readonly sentAt: number
  readonly arrivesAt: number
  /** When the network loses it; `undefined` if it arrives. */
  readonly lostAt: number | undefined
}
