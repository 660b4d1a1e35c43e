/**
 * A receiver that a program runs: the same machine as `Receiver.step`, with a shortcut in place for most messages.
 *
 * For the next number of an origin in sequence, only counters change. They are kept in mutable lanes, one for each such
 * origin, and written back to the receiver before an event that can concern the origin. So the machine never sees a lane,
 * and a property test compares both forms. A heartbeat that says nothing new changes a lane, too. Another lane takes the
 * replayed messages that fill a gap in order. See docs/decisions/0015-receiver-in-place.md.
 */
import { dueBy } from '../internal/DueQueue.ts'
import type { Epoch } from '../protocol/Epoch.ts'
import type { Verdict } from './Delivery.ts'
import type { Event } from './events.ts'
import type { InSequence } from './fastPath.ts'
import { advanced, asInSequence, isKnownHead } from './fastPath.ts'
import { forOneOwner } from './originTable.ts'
import type { Arrival, Deliver, Output } from './outputs.ts'
import { ReceivedMessage } from './ReceivedMessage.ts'
import { step } from './Receiver.ts'
import type { Recovery } from './replayFastPath.ts'
import { isInRecovery, isPlain, keepsWakeAt, recovered, recoveryOf } from './replayFastPath.ts'
import type { Entry, Receiver } from './state.ts'
import { owesReport } from './state.ts'

/** An origin in sequence. */
export interface Lane<A> {
  readonly name: string
  /** Its only next number; 0 while the general path decides. */
  next: number
  /** When its last message or heartbeat arrived. */
  seenAt: number
  /** The origin without the messages since the last write. */
  state: InSequence<A>
  entry: Entry<A>
  /** When `entry` was in the table: a count of changes of the table. */
  checkedAt: number
  isChanged: boolean
}

/** A gap that the answers to a request fill in order. */
interface ReplayLane<A> {
  readonly name: string
  readonly requestId: number
  readonly epoch: Epoch | undefined
  next: number
  seenAt: number
  /** The gap and its origin without the messages since the last write. */
  recovery: Recovery<A>
  entry: Entry<A>
  checkedAt: number
  isChanged: boolean
}

type ReplayAnswered<A> = Extract<Event<A>, { readonly _tag: 'ReplayAnswered' }>
type HeartbeatReceived<A> = Extract<Event<A>, { readonly _tag: 'HeartbeatReceived' }>

/** The limit of lanes beyond `maxOrigins`: those of origins that made way for others. */
const maxUnused = 1024

export class InPlaceReceiver<A> {
  #receiver: Receiver<A>
  readonly #machine: typeof step<A>
  #lanes = new Map<string, Lane<A>>()
  #last: Lane<A> | undefined
  readonly #changed = new Set<Lane<A>>()
  #replay: ReplayLane<A> | undefined
  /** How often the machine has changed the table. */
  #changes = 0
  /** Messages and bytes that were delivered since the last write, without those that were processed. */
  #messages = 0
  #bytes = 0

  /** @param machine takes the events that no lane takes */
  constructor(receiver: Receiver<A>, machine: typeof step<A> = step) {
    this.#receiver = forOneOwner(receiver)
    this.#machine = machine
  }

  /** The receiver as a value. */
  get value(): Receiver<A> {
    this.#write()
    return this.#receiver
  }

  /** The lane of the origin that a subject begins with, up to its last dot. */
  laneOf(subject: string, dot: number): Lane<A> | undefined {
    const last = this.#last
    if (last !== undefined && last.name.length === dot && subject.startsWith(last.name)) return last
    const lane = this.#lanes.get(subject.slice(0, dot))
    if (lane !== undefined) this.#last = lane
    return lane
  }

  /** True if the receiver follows the origin. */
  follows(name: string): boolean {
    return this.#receiver.table.origins.get(name) !== undefined
  }

  /** When an origin was last heard in sequence: a message, or a heartbeat that said nothing new. */
  seenInSequenceAt(name: string): number | undefined {
    return this.#lanes.get(name)?.seenAt
  }

