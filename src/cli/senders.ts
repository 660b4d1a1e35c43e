/** The senders of a subject: do they answer a head request, and do their heartbeats keep their promise? */
import type { NatsConnection } from '@nats-io/transport-node'
import * as E from 'fp-ts/lib/Either.js'
import { printable } from '../core/internal/codec.ts'
import * as ControlSubject from '../core/protocol/ControlSubject.ts'
import * as Head from '../core/protocol/Head.ts'
import type { Addressing } from '../core/protocol/Origin.ts'
import * as Origin from '../core/protocol/Origin.ts'
import type { Filter } from '../core/protocol/Subject.ts'
import * as Subject from '../core/protocol/Subject.ts'
import { createInbox } from '../nats/client/inbox.ts'
import type { Check } from './Check.ts'
import * as Duration from './duration.ts'
import { count } from './figures.ts'

/** What the checks are about. */
export interface Feed {
  readonly filter: Filter
  readonly addressing: Addressing
  readonly prefix: ControlSubject.Prefix
}

/** A sender that answered. */
export interface Answer {
  readonly origin: string
  readonly head: Head.Head
  /** In ms. */
  readonly roundTrip: number
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** How long further answers are awaited after the first one, in ms: a second sender of a subject. */
const furtherAnswers = 300

/** Asks all senders for their heads. */
export const requestHeads = async (
  nc: NatsConnection,
  { filter, prefix }: Feed,
  timeout: number,
): Promise<ReadonlyArray<Answer>> => {
  const inbox = createInbox(nc)
  const answers: Array<Answer> = []
  const sentAt = performance.now()
  let onFirst: () => void = () => undefined
  const first = new Promise<void>(resolve => {
    onFirst = resolve
  })
  const subscription = nc.subscribe(inbox, {
    callback: (error, msg) => {
      if (error !== null) return onFirst()
      const head = Head.parse(msg.string())
      const origin = (msg.headers?.get('Nats-Subject') ?? '').replace(/\.[^.]*$/, '')
      if (E.isRight(head)) answers.push({ origin, head: head.right, roundTrip: performance.now() - sentAt })
      // Without a sender the server answers at once.
      onFirst()
    },
  })
  if (Subject.isSubject(filter)) nc.publish(ControlSubject.head(prefix)(filter), undefined, { reply: inbox })
  else nc.publish(ControlSubject.headOfAll(prefix), JSON.stringify({ filter }), { reply: inbox })
  await Promise.race([first, pause(timeout)])
  if (answers.length > 0) await pause(furtherAnswers)
  subscription.unsubscribe()
  return answers
}

const headText = ({ origin, head, roundTrip }: Answer): string =>
  `${printable(origin)} answers after ${roundTrip.toFixed(1)} ms: newest number ${count(head.head)}, replays from ${count(
    head.first,
  )}${head.head < head.first ? ' (none)' : ''}.`

const shown = 10

/** What the answers mean. */
export const explainHeads = (
  answers: ReadonlyArray<Answer>,
  { filter, addressing, prefix }: Feed,
): ReadonlyArray<Check> => {
  if (answers.length === 0)
    return [
      {
        status: 'failed',
        area: 'sender',
        found: `No sender of ${filter} answers a head request (${prefix}.HEAD).`,
        remedy:
          'Start the sender, check its subject and prefix, and its permissions (`nats-sequenced permissions sender`). Plain clients never answer: then the loss of last messages goes unnoticed.',
      },
    ]
  const isPerSender = (a: Answer): boolean => E.isRight(Origin.parse('perSender')(a.origin))
  const others = answers.filter(a => isPerSender(a) !== (addressing === 'perSender'))
  const twice = answers.filter((a, i) => answers.findIndex(b => b.origin === a.origin) !== i)
  return [
    ...answers.slice(0, shown).map((a): Check => ({ status: 'ok', area: 'sender', found: headText(a) })),
    ...(answers.length > shown
      ? [{ status: 'note', area: 'sender', found: `${answers.length - shown} more senders answer.` } as const]
      : []),
    ...others.slice(0, 1).map(
      (a): Check => ({
        status: 'failed',
        area: 'sender',
        found: `${printable(a.origin)} uses another addressing than ${addressing}: receivers get none of its messages.`,
        remedy: `Use --addressing ${Origin.other(addressing)} here and at the receivers, or ${addressing} at the sender.`,
      }),
    ),
    ...twice.slice(0, 1).map(
      (a): Check => ({
        status: 'failed',
        area: 'sender',
        found: `Two senders use ${printable(a.origin)} at once: loss among their messages goes unnoticed.`,
        remedy: 'Give one of them another subject, or use the addressing perSender on both sides.',
      }),
    ),
  ]
}

/** The heartbeats of one origin. */
interface Beats {
  readonly times: Array<number>
  head: Head.Head
}

/** Listens to heartbeats. `stop` ends that and returns what was heard, by origin. */
export const listenToHeartbeats = (
  nc: NatsConnection,
  { filter, addressing, prefix }: Feed,
): { readonly stop: () => ReadonlyMap<string, Beats> } => {
  const heard = new Map<string, Beats>()
  const originOf = ControlSubject.originOfHeartbeat(prefix, addressing)
  const subscription = nc.subscribe(ControlSubject.heartbeats(prefix, addressing)(filter), {
    callback: (error, msg) => {
      if (error !== null) return
      const origin = originOf(msg.subject)
      const head = Head.parse(msg.string())
      if (E.isLeft(origin) || E.isLeft(head)) return
      const { name } = origin.right
      const beats = heard.get(name) ?? { times: [], head: head.right }
      beats.times.push(performance.now())
      beats.head = head.right
      heard.set(name, beats)
    },
  })
  return {
    stop: () => {
      if (!subscription.isClosed()) subscription.unsubscribe()
      return heard
    },
  }
}

/** How late a heartbeat may be on a busy machine, in ms. Receivers allow as much. */
const grace = 1000

const longestPause = ({ times }: Beats): number =>
  times.reduce((longest, at, i) => Math.max(longest, at - (times[i - 1] ?? at)), 0)

/** What the heartbeats mean. @param wait how long the doctor has listened, in ms */
export const explainHeartbeats = (
  heard: ReadonlyMap<string, Beats>,
  answers: ReadonlyArray<Answer>,
  wait: number,
): ReadonlyArray<Check> => {
  const silent = answers.filter(a => !heard.has(a.origin) && a.head.state === 'live')
  const late = [...heard].filter(([, beats]) => longestPause(beats) > beats.head.max + grace)
  const wrong = silent.flatMap((a): ReadonlyArray<Check> => {
    if (a.head.max + grace > wait)
      return [
        {
          status: 'unknown',
          area: 'heartbeats',
          found: `${printable(a.origin)} sends a heartbeat every ${Duration.approximate(a.head.max)} only.`,
          remedy: `Listen for longer: --wait ${Duration.format(Math.ceil(a.head.max / 1000) * 1000 + grace)}.`,
        },
      ]
    return [
      {
        status: 'failed',
        area: 'heartbeats',
        found: `No heartbeat of ${printable(a.origin)} arrives, although it answers and promises one every ${Duration.approximate(a.head.max)}.`,
        remedy: 'Check the permission of the sender to publish heartbeats, and of this user to subscribe to them.',
      },
    ]
  })
  const slow = late.map(
    ([origin, beats]): Check => ({
      status: 'warning',
      area: 'heartbeats',
      found: `A heartbeat of ${printable(origin)} was ${Duration.approximate(longestPause(beats) - beats.head.max)} late.`,
      remedy: 'Look for a blocked event loop or an overloaded machine at the sender.',
    }),
  )
  if (wrong.length + slow.length > 0) return [...wrong.slice(0, shown), ...slow.slice(0, shown)]
  const beats = [...heard.values()].reduce((sum, { times }) => sum + times.length, 0)
  return heard.size === 0
    ? [{ status: 'note', area: 'heartbeats', found: `None was heard in ${Duration.approximate(wait)}.` }]
    : [
        {
          status: 'ok',
          area: 'heartbeats',
          found: `${count(beats)} from ${count(heard.size)} ${heard.size === 1 ? 'sender' : 'senders'} in ${Duration.approximate(wait)}, none late.`,
        },
      ]
}
