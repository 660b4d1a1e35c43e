/** The faults of a fake server: what happens to a message on its way to a subscription. */
import * as E from 'fp-ts/lib/Either.js'
import * as Subject from '../core/protocol/Subject.ts'
import { sequencedError } from '../nats/errors.ts'
import type { FakeHeaders } from './FakeHeaders.ts'
import { filterMatcher } from './filter.ts'

/** A message on its way from the server to one subscription. @since 0.1.0 */
export interface InFlight {
  readonly subject: string
  /** `''` if there is none. */
  readonly reply: string
  readonly data: Uint8Array
  readonly headers: FakeHeaders | undefined
  /** The option `name` of the connection that receives it; `''` if it has none. */
  readonly to: string
}

/**
 * What happens to a message. `Delay`: following messages overtake it; `ms` is in milliseconds. `Reorder`: the next message
 * to the same connection overtakes it, or 10 ms pass.
 *
 * @since 0.1.0
 */
export type Fate =
  | { readonly _tag: 'Pass' }
  | { readonly _tag: 'Drop' }
  | { readonly _tag: 'Duplicate' }
  | { readonly _tag: 'Delay'; readonly ms: number }
  | { readonly _tag: 'Reorder' }

/** Which messages a fault is for: a filter such as `updates.*`, or a predicate. @since 0.1.0 */
export type Which = string | ((message: InFlight) => boolean)

/** Ends a fault. @since 0.1.0 */
export type EndFault = () => void

/** Decides about a message. Decides nothing if it returns `undefined`. @since 0.1.0 */
export type Decide = (message: InFlight) => Fate | undefined

export interface Faults {
  readonly add: (decide: Decide) => EndFault
  /** The first fault that decides counts. */
  readonly fateOf: Decide
  /** Whether there is a fault at all. */
  readonly isNone: () => boolean
}

export const createFaults = (): Faults => {
  const all = new Set<{ readonly decide: Decide }>()
  return {
    add: decide => {
      const fault = { decide }
      all.add(fault)
      return () => void all.delete(fault)
    },
    fateOf: message => {
      for (const { decide } of all) {
        const fate = decide(message)
        if (fate !== undefined) return fate
      }
      return undefined
    },
    isNone: () => all.size === 0,
  }
}

const predicate = (which: Which): ((message: InFlight) => boolean) => {
  if (typeof which === 'function') return which
  const filter = Subject.parseFilter(which)
  if (E.isLeft(filter)) throw sequencedError(Subject.explain(filter.left), filter.left)
  const matches = filterMatcher(which)
  return ({ subject }) => matches(subject.split('.'))
}

/** A fault with one fate for all its messages. Throws a `SequencedError` for an invalid filter or delay. */
export const always = (which: Which, fate: Fate): Decide => {
  const isMeant = predicate(which)
  if (fate._tag === 'Delay' && !(fate.ms >= 0))
    throw sequencedError(`Invalid delay: ${fate.ms}. Use a number of milliseconds, 0 or above.`, {
      _tag: 'BadOption',
      option: 'ms',
      value: fate.ms,
    })
  return message => (isMeant(message) ? fate : undefined)
}
