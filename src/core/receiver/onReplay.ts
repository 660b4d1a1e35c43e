/** What a track asks for, and what the answers make of it. */

import type { Epoch } from '../protocol/Epoch.ts'
import type { RefusalReason } from './Delivery.ts'
import * as R from './gapRequests.ts'
import type { Track } from './OriginState.ts'
import { canAsk, isSingle, withEnd } from './OriginState.ts'
import type { Arrival, Turn } from './Step.ts'

/** Asks for what is missing, if that has changed or time has come. */
export const pursued = <A>(turn: Turn<A>, before: Track<A>, t: Track<A>): Track<A> => {
  if (t.ledger?.missing === undefined)
    return t.askAt === Number.POSITIVE_INFINITY ? t : { ...t, askAt: Number.POSITIVE_INFINITY }
  if (!canAsk(turn, t)) return { ...t, askAt: Number.NEGATIVE_INFINITY }
  if (t.ledger.missing === before.ledger?.missing && t.askAt > turn.now) return t
  return { ...t, ...R.pursue(turn, t, t.ledger) }
}

/** Does an answer speak for the run that we follow? It need not name it. Of two that are alive one can't refuse for the other. */
const isOwn = <A>(t: Track<A>, epoch: Epoch | undefined): boolean => epoch === undefined || epoch === t.epoch

/** A message that was asked for has come. In doubt about the run that we follow, it counts if it bears its name, as origins of `perSender` do. */
export const replayed = <A>(
  turn: Turn<A>,
  t: Track<A>,
  asked: number,
  epoch: Epoch | undefined,
  a: Arrival<A>,
): Track<A> =>
  t.ledger === undefined || !isOwn(t, epoch) || (epoch === undefined && isSingle(t) && !canAsk(turn, t))
    ? t
    : withEnd(turn, { ...t, ledger: R.replayed(turn, t.about, t.ledger, asked, a) })

/** A request has been considered up to a number. */
export const considered = <A>(
  turn: Turn<A>,
  t: Track<A>,
  asked: number,
  epoch: Epoch | undefined,
  last: number,
): Track<A> =>
  t.ledger === undefined || !canAsk(turn, t) || !isOwn(t, epoch)
    ? t
    : { ...t, ledger: R.considered(turn, t.ledger, asked, last) }

/** Numbers that were requested were refused by everybody who could hold them. */
export const refused = <A>(
  turn: Turn<A>,
  t: Track<A>,
  asked: number,
  epoch: Epoch | undefined,
  first: number,
  last: number,
  reason: RefusalReason,
): Track<A> =>
  t.ledger === undefined || !canAsk(turn, t) || !isOwn(t, epoch)
    ? t
    : withEnd(turn, { ...t, ledger: R.refused(turn, t.about, t.ledger, asked, first, last, reason) })
