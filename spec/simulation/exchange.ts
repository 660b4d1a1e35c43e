// What was asked for again, and what was sent for it: at the receivers, in the order in which it happened to each, and at the
// senders, process by process.
import type { Epoch } from '../../src/core/protocol/Epoch.ts'
import type { Answer, Request } from '../../src/core/sender/ReplayQueue.ts'
import type { Life, Run } from './chronicle.ts'

/** What a receiver asked for, and what came in for it. */
export type Step =
  | {
      readonly _tag: 'Asked'
      readonly at: number
      readonly local: number
      readonly origin: string
      /** The run that is meant, in `single`. */
      readonly epoch: Epoch | undefined
      readonly id: number
      readonly first: number
      readonly last: number
      /** Is it connected? */
      readonly isUp: boolean
      /** What was handed over and is not taken yet. */
      readonly untaken: number
    }
  /** A message: as the answer to a request, or unasked. */
  | {
      readonly _tag: 'Came'
      readonly at: number
      readonly local: number
      readonly origin: string
      readonly asked: number | undefined
      readonly number: number
      readonly bytes: number
      /** It does not say of which run of `single` it is: in a doubt it does not count. */
      readonly isNameless?: boolean
      /** The id that its payload bears. */
      readonly id: number
    }
  | {
      readonly _tag: 'Refused'
      readonly at: number
      readonly local: number
      readonly origin: string
      readonly asked: number
      readonly first: number
      readonly last: number
    }
  | {
      readonly _tag: 'Ended'
      readonly at: number
      readonly local: number
      readonly origin: string
      readonly asked: number
      readonly last: number
    }
  | { readonly _tag: 'Reconnected'; readonly at: number; readonly local: number }

/** What a process was asked, and what it sent for that. */
export type Service =
  | { readonly _tag: 'Request'; readonly at: number; readonly run: Run; readonly request: Request }
  /** The newest number of its run was `head` then. */
  | { readonly _tag: 'Answer'; readonly at: number; readonly run: Run; readonly answer: Answer; readonly head: number }
  /** The servers have taken all that was sent before. */
  | { readonly _tag: 'Page'; readonly at: number }
  /** The connection broke, or the process died: whoever still wants something asks again. */
  | { readonly _tag: 'Void'; readonly at: number }
  | { readonly _tag: 'Over'; readonly at: number; readonly run: Run }

/** An answer that somebody else has made up. */
export interface FalseAnswer {
  readonly life: Life
  readonly asked: number
  readonly origin: string
  readonly number: number
}

export interface Exchange {
  readonly forged: FalseAnswer[]
  readonly steps: Map<Life, Step[]>
  /** The most that was handed over and not taken. */
  readonly untaken: Map<Life, number>
  /** What waited for a slow consumer when it was told of a loss that more room might have mended. */
  readonly untimely: Array<{ readonly life: Life; readonly at: number; readonly waiting: number }>
  readonly services: Map<string, Service[]>
}

export const noExchange = (): Exchange => ({
  forged: [],
  steps: new Map(),
  untaken: new Map(),
  untimely: [],
  services: new Map(),
})
