/** What befalls a track from our own side: a reconnect, room again, an earlier life, and when it is followed no more. */

import type { Track } from './OriginState.ts'
import { gone, isHeldUp, isSingle, raised, withEnd } from './OriginState.ts'
import * as D from './Probe.ts'
import * as L from './ReorderBuffer.ts'
import { boundGaps } from './reorder.ts'
import type { Turn } from './Step.ts'
import { deliver } from './Step.ts'

/** We are connected again and have asked all senders; requests from before are forgotten. */
export const reconnected = <A>(turn: Turn<A>, t: Track<A>, asked: number): Track<A> => {
  const promise = t.promise === undefined ? undefined : { ...t.promise, inquired: false }
  const ledger = t.ledger === undefined ? undefined : L.withoutAsks(t.ledger)
  const waits = t.doubt !== undefined && (t.ledger === undefined || t.voice === 'Heard')
  const away = isSingle(t) && t.voice === 'Heard'
  if (!waits && !away) return { ...t, promise, ledger, claim: undefined, askAt: Number.NEGATIVE_INFINITY }
  const { cause, pending, forgotten } = t.doubt ?? { cause: 'Away', pending: undefined, forgotten: undefined }
  const doubt = D.waitingFor(turn, away && cause === 'Jump' ? 'Away' : cause, asked)
  return {
    ...t,
    promise,
    ledger,
    claim: undefined,
    askAt: Number.NEGATIVE_INFINITY,
    doubt: { ...doubt, pending, forgotten },
  }
}

/** The consumer has made room again: what had to wait for that goes on. */
export const relieved = <A>(turn: Turn<A>, t: Track<A>): Track<A> => {
  if (t.silence !== undefined && !t.silence.told)
    deliver(turn, { _tag: 'Silent', ...t.about, promised: t.silence.max }, 0)
  // What is pending must not fall behind meanwhile, or it would look like a restart.
  const waits = isHeldUp(t)
  if (waits) turn.forgot = true
  return withEnd(turn, {
    ...t,
    silence: t.silence === undefined ? undefined : { ...t.silence, told: true },
    ledger:
      t.ledger === undefined || waits
        ? t.ledger
        : boundGaps(turn, t.about, L.remember(t.ledger, turn.now + turn.settings.deadline)),
    askAt: Number.NEGATIVE_INFINITY,
    doubt: t.doubt?.dueAt === Number.POSITIVE_INFINITY ? raised(turn, t, t.doubt.cause) : t.doubt,
  })
}

/** Nothing more is expected of it: it has ended, or it is silent; and nothing is open. */
export const isIdle = <A>(t: Track<A>): boolean =>
  t.doubt === undefined &&
  t.ledger !== undefined &&
  L.frontMissing(t.ledger) === undefined &&
  (t.end?.told === true || (t.silence?.told === true && t.voice === 'Heard'))

/** It is followed no more: unless it has ended, what it sends from now on is lost. */
export const dropped = <A>(turn: Turn<A>, t: Track<A>): void => {
  if (t.end?.told !== true && t.ledger !== undefined) gone(turn, t, t.ledger.next)
}

/** Nothing is known of it, and nothing pending: it need not be followed. */
export const isVoid = <A>(t: Track<A>): boolean => t.ledger === undefined && t.doubt === undefined

/** An origin of an earlier life: all senders have been asked, and it waits for its own to answer. */
export const resumed = <A>(turn: Turn<A>, t: Track<A>, asked: number): Track<A> => ({
  ...t,
  doubt: D.waitingFor(turn, 'NewOrigin', asked),
})
