// The result of a run: as JSON, as sentences, and whether the library has kept its promises. Pure.
import type { Account } from './bystander.ts'
import type { PlainAccount } from './plainSubscriber.ts'
import type { ServerKind } from './wires.ts'

/** What a run has shown. */
export interface Result {
  readonly account: Account
  readonly plain: PlainAccount
  readonly seed: number
  readonly server: ServerKind
}

export const count = (n: number): string => n.toLocaleString('en')

/** A time in ms, short enough for a table. */
export const ms = (time: number): string => `${time < 10 ? time.toFixed(1) : Math.round(time)} ms`

/** The median of ascending values. */
export const half = (ascending: ReadonlyArray<number>): number => ascending[Math.floor((ascending.length - 1) / 2)] ?? 0

/** A heartbeat follows 50 ms after the last message. Even a busy machine needs no longer than this to notice its loss. */
const patienceMs = 1000

/** The broken promises, in words. */
export const flaws = (a: Account): ReadonlyArray<string> => {
  const checks: ReadonlyArray<readonly [number, string]> = [
    [a.skippedSilently - a.altered, 'skipped silently'],
    [a.altered, 'delivered with other bytes than were published'],
    [a.injected.lost - a.noticed, 'dropped on the link without being noticed'],
    [a.open, 'still open at the end'],
    [a.duplicatesDelivered, 'delivered twice'],
    [a.outOfOrder, 'delivered out of order'],
    [a.contradicted, 'both delivered and reported as lost'],
    [a.invented, 'reported, but never published'],
  ]
  const tail =
    a.tailNoticedMs === undefined
      ? ['the loss of the last message of a sender was not noticed']
      : a.tailNoticedMs > patienceMs
        ? [`the loss of the last message of a sender was noticed only after ${ms(a.tailNoticedMs)}`]
        : []
  return [...checks.filter(([n]) => n > 0).map(([n, what]) => `${count(n)} ${what}`), ...tail]
}

export const json = ({ account: a, plain, seed, server }: Result): string =>
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
    plainSubscriber: { missed: plain.missed, twice: plain.twice, outOfOrder: plain.outOfOrder },
    server,
    seed,
  })

const list = (items: ReadonlyArray<string>): string => new Intl.ListFormat('en').format(items)

const noneOr = (n: number): string => (n === 0 ? 'None' : count(n))

export const summary = ({ account: a, plain, seed, server }: Result): ReadonlyArray<string> => {
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
    'The link also dropped the last message of each sender, which only a heartbeat can show:',
    `noticed after ${tails}.`,
    `${noneOr(a.recovered)} recovered on request; ${count(a.lost)} reported as lost.`,
    `${noneOr(a.skippedSilently)} skipped silently. ${noneOr(a.duplicatesDelivered)} delivered twice. ${noneOr(a.outOfOrder)} out of order.`,
    '',
    broken.length === 0
      ? `Verdict: nothing was lost without notice. A plain subscriber missed ${count(plain.missed)} messages, and did not know.`
      : `Verdict: the library has failed: ${broken.join('; ')}.`,
    `The plain subscriber also received ${count(plain.twice)} messages twice, and ${count(plain.outOfOrder)} out of order.`,
    ...(server === 'fake' ? ['There was no nats-server: all of this ran on a fake one, in this process.'] : []),
    `Repeat this run: npm run demo -- --messages ${a.published} --seed ${seed}`,
  ]
}
