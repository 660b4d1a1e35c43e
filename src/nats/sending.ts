/** One origin that is sent: its numbers, its heartbeats, and what it says of itself when asked. */
import * as E from 'fp-ts/lib/Either.js'
import type { Epoch } from '../core/Epoch.ts'
import * as Head from '../core/Head.ts'
import type { Origin } from '../core/Origin.ts'
import * as Sender from '../core/Sender.ts'
import type { SequenceNumber } from '../core/SequenceNumber.ts'
import * as Subject from '../core/Subject.ts'
import * as Verb from '../core/Verb.ts'
import { now } from './alarm.ts'
import type { Connection, Msg } from './Connection.ts'
import { block, wireHeaders } from './headers.ts'
import type { Line, Outbound } from './outbound.ts'
import { checkSize, encoded, payloadOf } from './outgoing.ts'
import type { PublishOptions, SenderNotice } from './publisher.ts'
import type { Beating, Pulse } from './pulse.ts'
import { orThrow, sequencedError } from './SequencedError.ts'

/** What all origins of one publisher share. */
export interface Means {
  readonly nc: Connection
  readonly verbs: Verb.Prefix
  readonly outbound: Outbound
  readonly pulse: Pulse
  readonly tell: (notice: SenderNotice) => void
}

export interface Sending {
  readonly origin: Origin
  readonly publish: (data?: Uint8Array | string, options?: PublishOptions) => SequenceNumber
  /** When it last sent something, in ms of the monotonic clock. */
  readonly sentAt: () => number
  /** Says where it is to whoever has asked. */
  readonly answer: (reply: string) => void
  /** Hears a heartbeat on its own subject. */
  readonly overhear: (msg: Msg) => void
  /** Says that nothing follows, three times within 200 ms, then stops. */
  readonly close: () => void
  /** Says once that nothing follows; it can be asked for what is kept of it as long as that is kept. */
  readonly retire: () => void
  /** Stops at once. */
  readonly stop: () => void
}

const decoder = new TextDecoder()
const nothing = new Uint8Array(0)

/** Opens an origin. `stopped` is called when it has said its farewell, or, once retired, when nothing is kept of it. */
export const send = (
  means: Means,
  origin: Origin,
  epoch: Epoch,
  options: Sender.Options,
  stopped: () => void,
): Sending => {
  const { nc, verbs, outbound, pulse, tell } = means
  let sender = Sender.create(origin, epoch, now(), options)
  let isStopped = false

  const line: Line = {
    origin: origin.name,
    epoch,
    isSingle: origin.run === undefined,
    head: () => sender.head,
    revive: () => {
      if (sender.state === 'ended') return
      sender = Sender.revived(now())(sender)
      pulse.book(origin.name, beating)
    },
    tell,
    forgotten: () => stop(),
  }

  const stop = (): void => {
    if (isStopped) return
    isStopped = true
    pulse.remove(origin.name)
    outbound.close(line)
    stopped()
  }

  // --- heartbeats, and the same when asked

  const headNow = (): Head.Head =>
    Sender.headOf(now(), pulse.stretched(sender.max), outbound.oldest(origin.name) ?? sender.head + 1)(sender)

  const beat = (): void => {
    try {
      nc.publish(Verb.heartbeat(verbs)(origin, sender.head), Head.format(headNow()))
    } catch {
      // The connection is closing, and says so itself.
    }
  }

  const beating: Beating = {
    max: sender.max,
    dueAt: max => Sender.dueAt(max)(sender),
    beat: max => {
      beat()
      sender = Sender.beaten(now(), max)(sender)
      if (sender.state === 'ended') stop()
    },
  }

  const answer = (reply: string): void => {
    const headers = wireHeaders(block('', [['Nats-Subject', Verb.newest(origin, sender.head)]]))
    nc.publish(reply, Head.format(headNow()), { headers })
  }

  /** A `single` subject has one sender: another that is alive is an error. */
  const rivals = new Set<Epoch>()
  const overhear = (msg: Msg): void => {
    const head = Head.parse(decoder.decode(msg.data))
    if (E.isLeft(head) || head.right.epoch === epoch || head.right.state === 'ended') return
    const rival = head.right.epoch
    // The farewell of the run before us is no conflict, but a live heartbeat is: it was sent after we had begun.
    if (rivals.has(rival) || rivals.size >= 64) return
    rivals.add(rival)
    tell({ _tag: 'Conflict', origin: origin.name, epoch, rival })
  }

  // --- messages

  const publish = (data: Uint8Array | string = nothing, { reply = '', headers }: PublishOptions = {}) => {
    if (sender.state !== 'live')
      throw sequencedError(`The publisher of ${origin.name} is closed: make a new one to go on.`, { _tag: 'Closed' })
    const number = orThrow(Sender.explain)(Sender.next(sender))
    if (reply !== '') orThrow(Subject.explain)(Subject.parse(reply))
    const payload = payloadOf(data, outbound.copy)
    const head = headers === undefined ? undefined : outbound.copy(encoded(headers))
    checkSize(nc, payload.length + (head?.length ?? 0))
    outbound.send(line, number, payload, head, reply)
    const decayed = sender.wait !== undefined
    sender = Sender.published(now())(sender)
    if (decayed) pulse.book(origin.name, beating)
    return number
  }

  outbound.open(line)
  // Before any message: a receiver of the run before this one must not take the first for a gap of that.
  beating.beat(pulse.stretched(sender.max))
  pulse.book(origin.name, beating)

  return {
    origin,
    publish,
    sentAt: () => sender.sentAt,
    answer,
    overhear,
    stop,
    close: () => {
      if (sender.state !== 'live' || isStopped) return
      sender = Sender.closed(now())(sender)
      pulse.book(origin.name, beating)
    },
    retire: () => {
      if (sender.state === 'ended' || isStopped) return
      const saysIt = sender.farewells === 0
      sender = Sender.retired(sender)
      if (saysIt) beat()
      pulse.remove(origin.name)
      outbound.retire(line)
    },
  }
}
