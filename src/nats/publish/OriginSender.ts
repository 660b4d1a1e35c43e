/** One origin that is sent: its numbers, its heartbeats, and what it says of itself when asked. */
import * as E from 'fp-ts/lib/Either.js'
import * as Verb from '../../core/protocol/ControlSubject.ts'
import type { Epoch } from '../../core/protocol/Epoch.ts'
import * as Head from '../../core/protocol/Head.ts'
import type { Origin } from '../../core/protocol/Origin.ts'
import type { SequenceNumber } from '../../core/protocol/SequenceNumber.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import * as Sender from '../../core/sender/Sender.ts'
import type { Connection, Msg } from '../client/Connection.ts'
import { isConnected, whenConnected } from '../client/connectionStatus.ts'
import { EncodedHeaders } from '../client/EncodedHeaders.ts'
import { headerBlock } from '../client/headers.ts'
import { now } from '../client/timer.ts'
import { orThrow, sequencedError } from '../errors.ts'
import type { Beating, Pulse } from './heartbeatTimer.ts'
import type { Line, Outbound } from './sendLog.ts'
import type { PublishOptions, SenderNotice } from './types.ts'
import { payloadOf } from './validate.ts'

/** What all origins of one publisher share. */
export interface Means {
  readonly nc: Connection
  readonly verbs: Verb.Prefix
  readonly outbound: Outbound
  readonly pulse: Pulse
  readonly tell: (notice: SenderNotice) => void
}

/** What the publisher of an origin has to know. */
export interface SendingListener {
  /** The last heartbeat marked `ended` has gone out. */
  readonly ended: (self: Sending) => void
  /** It has stopped. A retired origin stops when nothing is kept of it. */
  readonly stopped: (self: Sending) => void
}

const decoder = new TextDecoder()
const nothing = new Uint8Array(0)

/** Other runs that were told of. */
const maxRivals = 64

/** A class, since there can be tens of thousands: closures of its own would cost each of them kilobytes. */
export class Sending implements Line, Beating {
  readonly origin: Origin
  readonly epoch: Epoch
  readonly #means: Means
  readonly #listener: SendingListener
  #sender: Sender.Sender
  #rivals: Set<Epoch> | undefined
  #isClosing = false
  #isStopped = false

  constructor(means: Means, origin: Origin, epoch: Epoch, options: Sender.Options, listener: SendingListener) {
    this.origin = origin
    this.epoch = epoch
    this.#means = means
    this.#listener = listener
    this.#sender = Sender.create(origin, epoch, now(), options)
    means.outbound.open(this)
    // Before any message: a receiver of the run before this one must not take the first for a gap of that.
    this.beat(means.pulse.latest(this.max))
    means.pulse.book(this)
  }

  get name(): string {
    return this.origin.name
  }

  get owner(): object {
    return this.#means
  }

  /** When it last sent something, in ms of the monotonic clock. */
  get sentAt(): number {
    return this.#sender.sentAt
  }

  // --- messages

  publish(data: Uint8Array | string = nothing, { reply = '', headers }: PublishOptions = {}): SequenceNumber {
    const { outbound, pulse } = this.#means
    if (this.#isClosing || this.#isStopped || this.#sender.state !== 'live')
      throw sequencedError(`The publisher of ${this.name} is closed: make a new one to go on.`, { _tag: 'Closed' })
    const number = orThrow(Sender.explain)(Sender.next(this.#sender))
    if (reply !== '') orThrow(Subject.explain)(Subject.parse(reply))
    const payload = payloadOf(data, outbound.copy)
    outbound.send(this, number, payload, headers, reply)
    const decayed = this.#sender.wait !== undefined
    this.#sender = Sender.published(now())(this.#sender)
    if (decayed) pulse.book(this)
    return number
  }

  // --- heartbeats, and the same when asked

  get max(): number {
    return this.#sender.max
  }

  get run(): string {
    return this.isSingle ? `${this.name} ${this.epoch}` : this.name
  }

  dueAt(latest: number): number {
    return Sender.dueAt(latest)(this.#sender)
  }

  beat(latest: number): void {
    this.#say()
    this.#sender = Sender.beaten(now(), latest)(this.#sender)
    if (this.#sender.state === 'ended') this.#listener.ended(this)
  }

  #say(): void {
    const { nc, verbs } = this.#means
    try {
      nc.publish(Verb.heartbeat(verbs)(this.origin, this.head), Head.format(this.#headNow()))
    } catch {
      // The connection is closing, and says so itself.
    }
  }

  #headNow(): Head.Head {
    const { pulse, outbound } = this.#means
    return Sender.headOf(now(), pulse.stretched(this.max), outbound.oldest(this) ?? this.head + 1)(this.#sender)
  }

  /** Says where it is to whoever has asked. */
  answer(reply: string): void {
    const headers = new EncodedHeaders(headerBlock('', [['Nats-Subject', Verb.newest(this.origin, this.head)]]))
    this.#means.nc.publish(reply, Head.format(this.#headNow()), { headers })
  }

  /** Hears a heartbeat on its own subject. A `single` subject has one sender: another that is alive is an error. */
  overhear(msg: Msg): void {
    const head = Head.parse(decoder.decode(msg.data))
    // The farewell of the run before us is no conflict, but a live heartbeat is: it was sent after we had begun.
    if (E.isLeft(head) || head.right.epoch === this.epoch || head.right.state === 'ended') return
    const rival = head.right.epoch
    this.#rivals ??= new Set()
    if (this.#rivals.has(rival) || this.#rivals.size >= maxRivals) return
    this.#rivals.add(rival)
    this.tell({ _tag: 'Conflict', origin: this.name, epoch: this.epoch, rival })
  }

  // --- what the connection asks of it

  get isSingle(): boolean {
    return this.origin.run === undefined
  }

  get head(): number {
    return this.#sender.head
  }

  revive(): void {
    // The heartbeats that said so may have been lost with the connection.
    if (this.#sender.state === 'ended') return this.#isClosing ? this.#say() : undefined
    this.#sender = Sender.revived(now())(this.#sender)
    this.#means.pulse.book(this)
  }

  tell(notice: SenderNotice): void {
    this.#means.tell(notice)
  }

  // --- the end

  /** Takes no more messages. Says so three times within 200 ms, after the reconnect if there is no connection. */
  close(): void {
    if (this.#isStopped) return
    this.#isClosing = true
    const begin = (): void => {
      this.#sender = Sender.closed(now())(this.#sender)
      if (!this.#isStopped) this.#means.pulse.book(this)
    }
    if (isConnected(this.#means.nc)) begin()
    else whenConnected(this.#means.nc).then(begin, begin)
  }

  /** Says once that nothing follows. What is kept of it can still be requested. */
  retire(): void {
    if (this.#sender.state === 'ended' || this.#isStopped) return
    const isNews = this.#sender.farewells === 0
    this.#sender = Sender.retired(this.#sender)
    if (isNews) this.#say()
    this.#means.pulse.remove(this)
    this.#means.outbound.retire(this)
  }

  /** Stops at once. */
  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#means.pulse.remove(this)
    this.#means.outbound.close(this)
    this.#listener.stopped(this)
  }
}
