// The outcome of a run: as JSON, as sentences, and whether the library has kept its promises. Pure.
import type { Account } from './bystander.ts'

export const count = (n: number): string => n.toLocaleString('en')

/** A time in ms, short enough for a table. */
export const ms = (time: number): string => `${time < 10 ? time.toFixed(1) : Math.round(time)} ms`

/** The value below which half of them lie; they are ascending. */
export const half = (ascending: ReadonlyArray<number>): number => ascending[Math.floor((ascending.length - 1) / 2)] ?? 0

/** The heartbeat that tells of the last message follows it by 50 ms. Even a busy machine needs no longer than this. */
const patienceMs = 1000

/** The promises that were broken, in words. */
export const flaws = (a: Account): ReadonlyArray<string> => {
  const checks: ReadonlyArray<readonly [number, string]> = [
    [a.skippedSilently - a.altered, 'skipped silently'],
    [a.altered, 'delivered with other bytes than were published'],
    [a.injected.lost - a.noticed, 'dropped on the link without being noticed'],
    [a.open, 'still open at the end'],
    [a.duplicatesDelivered, 'delivered twice'],
    [a.outOfOrder, 'delivered out of order'],
    [a.contradicted, 'both delivered and reported as lost'],
    [a.invented, 'told of, but never published'],
  ]
  const tail =
    a.tailNoticedMs === undefined
      ? ['the last message of a sender was not noticed to be missing']
      : a.tailNoticedMs > patienceMs
        ? [`the last message of a sender was noticed to be missing only after ${ms(a.tailNoticedMs)}`]
        : []
  return [...checks.filter(([n]) => n > 0).map(([n, what]) => `${count(n)} ${what}`), ...tail]
}

export const json = (a: Account, seed: number): string =>
  JSON.stringify({
    published: a.published,
    delivered: a.delivered,
    injected: a.injected,
    noticed: a.noticed,
    recovered: a.recovered,
    lost: a.lost,
    skippedSilently: a.skippedSilently,
    duplicatesDelivered: a.duplicatesDelivered,
    outOfOrder: a.outOfOrder,
    tailNoticedMs: a.tailNoticedMs === undefined ? null : Math.round(a.tailNoticedMs * 10) / 10,
    seed,
  })

const list = (items: ReadonlyArray<string>): string => new Intl.ListFormat('en').format(items)

const noneOr = (n: number): string => (n === 0 ? 'None' : count(n))

export const summary = (a: Account, seed: number): ReadonlyArray<string> => {
  const broken = flaws(a)
  const names = list(a.senders.map(s => s.sender))
  const tails = list(
    a.senders.map(s =>
      s.newestNoticedMs === undefined ? `never (${s.sender})` : `${ms(s.newestNoticedMs)} (${s.sender})`,
    ),
  )
  const { lost, duplicated, delayed } = a.injected
  return [
    `${names} published ${count(a.published)} messages; ${count(a.delivered)} reached the consumer.`,
    `The link dropped ${count(lost)} (up to ${a.longestLoss} in a row), doubled ${count(duplicated)} and delayed ${count(delayed)}.`,
    `${count(a.noticed)} of ${count(lost)} losses were noticed, half within ${ms(half(a.noticedMs))}, the slowest after ${ms(a.noticedMs.at(-1) ?? 0)}.`,
    'The last message of each sender was lost too, where only a heartbeat can tell:',
    `it told after ${tails}.`,
    `${noneOr(a.recovered)} came when asked for again; ${count(a.lost)} were reported as lost.`,
    `${noneOr(a.skippedSilently)} skipped silently. ${noneOr(a.duplicatesDelivered)} delivered twice. ${noneOr(a.outOfOrder)} out of order.`,
    '',
    broken.length === 0
      ? 'Verdict: nothing was lost without notice.'
      : `Verdict: the library has failed: ${broken.join('; ')}.`,
    `The same harm again: npm run demo -- --messages ${a.published} --seed ${seed}`,
  ]
}
