// A program that receives: one connection, one machine, and an application that takes what it is handed, at its own speed. It
// does with the machine what src/nats/receive/subscribe.ts does.

import * as M from '../../src/core/internal/OrderedMap.ts'
import type { Epoch } from '../../src/core/protocol/Epoch.ts'
import type { Position, Start } from '../../src/core/protocol/Positions.ts'
import * as SequenceNumber from '../../src/core/protocol/SequenceNumber.ts'
import type { Delivery } from '../../src/core/receiver/Delivery.ts'
import { isNotice } from '../../src/core/receiver/Delivery.ts'
import { names } from '../../src/core/receiver/originTable.ts'
import type { Event } from '../../src/core/receiver/Receiver.ts'
import * as Machine from '../../src/core/receiver/Receiver.ts'
import type { Deliver, Output } from '../../src/core/receiver/Step.ts'
import type { Life, Moment, Saved, Seen, Sight } from './chronicle.ts'
import { idOf } from './content.ts'
import type { Step } from './exchange.ts'
import type { Port } from './network.ts'
import { connect, cut, portOf } from './network.ts'
import type { ReceiverPlan } from './plan.ts'
import { clockOn } from './timer.ts'
import { told } from './told.ts'
import type { World } from './world.ts'

export type ReceiverEvent = Event<Uint8Array>
/** An event, but for its time. */
export type Happening = ReceiverEvent extends infer E ? (E extends ReceiverEvent ? Omit<E, 'now'> : never) : never
export type AskReplay = Extract<Output<Uint8Array>, { _tag: 'AskReplay' }>

/** Who hears its questions. */
export interface Asked {
  readonly head: (from: Receiver, id: number, origin: string | undefined) => void
  readonly replay: (from: Receiver, ask: AskReplay) => void
}

export interface Receiver {
  readonly plan: ReceiverPlan
  readonly port: Port
  readonly on: (happening: Happening) => void
  readonly start: (saved: Saved | undefined) => void
  readonly disconnect: () => void
  /** It is cut off for that many ms as its timer rings, and hears the ring right after that. */
  readonly cutAtRing: (ms: number) => void
  /** How many more messages it may keep. */
  readonly room: () => number
  readonly reconnect: () => void
  readonly crash: () => void
  /** What the application would have stored by now. */
  readonly positions: () => Saved | undefined
  /** The application takes one delivery in that many ms; 0: at once. */
  readonly pace: (ms: number) => void
  readonly jump: (ms: number) => void
  readonly life: () => Life | undefined
  /** Nothing is missing, held back or in doubt. */
  readonly isSettled: () => boolean
  /** Where answers go; another one in each life. */
  readonly inbox: () => string
}

