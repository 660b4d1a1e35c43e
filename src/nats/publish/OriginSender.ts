/** The sender of one origin: numbers its messages, sends its heartbeats and answers its head requests. */
import * as E from 'fp-ts/lib/Either.js'
import * as ControlSubject from '../../core/protocol/ControlSubject.ts'
import type { Epoch } from '../../core/protocol/Epoch.ts'
import * as Head from '../../core/protocol/Head.ts'
import type { Origin } from '../../core/protocol/Origin.ts'
import * as SequenceNumber from '../../core/protocol/SequenceNumber.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import * as Sender from '../../core/sender/Sender.ts'
import type { Msg } from '../client/Connection.ts'
import { isConnected, whenConnected } from '../client/connectionStatus.ts'
import { decodeText } from '../client/decodeText.ts'
import { EncodedHeaders } from '../client/EncodedHeaders.ts'
import { headerBlock } from '../client/headers.ts'
import { randomEpoch } from '../client/random.ts'
import { now, nowInTurn } from '../client/timer.ts'
import { orThrow, sequencedError } from '../errors.ts'
import type { HeartbeatSource } from './heartbeatTimer.ts'
import type { PublisherContext } from './publisherContext.ts'
import type { SenderOriginStats } from './senderStats.ts'
import type { LoggedOrigin, PublishOptions, SenderNotice } from './types.ts'
import { toPayload } from './validate.ts'

export interface OriginSenderListener {
  /** The last heartbeat marked `ended` was sent. */
  readonly onEnded: (self: OriginSender) => void
  /** The sender has stopped. A retired sender stops when the history holds none of its messages. */
  readonly onStopped: (self: OriginSender) => void
}

const noBytes = new Uint8Array(0)

/** The limit of other epochs that are reported as a conflict. */
const maxReportedEpochs = 64

/** A class, because a publisher can have tens of thousands: closures would cost kilobytes for each. */
export class OriginSender implements LoggedOrigin, HeartbeatSource {
  readonly origin: Origin
  #epoch: Epoch
  readonly #context: PublisherContext
  readonly #listener: OriginSenderListener
  /** Read it as `#sender`. */
  #counted: Sender.Sender
  /** Messages that `#counted` does not count yet: a copy of the record for each would cost more than to send it. */
  #uncounted = 0
  #sentAt = 0
  /** The last number before it must ask for more. */
  #upTo: number
  #reportedEpochs: Set<Epoch> | undefined
  /** The messages of its earlier runs. */
  #publishedBefore = 0
  #isClosing = false
  #isStopped = false

  constructor(
    context: PublisherContext,
    origin: Origin,
    epoch: Epoch,
    options: Sender.Options,
    listener: OriginSenderListener,
  ) {
    this.origin = origin
    this.#epoch = epoch
    this.#context = context
    this.#listener = listener
    this.#counted = Sender.create(origin, epoch, now(), options)
    this.#upTo = context.numbers === undefined ? SequenceNumber.last : this.head
    context.sendLog.add(this)
    this.#begin()
  }

