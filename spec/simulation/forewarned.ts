// Could a receiver have known of a new run before it was handed anything of it?
import type { Life, Run } from './chronicle.ts'
import { eventsOf } from './events.ts'

/**
 * A run that began while the receiver was away is not mixed with the one before it: after its reconnect it asks, and believes
 * nothing until it is answered. Who was asked in vain is judged by the numbers alone, until he is heard.
 */
export const isForewarned = (life: Life, run: Run, came: number): boolean => {
  const away = life.away.findLast(a => a.to <= came)
  if (away === undefined || run.bornAt >= away.to || run.bornAt < away.from) return false
  const by = away.to + life.settings.patience * (2 ** life.settings.tries - 1)
  const inTime = (life.answered.get(run.epoch) ?? []).filter(at => at >= away.to && at <= by)
  if (inTime.length === 0) return false
  const inVain = mute(life, run.origin)
  return inTime.some(at => !inVain.some(({ from, to }) => from < at && came <= to))
}

/**
 * From when to when nobody was heard of it, once it was asked in vain: as often as a receiver asks, or once more when it knows
 * that nobody is there.
 */
const mute = (life: Life, origin: string): ReadonlyArray<{ readonly from: number; readonly to: number }> => {
  const { patience, tries } = life.settings
  const spans: Array<{ from: number; to: number }> = []
  let asks = 0
  let askedAt = 0
  let most = tries
  let isSure = false
  const ask = (count: number, local: number): void => {
    // A doubt begins with its first question.
    if (count === 1) most = tries
    asks = count
    askedAt = local
    isSure = false
  }
  for (const { cause, asked } of eventsOf(life)) {
    const { what, at, local } = cause
    const last = spans.at(-1)
    if (what === 'Started' || what === 'Back') ask(1, local)
    if (what === 'Woken' && asks >= most && (isSure || local >= askedAt + patience * 2 ** (tries - 1))) {
      asks = 0
      if (last?.to !== Number.POSITIVE_INFINITY) spans.push({ from: at, to: Number.POSITIVE_INFINITY })
    }
    if (cause.origin === origin && what === 'Nobody') {
      isSure = asks >= most
      if (!isSure) most = asks + 1
    }
    if (cause.origin === origin && what === 'Head') {
      if (last !== undefined) last.to = Math.min(last.to, at)
      if (cause.number > 0) ask(0, local)
    }
    for (const s of asked) if (s.origin === origin) ask(what === 'Came' || what === 'Head' ? 1 : asks + 1, local)
  }
  return spans
}