export const receiverOf = (world: World, plan: ReceiverPlan, index: number, asked: Asked): Receiver => {
  const { agenda, chronicle } = world
  // Timers of a busy program are late, and some ring a little too early.
  const lateness = (): number =>
    world.strikes('timerEarly')
      ? -world.chance.between(1, 5)
      : world.strikes('timerLate')
        ? world.chance.between(1, 100)
        : 0
  const clock = clockOn(agenda, lateness)
  const { now } = clock
  const name = `r${index}`
  const port = portOf(name, agenda.now())
  port.lingers = plan.lingers
  let machine = Machine.create<Uint8Array>({})
  let life: Life | undefined
  let lives = 0
  let queue: Deliver<Uint8Array>[] = []
  let read = 0
  let positions = new Map<string, Position>()
  let steps: Step[] = []
  const handed = { deliveries: 0, bytes: 0, payloads: 0 }
  /** Messages that it was handed, and has not said to have taken. */
  let payloads = 0
  let owed = 0
  let pace = 0
  let isTaking = false
  let lag = 0

  type More = Partial<Pick<Seen, 'head' | 'delivery' | 'bytes' | 'asked' | 'upTo' | 'refused' | 'isNameless'>>
  const see = (l: Life, what: Sight, origin?: string, number = 0, more: More = {}): void => {
    const { head, delivery, ...rest } = more
    l.seen.push({ at: agenda.now(), local: localNow(l), what, origin, number, head, delivery, ...rest })
  }
  /** What has come in. */
  const sight = (l: Life, e: ReceiverEvent): void => {
    switch (e._tag) {
      case 'Arrived':
        return see(l, 'Came', e.origin.name, e.arrival.number, { bytes: e.arrival.bytes })
      case 'HeartbeatHeard':
        return see(l, 'Head', e.origin.name, 0, { head: e.head })
      case 'HeadAnswered':
        return see(l, 'Head', e.origin.name, e.asked, { head: e.head })
      case 'HeadRefused':
        return see(l, 'Nobody', e.origin, e.asked)
      case 'ReplayAnswered':
        return see(l, 'Replayed', e.origin.name, e.arrival.number, {
          bytes: e.arrival.bytes,
          asked: e.asked,
          isNameless: isNamelessOf(e),
        })
      case 'ReplayRefused':
        return see(l, 'Replayed', e.origin.name, e.last, { refused: e.first, upTo: e.last })
      case 'ReplayEnded':
        return see(l, 'Replayed', e.origin.name, e.last)
      case 'Strayed':
        return see(l, 'Strayed', e.message.subject)
      case 'Disconnected':
        return see(l, 'Away')
      case 'Reconnected':
        return see(l, 'Back')
      case 'Ticked':
        return see(l, 'Woken')
      case 'Started':
        return see(l, 'Started')
      case 'Taken':
        return see(l, 'Taken', undefined, 0, { bytes: e.bytes, upTo: e.deliveries })
    }
  }

  const witness = (l: Life, event: ReceiverEvent): void => {
    const { came, answered, replays, course } = l
    note(l, event)
    const one = momentOf(event)
    if (one !== undefined) course?.push(one)
    if (event._tag === 'ReplayAnswered') replays.answers += 1
    else if (event._tag === 'Arrived') {
      const id = idOf(event.arrival.data)
      if (!came.has(id)) came.set(id, agenda.now())
    } else if (event._tag === 'HeadAnswered') {
      const times = answered.get(event.head.epoch)
      if (times === undefined) answered.set(event.head.epoch, [agenda.now()])
      else times.push(agenda.now())
    }
  }

  /** For those who judge what is asked for: what came in, as soon as there was something to ask for. */
  const note = (l: Life, event: ReceiverEvent): void => {
    const when = { at: agenda.now(), local: localNow(l) }
    switch (event._tag) {
      case 'Arrived':
      case 'ReplayAnswered': {
        if (steps.length === 0) return
        const { number, bytes, data } = event.arrival
        const asked = event._tag === 'Arrived' ? undefined : event.asked
        const isNameless = event._tag === 'ReplayAnswered' && isNamelessOf(event)
        steps.push({
          _tag: 'Came',
          ...when,
          origin: event.origin.name,
          asked,
          number,
          bytes,
          isNameless,
          id: idOf(data),
        })
        return
      }
      case 'ReplayRefused':
        return void steps.push({
          _tag: 'Refused',
          ...when,
          origin: event.origin.name,
          asked: event.asked,
          first: event.first,
          last: event.last,
        })
      case 'ReplayEnded':
        return void steps.push({
          _tag: 'Ended',
          ...when,
          origin: event.origin.name,
          asked: event.asked,
          last: event.last,
        })
      case 'Reconnected':
        steps.push({ _tag: 'Reconnected', ...when })
    }
  }

  const audit = (l: Life): void => {
    const { kept } = l
    kept.messages = Math.max(kept.messages, machine.messages - machine.handedMessages)
    kept.bytes = Math.max(kept.bytes, machine.bytes)
    kept.gaps = Math.max(kept.gaps, machine.gaps)
    kept.origins = Math.max(kept.origins, M.size(machine.origins))
    kept.queue = Math.max(kept.queue, machine.messages - machine.handedMessages + payloads)
  }

  const step = (event: ReceiverEvent): void => {
    if (life === undefined) return
    witness(life, event)
    sight(life, event)
    const cause = life.seen.at(-1)
    const [outputs, after] = Machine.step(event)(machine)
    machine = after
    if (cause !== undefined) cause.kept = { messages: machine.messages, bytes: machine.bytes }
    world.calls += 1
    audit(life)
    if (world.trace !== undefined && event._tag !== 'Taken') world.trace(() => `${name} <- ${brief(event)}`)
    for (const output of outputs) perform(life, output)
    if (machine.away === undefined && machine.wakeAt === Number.POSITIVE_INFINITY && isOpen()) life.forgotten += 1
  }

  /** Something is missing or in doubt, and it does not wait for the application. */
  const isOpen = (): boolean =>
    machine.waiting === undefined && (machine.gaps > 0 || machine.messages > machine.handedMessages)

  const perform = (l: Life, output: Output<Uint8Array>): void => {
    switch (output._tag) {
      case 'Deliver': {
        const { delivery } = output
        world.say(delivery._tag)
        if (delivery._tag === 'Message') world.say(delivery.verdict)
        if (delivery._tag === 'Restarted')
          l.kept.left = Math.max(l.kept.left, names.get(machine.origins, delivery.origin)?.track.left.length ?? 0)
        if (delivery._tag === 'Lost' || delivery._tag === 'Unsequenced') world.say(delivery.reason)
        if (delivery._tag === 'Gap') world.say(`Gap.${delivery.noticedBy}`)
        world.trace?.(() => `${name} is handed ${told(delivery)}`)
        l.course?.push({ _tag: 'Handed', index: l.handed.length })
        l.handed.push({ at: agenda.now(), local: localNow(l), delivery })
        see(l, 'Handed', 'origin' in delivery ? delivery.origin : undefined, 0, { delivery, bytes: output.bytes })
        // A gap, or a silence, can be told later.
        const canWait = delivery._tag === 'Silent' || delivery._tag === 'Gap'
        if (canWait && owed >= plan.maxMessages) l.kept.notices += 1
        owed += 1
        if (!isNotice(delivery)) payloads += 1
        queue.push(output)
        if (pace > 0) noteUntaken(l, delivery)
        return take()
      }
      case 'AskHead':
        world.say('AskHead')
        l.course?.push({ _tag: 'Question', id: output.id, origin: output.origin })
        noteAsk(l)
        see(l, 'Asked', output.origin, output.id)
        return port.isUp ? asked.head(self, output.id, output.origin) : undefined
      case 'AskReplay':
        world.say('AskReplay')
        l.replays.asks += 1
        see(l, 'Begged', output.origin.name, output.id, { asked: output.first, upTo: output.last })
        l.course?.push({ _tag: 'Asked', origin: output.origin.name, at: agenda.now() })
        noteAsk(l)
        steps.push({
          _tag: 'Asked',
          at: agenda.now(),
          local: localNow(l),
          origin: output.origin.name,
          epoch: output.epoch,
          id: output.id,
          first: output.first,
          last: output.last,
          isUp: port.isUp,
          untaken: l.handed.length - l.taken,
        })
        world.trace?.(() => `${name} asks ${output.origin.name} ${output.first}-${output.last} (${output.id})`)
        tellTaken()
        return port.isUp ? asked.replay(self, output) : undefined
      case 'Began':
        world.say('Began')
        l.course?.push({ _tag: 'Began', origin: output.origin, at: agenda.now(), number: output.number })
        return moveTo(output.origin, output.epoch, output.number)
      case 'WakeAt':
        world.say('WakeAt')
        return wakes.set(output.at)
    }
  }
  const noteUntaken = (l: Life, delivery: Delivery<Uint8Array>): void => {
    const { untaken, untimely } = chronicle.exchange
    const now = l.handed.length - l.taken
    // What is taken and was not told yet waits, too, as far as anyone can know.
    if (delivery._tag === 'Lost' && delivery.reason === 'unresolved')
      untimely.push({ life: l, at: agenda.now(), waiting: now - 1 + handed.deliveries })
    if (now > (untaken.get(l) ?? 0)) untaken.set(l, now)
  }
  /** Its time stands still while it is disconnected. */
  const localNow = (l: Life): number => {
    const away = l.away.at(-1)
    const stood = away !== undefined && away.to === Number.POSITIVE_INFINITY ? agenda.now() - away.from : 0
    return now() - lag - stood
  }
  const noteAsk = (l: Life): void => {
    if (chronicle.overAt > 0 && agenda.now() > chronicle.overAt - 1000) l.lateAsks += 1
  }

  let cutFor = 0
  const wakes = clock.alarm(() => {
    if (cutFor > 0 && life !== undefined && port.isUp && !world.isHealed) {
      agenda.at(agenda.now() + cutFor, self.reconnect)
      cutFor = 0
      self.disconnect()
    }
    on({ _tag: 'Ticked' })
  })

  const events: ReceiverEvent[] = []
  let isBusy = false
  const on = (happening: Happening): void => {
    // The time is part of every event; TypeScript can't see that a union stays one when it is put back.
    events.push(Object.assign(happening, { now: now() }) as ReceiverEvent)
    if (isBusy) return
    isBusy = true
    for (let next = events.shift(); next !== undefined; next = events.shift()) step(next)
    isBusy = false
  }

  // --- the application

  const moveTo = (origin: string, epoch: Epoch | undefined, number: number): void => {
    positions.set(
      origin,
      epoch === undefined || plan.addressing === 'perSender' ? { origin, number } : { origin, epoch, number },
    )
  }
  const done = (item: Deliver<Uint8Array>): void => {
    const { delivery, bytes, settled, epoch } = item
    if (life !== undefined) life.taken += 1
    if (settled !== undefined && 'origin' in delivery) moveTo(delivery.origin, epoch, settled)
    if (delivery._tag === 'Ended' || (delivery._tag === 'Lost' && delivery.last === undefined))
      positions.delete(delivery.origin)
    handed.deliveries += 1
    handed.bytes += bytes
    if (!isNotice(delivery)) handed.payloads += 1
    const { maxMessages, maxBytes } = machine.settings
    if (handed.deliveries * 4 >= Math.min(maxMessages, 4096) || handed.bytes * 4 >= maxBytes) tellTaken()
  }
  const tellTaken = (): void => {
    if (handed.deliveries === 0) return
    const { deliveries, bytes } = handed
    payloads -= handed.payloads
    owed -= deliveries
    handed.deliveries = 0
    handed.bytes = 0
    handed.payloads = 0
    on({ _tag: 'Taken', deliveries, bytes })
  }
  const take = (): void => {
    if (isTaking) return
    isTaking = true
    if (pace > 0) {
      const mine = lives
      agenda.at(agenda.now() + pace, () => {
        if (mine !== lives) return
        isTaking = false
        takeOne()
        if (read < queue.length) take()
      })
      return
    }
    while (read < queue.length) takeOne()
    isTaking = false
  }
  const takeOne = (): void => {
    const item = queue[read]
    if (item === undefined) return
    read += 1
    if (read === queue.length) {
      queue = []
      read = 0
    }
    done(item)
  }

  // --- life and death

  const start = (saved: Saved | undefined): void => {
    const given: Start =
      saved !== undefined
        ? { v: 1, positions: saved.positions }
        : typeof plan.start === 'string'
          ? plan.start
          : { from: SequenceNumber.nearest(plan.start) }
    const { addressing, mode, deadline, grace, patience, maxJump, maxMessages, maxBytes, maxGaps, maxOrigins, stored } =
      plan
    const settings = { mode, deadline, grace, patience, maxJump, maxMessages, maxBytes, maxGaps, maxOrigins, stored }
    machine = Machine.create<Uint8Array>({ addressing, ...settings, start: given, seed: index * 1000 + lives })
    lives += 1
    queue = []
    read = 0
    lag = 0
    isTaking = false
    handed.deliveries = 0
    handed.bytes = 0
    handed.payloads = 0
    payloads = 0
    owed = 0
    positions = new Map((saved?.positions ?? []).map(p => [p.origin, p]))
    life = {
      receiver: index,
      addressing,
      settings: machine.settings,
      startedAt: agenda.now(),
      endedAt: Number.POSITIVE_INFINITY,
      handed: [],
      came: new Map(),
      answered: new Map(),
      taken: 0,
      saved,
      kept: { messages: 0, bytes: 0, gaps: 0, origins: 0, queue: 0, notices: 0, left: 0 },
      forgotten: 0,
      replays: { asks: 0, answers: 0 },
      lateAsks: 0,
      away: [],
      jumped: 0,
      seen: [],
      course: [],
    }
    chronicle.lives.push(life)
    steps = []
    chronicle.exchange.steps.set(life, steps)
    world.trace?.(() => `${name} starts ${JSON.stringify(given)}`)
    on({ _tag: 'Started' })
  }

  const self: Receiver = {
    plan,
    port,
    on: happening => {
      if (life !== undefined) on(happening)
    },
    start: saved => {
      if (life !== undefined) return
      if (!port.isUp) connect(world, port)
      start(saved)
    },
    disconnect: () => {
      if (life === undefined || !port.isUp) return
      cut(world, port)
      life.away.push({ from: agenda.now(), to: Number.POSITIVE_INFINITY })
      on({ _tag: 'Disconnected' })
    },
    cutAtRing: ms => {
      cutFor = ms
    },
    room: () => (life === undefined ? 0 : plan.maxMessages - machine.messages),
    reconnect: () => {
      const away = life?.away.at(-1)
      if (life === undefined || port.isUp || away === undefined) return
      connect(world, port)
      away.to = agenda.now()
      lag += away.to - away.from
      on({ _tag: 'Reconnected' })
    },
    crash: () => {
      if (life === undefined) return
      world.trace?.(() => `${name} crashes`)
      life.endedAt = agenda.now()
      life = undefined
      lives += 1
      wakes.clear()
      cut(world, port)
    },
    positions: () => (life === undefined ? undefined : { positions: [...positions.values()], life, taken: life.taken }),
    pace: ms => {
      pace = ms
      if (ms === 0) {
        isTaking = false
        take()
      }
    },
    jump: ms => {
      if (life !== undefined) life.jumped += ms
      clock.jump(ms)
    },
    life: () => life,
    isSettled: () => life === undefined || Machine.isSettled(machine),
    inbox: () => `${name}-${lives}`,
  }
  return self
}