  /** The first heartbeat precedes the first message. Without it a receiver of an earlier run would see a gap. */
  #begin(): void {
    const { heartbeatTimer, numbers } = this.#context
    // If the sender dies before it answers a request, receivers need two heartbeats to believe where the run starts.
    if (numbers !== undefined) this.#publishHeartbeat()
    this.sendHeartbeat(heartbeatTimer.sendInterval(this.max))
    heartbeatTimer.schedule(this)
  }

  get #sender(): Sender.Sender {
    if (this.#uncounted > 0) this.#counted = Sender.published(this.#sentAt, this.#uncounted)(this.#counted)
    this.#uncounted = 0
    return this.#counted
  }

  set #sender(next: Sender.Sender) {
    this.#counted = next
  }

  get epoch(): Epoch {
    return this.#epoch
  }

  get name(): string {
    return this.origin.name
  }

  get publisher(): object {
    return this.#context
  }

  get isSingle(): boolean {
    return this.origin.run === undefined
  }

  get isLive(): boolean {
    return !this.#isClosing && !this.#isStopped && this.#counted.state === 'live'
  }

  get head(): number {
    return this.#counted.head + this.#uncounted
  }

  /** The number of messages that it has published. */
  get published(): number {
    return this.#publishedBefore + this.head - this.#counted.start + 1
  }

  stats(): SenderOriginStats {
    const { subject, run } = this.origin
    return {
      origin: this.name,
      subject,
      sender: run?.sender,
      epoch: this.epoch,
      isLive: this.isLive,
      newest: this.head,
      published: this.published,
      heartbeatAgo: now() - this.#counted.heartbeatAt,
    }
  }

  /** The time of the last message, in ms of the monotonic clock. */
  get sentAt(): number {
    return this.#sender.sentAt
  }

  // --- messages

  publish(
    data: Uint8Array | string = noBytes,
    { reply = '', headers }: PublishOptions = {},
  ): SequenceNumber.SequenceNumber {
    const { sendLog, heartbeatTimer, sign } = this.#context
    if (!this.isLive)
      throw sequencedError(`The publisher of ${this.name} is closed: create a new one to continue.`, { _tag: 'Closed' })
    const next = this.head + 1
    let number = SequenceNumber.is(next) ? next : orThrow(Sender.explain)(Sender.next(this.#sender))
    if (number > this.#upTo) number = this.#granted(number)
    if (reply !== '') orThrow(Subject.explain)(Subject.parse(reply))
    const payload = toPayload(data, sendLog.copy)
    const signed = sign === undefined ? headers : sign({ subject: `${this.name}.${number}`, data: payload, headers })
    sendLog.send(this, number, payload, signed, reply)
    this.#uncounted += 1
    this.#sentAt = nowInTurn()
    if (this.#counted.wait !== undefined) heartbeatTimer.schedule(this)
    return number
  }

  /** Asks for more numbers. The next one may be higher: the numbers in between belong to another sender. */
  #granted(number: SequenceNumber.SequenceNumber): SequenceNumber.SequenceNumber {
    const granted = this.#context.numbers?.grant(number, this.name)
    if (granted === undefined) return number
    if (granted.start !== number) this.#restart(granted.start)
    this.#upTo = granted.upTo
    return granted.start
  }

  /** Starts a new run, whose head says where it starts. Otherwise receivers would report the numbers before as lost. */
  #restart(start: SequenceNumber.SequenceNumber): void {
    const { after, max } = this.#sender
    this.#publishedBefore = this.published
    // Its own earlier heartbeats may still arrive here.
    this.#reportedEpochs = (this.#reportedEpochs ?? new Set()).add(this.#epoch)
    this.#context.heartbeatTimer.remove(this)
    this.#sender = Sender.retired(this.#sender)
    this.#publishHeartbeat()
    this.#epoch = randomEpoch()
    this.#sender = Sender.create(this.origin, this.#epoch, now(), { start, after, max })
    this.#begin()
  }

  // --- heartbeats and heads

  get max(): number {
    return this.#counted.max
  }

  get key(): string {
    return this.isSingle ? `${this.name} ${this.epoch}` : this.name
  }

  dueAt(sendInterval: number): number {
    return Sender.dueAt(sendInterval)(this.#sender)
  }

  sendHeartbeat(sendInterval: number): void {
    this.#publishHeartbeat()
    this.#sender = Sender.heartbeatSent(now(), sendInterval)(this.#sender)
    if (this.#sender.state === 'ended') this.#listener.onEnded(this)
  }

  #publishHeartbeat(): void {
    const { nc, prefix } = this.#context
    try {
      nc.publish(ControlSubject.heartbeat(prefix)(this.origin, this.head), Head.format(this.#currentHead()))
    } catch {
      // The connection is closing. Its own status reports that.
    }
  }

  #currentHead(): Head.Head {
    const { heartbeatTimer, sendLog } = this.#context
    const first = Math.max(sendLog.oldestNumber(this) ?? this.head + 1, this.#sender.start)
    return Sender.headOf(now(), heartbeatTimer.promisedInterval(this.max), first)(this.#sender)
  }

  /** Answers a head request. It may have waited until after the end. */
  sendHead(reply: string): void {
    if (this.#isStopped) return
    const fields = [['Nats-Subject', ControlSubject.newest(this.origin, this.head)]] as const
    const headers = new EncodedHeaders(headerBlock('', fields))
    this.#context.nc.publish(reply, Head.format(this.#currentHead()), { headers })
  }

  /** Handles a heartbeat on the subject of this origin. A live heartbeat of another epoch is a conflict in `single`. */
  onOtherHeartbeat(msg: Msg): void {
    const head = Head.parse(decodeText(msg.data, Head.maxLength))
    // An `ended` heartbeat belongs to the previous run. A live one was sent after this run began.
    if (E.isLeft(head) || head.right.epoch === this.epoch || head.right.state === 'ended') return
    const rival = head.right.epoch
    this.#reportedEpochs ??= new Set()
    if (this.#reportedEpochs.has(rival) || this.#reportedEpochs.size >= maxReportedEpochs) return
    this.#reportedEpochs.add(rival)
    this.report({ _tag: 'SenderConflict', origin: this.name, epoch: this.epoch, rival })
  }

  onReconnected(): void {
    // The heartbeats marked `ended` may be lost.
    if (this.#sender.state === 'ended') return this.#isClosing ? this.#publishHeartbeat() : undefined
    this.#sender = Sender.reconnected(now())(this.#sender)
    this.#context.heartbeatTimer.schedule(this)
  }

  report(notice: SenderNotice): void {
    this.#context.report(notice)
  }

  // --- the end

  /** Ends the sequence: sends three heartbeats marked `ended` within 200 ms, after the reconnect if disconnected. */
  close(): void {
    if (this.#isStopped) return
    this.#isClosing = true
    this.#context.numbers?.ended(this.head)
    const begin = (): void => {
      this.#sender = Sender.closed(now())(this.#sender)
      if (!this.#isStopped) this.#context.heartbeatTimer.schedule(this)
    }
    if (isConnected(this.#context.nc)) begin()
    else whenConnected(this.#context.nc).then(begin, begin)
  }

  /** Ends the sequence with one heartbeat marked `ended`. Its messages stay replayable. */
  retire(): void {
    if (this.#sender.state === 'ended' || this.#isStopped) return
    this.#context.numbers?.ended(this.head)
    const isFirstEndedHeartbeat = this.#sender.endedHeartbeats === 0
    this.#sender = Sender.retired(this.#sender)
    if (isFirstEndedHeartbeat) this.#publishHeartbeat()
    this.#context.heartbeatTimer.remove(this)
    this.#context.sendLog.retire(this)
  }

  /** Stops at once, without a heartbeat. */
  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#context.numbers?.ended(this.head)
    this.#context.heartbeatTimer.remove(this)
    this.#context.sendLog.remove(this)
    this.#listener.onStopped(this)
  }
}
