/**
 * Message tracing (nats-server 2.11, ADR-41): a message that no one receives, and what each server would do with it.
 */
import type { NatsConnection } from '@nats-io/transport-node'
import { headers } from '@nats-io/transport-node'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Json from 'fp-ts/lib/Json.js'
import * as t from 'io-ts'
import { printable } from '../core/internal/codec.ts'
import { createInbox } from '../nats/client/inbox.ts'
import type { Check } from './Check.ts'

const Event = t.intersection([
  t.type({ type: t.string }),
  t.partial({
    kind: t.number,
    name: t.string,
    acc: t.string,
    sub: t.string,
    subj: t.string,
    stream: t.string,
    nointerest: t.boolean,
    to: t.string,
    error: t.string,
  }),
])

const Trace = t.type({
  server: t.type({ name: t.string }),
  events: t.readonlyArray(Event),
})

/** Parses what a server reports about a traced message. */
export const parseTrace = (text: string) => pipe(Json.parse(text), E.chainW(Trace.decode))

type Event = t.TypeOf<typeof Event>
type Trace = t.TypeOf<typeof Trace>

/** The kinds of connections, by their number in an event. */
const kinds = ['client', 'route', 'gateway', 'system', 'leaf node', 'JetStream', 'account'] as const

const kindOf = ({ kind = 0 }: Event): string => kinds[kind] ?? `kind ${kind}`

const nameOf = ({ name = '' }: Event): string => (name === '' ? '' : ` ${printable(name)}`)

/** What one server did with the message, one phrase per event. */
const phrases = ({ events }: Trace): ReadonlyArray<string> =>
  events.flatMap(e => {
    const error = e.error === undefined ? '' : `: ${printable(e.error)}`
    switch (e.type) {
      case 'in':
        return error === '' ? [] : [`refused from the ${kindOf(e)}${error}`]
      case 'sm':
        return [`mapped${error}`]
      case 'js':
        return [`${e.nointerest === true ? 'not stored' : 'stored'} by the stream ${e.stream ?? ''}${error}`]
      case 'se':
        return [`exported to account ${e.acc ?? ''} as ${printable(e.subj ?? '')}${error}`]
      case 'si':
        return [`imported as ${printable(e.to ?? e.subj ?? '')}${error}`]
      case 'eg':
        return [
          `${error === '' ? 'sent' : 'dropped on its way'} to ${kindOf(e)}${nameOf(e)}${e.sub === undefined ? '' : ` (${printable(e.sub)})`}${error}`,
        ]
      default:
        return []
    }
  })

/** What the traces of one message mean. */
export const explainTrace = (subject: string, traces: ReadonlyArray<Trace>): ReadonlyArray<Check> => {
  if (traces.length === 0)
    return [
      {
        status: 'unknown',
        area: 'trace',
        found: `No trace of ${subject} arrived.`,
        remedy: 'Permit this user to publish to it and to receive in its inbox.',
      },
    ]
  return traces.map((trace): Check => {
    const steps = phrases(trace)
    const isDropped = trace.events.some(e => e.error !== undefined && e.error !== '')
    const hasExit = trace.events.some(e => e.type === 'eg' || e.type === 'js')
    const where = `${subject} at server ${printable(trace.server.name)}`
    if (isDropped)
      return {
        status: 'failed',
        area: 'trace',
        found: `${where}: ${steps.join('; ')}.`,
        remedy: 'The message is dropped here: change what the server names.',
      }
    if (!hasExit)
      return {
        status: 'warning',
        area: 'trace',
        found: `${where}: nobody subscribes here${steps.map(s => `; ${s}`).join('')}.`,
      }
    const most = 6
    const rest = steps.length > most ? `; and ${steps.length - most} more` : ''
    return { status: 'ok', area: 'trace', found: `${where}: ${steps.slice(0, most).join('; ')}${rest}.` }
  })
}

/** How long traces of all servers are awaited, in ms. */
const traceTime = 500

/** Sends a message that servers trace and do not deliver. */
export const traceMessage = async (nc: NatsConnection, subject: string): Promise<ReadonlyArray<Trace>> => {
  const inbox = createInbox(nc)
  const traces: Array<Trace> = []
  const subscription = nc.subscribe(inbox, {
    callback: (error, msg) => {
      if (error !== null) return
      const trace = parseTrace(msg.string())
      if (E.isRight(trace)) traces.push(trace.right)
    },
  })
  const h = headers()
  h.set('Nats-Trace-Dest', inbox)
  h.set('Nats-Trace-Only', 'true')
  nc.publish(subject, undefined, { headers: h })
  await new Promise(resolve => setTimeout(resolve, traceTime))
  if (!subscription.isClosed()) subscription.unsubscribe()
  return traces
}