/** Does an answer not say of which run it is? Of `perSender` its address does. */
const isNamelessOf = (e: Extract<ReceiverEvent, { _tag: 'ReplayAnswered' }>): boolean =>
  e.origin.run === undefined && e.epoch === undefined

/** What bears on whom it may believe. */
const momentOf = (e: ReceiverEvent): Moment | undefined => {
  switch (e._tag) {
    case 'Arrived':
      return { _tag: 'Came', origin: e.origin.name, number: e.arrival.number, id: idOf(e.arrival.data) }
    case 'HeartbeatHeard':
      return { _tag: 'Head', origin: e.origin.name, head: e.head, asked: undefined }
    case 'HeadAnswered':
      return { _tag: 'Head', origin: e.origin.name, head: e.head, asked: e.asked }
    case 'HeadRefused':
      return { _tag: 'Nobody', asked: e.asked, origin: e.origin }
    case 'ReplayRefused':
      return { _tag: 'Refused', origin: e.origin.name, first: e.first, last: e.last }
    case 'Reconnected':
      return { _tag: 'Back' }
    default:
      return undefined
  }
}

const brief = (e: ReceiverEvent): string => {
  switch (e._tag) {
    case 'Arrived':
      return `${e.origin.name}.${e.arrival.number}`
    case 'HeartbeatHeard':
      return `heartbeat ${e.origin.name} ${e.head.epoch} ${e.head.start}-${e.head.head} ${e.head.state}`
    case 'HeadAnswered':
      return `head ${e.asked} ${e.origin.name} ${e.head.epoch} ${e.head.start}-${e.head.head} ${e.head.state}`
    case 'ReplayAnswered':
      return `replay ${e.asked} ${e.origin.name}.${e.arrival.number} ${e.epoch ?? ''}`
    case 'ReplayRefused':
      return `refused ${e.asked} ${e.origin.name} ${e.first}-${e.last}`
    case 'ReplayEnded':
      return `end ${e.asked} ${e.origin.name} ${e.last}`
    case 'HeadRefused':
      return `nobody ${e.asked} ${e.origin ?? 'all'}`
    case 'Strayed':
      return `stray ${e.message.subject}`
    case 'Started':
    case 'Disconnected':
    case 'Reconnected':
    case 'Ticked':
    case 'Taken':
      return e._tag
  }
}