  /** True if `deliver` can take the message: it is the next one of its origin, and there is room. */
  isNext(lane: Lane<A>, number: number, bytes: number): boolean {
    if (lane.checkedAt !== this.#changes) this.#renew(lane)
    return lane.next === number && this.#receiver.session.away === undefined && this.#hasRoom(bytes)
  }

  #hasRoom(bytes: number): boolean {
    const { usage, settings } = this.#receiver
    return (
      usage.messages + this.#messages < settings.maxMessages && usage.bytes + this.#bytes + bytes <= settings.maxBytes
    )
  }

  /** Delivers the next message of a lane. */
  deliver(lane: Lane<A>, now: number, arrival: Arrival<A>): Deliver<A> {
    lane.next = arrival.number + 1
    this.#see(lane, now)
    return this.#delivered(lane.state, 'InOrder', arrival)
  }

  #see(lane: Lane<A>, now: number): void {
    lane.seenAt = now
    if (lane.isChanged) return
    lane.isChanged = true
    this.#changed.add(lane)
  }

  #delivered({ about, epoch }: InSequence<A>, verdict: Verdict, arrival: Arrival<A>): Deliver<A> {
    const { number, data, headers, reply, bytes } = arrival
    this.#messages += 1
    this.#bytes += bytes
    const delivery = new ReceivedMessage(about, number, verdict, data, headers, reply)
    return { _tag: 'Deliver', delivery, bytes, settled: number, epoch }
  }

  /** One step of the machine. */
  step(event: Event<A>): ReadonlyArray<Output<A>> {
    const { table, usage } = this.#receiver
    if (event._tag === 'Consumed' && table.waiting === undefined && !owesReport(usage)) {
      // Nobody waits for the room.
      this.#messages -= event.deliveries
      this.#bytes -= event.bytes
      return []
    }
    if (event._tag === 'ReplayAnswered') {
      const lane = this.#laneOfReplay(event)
      if (lane !== undefined) return [this.#deliverReplay(lane, event)]
    }
    if (event._tag === 'HeartbeatReceived') {
      const lane = this.#laneOfHeartbeat(event)
      if (lane !== undefined) {
        this.#see(lane, event.now)
        return []
      }
    }
    this.#write(this.#concerned(event))
    const [outputs, after] = this.#machine(event)(this.#receiver)
    if (after.table !== this.#receiver.table) this.#changes += 1
    this.#receiver = after
    if (event._tag === 'MessageReceived') this.#open(event.origin.name, event.now)
    if (event._tag === 'ReplayAnswered') this.#openReplay(event)
    return outputs
  }

  /** The lane of an origin whose heartbeat says nothing new. */
  #laneOfHeartbeat({ origin, head }: HeartbeatReceived<A>): Lane<A> | undefined {
    const lane = this.#lanes.get(origin.name)
    if (lane === undefined || this.#receiver.session.away !== undefined) return undefined
    if (lane.checkedAt !== this.#changes) this.#renew(lane)
    return lane.next > 0 && isKnownHead(lane.state, head, lane.next - 1) ? lane : undefined
  }

  /** The origins whose state the machine reads for an event; `undefined` for all. */
  #concerned(event: Event<A>): ReadonlyArray<string> | undefined {
    const { table, session } = this.#receiver
    if (table.waiting !== undefined || session.join !== undefined) return undefined
    if (event._tag === 'HeartbeatReceived' || event._tag === 'MessageReceived') {
      const { name } = event.origin
      // Any other origin may have to make way for a new one.
      return table.origins.get(name) === undefined ? undefined : [name]
    }
    if (event._tag !== 'Tick') return undefined
    return dueBy(table.wakeUps, event.now - session.lag)
  }

  /** Opens a lane for an origin, if it is in sequence. */
  #open(name: string, now: number): void {
    const { table } = this.#receiver
    const entry = table.origins.get(name)
    const state = entry === undefined ? undefined : asInSequence(this.#receiver.settings, entry.state)
    if (entry === undefined || state === undefined) return
    // Lanes of origins that are not followed any more have no other end.
    if (this.#lanes.size >= this.#receiver.settings.maxOrigins + maxUnused) {
      this.#write()
      this.#lanes.clear()
    }
    const next = state.buffer.next
    this.#lanes.set(name, { name, next, seenAt: now, state, entry, checkedAt: this.#changes, isChanged: false })
    this.#last = undefined
  }

  /** The lane that can deliver a replayed message: it is the next one of the gap, and there is room. */
  #laneOfReplay({ now, origin, requestId, epoch, arrival }: ReplayAnswered<A>): ReplayLane<A> | undefined {
    const lane = this.#replay
    const { settings, session } = this.#receiver
    return lane !== undefined &&
      lane.checkedAt === this.#changes &&
      lane.name === origin.name &&
      lane.requestId === requestId &&
      lane.epoch === epoch &&
      lane.next === arrival.number &&
      isInRecovery(lane.recovery, arrival.number) &&
      isPlain(this.#receiver, lane.recovery.state) &&
      this.#hasRoom(arrival.bytes) &&
      keepsWakeAt(settings, lane.entry, arrival.number, now - session.lag)
      ? lane
      : undefined
  }

  #deliverReplay(lane: ReplayLane<A>, { now, arrival }: ReplayAnswered<A>): Deliver<A> {
    lane.next = arrival.number + 1
    lane.seenAt = now
    lane.isChanged = true
    return this.#delivered(lane.recovery.state, 'Recovered', arrival)
  }

  /** Opens the lane of replays, if the gap of an origin is filled in order. */
  #openReplay({ origin: { name }, requestId, epoch }: ReplayAnswered<A>): void {
    const { origins } = this.#receiver.table
    const entry = origins.get(name)
    const recovery = entry === undefined ? undefined : recoveryOf(entry.state, requestId, epoch)
    this.#replay = undefined
    if (entry === undefined || recovery === undefined) return
    const next = recovery.missing.first
    const checkedAt = this.#changes
    this.#replay = { name, requestId, epoch, next, seenAt: 0, recovery, entry, checkedAt, isChanged: false }
  }

  /** The machine has taken a step since the last message of the lane. */
  #renew(lane: Lane<A>): void {
    lane.checkedAt = this.#changes
    const entry = this.#receiver.table.origins.get(lane.name)
    if (entry === lane.entry) return
    const state = entry === undefined ? undefined : asInSequence(this.#receiver.settings, entry.state)
    lane.next = state?.buffer.next ?? 0
    if (entry === undefined || state === undefined) return
    lane.entry = entry
    lane.state = state
  }

  /** @param only the origins whose lanes are written; `undefined` for all */
  #write(only?: ReadonlyArray<string>): void {
    const replay = this.#replay
    const isChanged = this.#changed.size > 0 || replay?.isChanged === true
    if (!isChanged && this.#messages === 0 && this.#bytes === 0) return
    const self = this.#receiver
    const { table, usage } = self
    let { origins } = table
    const written = only === undefined ? [...this.#changed] : only.flatMap(name => this.#changedLane(name))
    for (const lane of written) {
      lane.state = advanced(lane.state, lane.next - 1, lane.seenAt - self.session.lag)
      lane.entry = { state: lane.state, wakeAt: lane.entry.wakeAt, idle: lane.entry.idle }
      origins = origins.set(lane.name, lane.entry)
      lane.isChanged = false
      this.#changed.delete(lane)
    }
    if (replay?.isChanged === true) {
      const state = recovered(self.settings, replay.recovery, replay.next - 1, replay.seenAt - self.session.lag)
      replay.recovery = { ...replay.recovery, state }
      replay.entry = { state, wakeAt: replay.entry.wakeAt, idle: undefined }
      origins = origins.set(replay.name, replay.entry)
      replay.isChanged = false
    }
    this.#receiver = {
      settings: self.settings,
      addressing: self.addressing,
      table: { ...table, origins },
      usage: {
        ...usage,
        messages: usage.messages + this.#messages,
        bytes: usage.bytes + this.#bytes,
        unprocessedMessages: usage.unprocessedMessages + this.#messages,
        unprocessedBytes: usage.unprocessedBytes + this.#bytes,
      },
      session: self.session,
      wakeAt: self.wakeAt,
    }
    this.#messages = 0
    this.#bytes = 0
  }

  #changedLane(name: string): ReadonlyArray<Lane<A>> {
    const lane = this.#lanes.get(name)
    return lane?.isChanged === true ? [lane] : []
  }
}
