// A process that publishes: one connection, one history, one heartbeat schedule, and one sender per line. It drives
// them like src/nats/publish.
import { isLeft } from 'fp-ts/lib/Either.js'
import type { Epoch } from '../../src/core/protocol/Epoch.ts'
import type { Head } from '../../src/core/protocol/Head.ts'
import type { Origin } from '../../src/core/protocol/Origin.ts'
import * as SequenceNumber from '../../src/core/protocol/SequenceNumber.ts'
import * as FlushWatermark from '../../src/core/sender/FlushWatermark.ts'
import * as HeartbeatSchedule from '../../src/core/sender/HeartbeatSchedule.ts'
import * as History from '../../src/core/sender/History.ts'
import type { Answer, Source } from '../../src/core/sender/ReplayQueue.ts'
import * as ReplayQueue from '../../src/core/sender/ReplayQueue.ts'
import * as Sender from '../../src/core/sender/Sender.ts'
import type { Ranges } from '../../src/nats/publish/ranges.ts'
import { addRange, entries, merge } from '../../src/nats/publish/ranges.ts'
import type { Notice, Passed, Run, Service } from './chronicle.ts'
import { encodedHeaders, payloadOf } from './content.ts'
import { drawEpoch, originOf } from './names.ts'
import type { Port } from './network.ts'
import { connect, cut, flush, portOf } from './network.ts'
import type { LinePlan, ProcessPlan } from './plan.ts'
import { clockOn } from './timer.ts'
import type { World } from './world.ts'

/** The recipients of what a process sends. */
export interface Audience {
  readonly data: (from: Process, line: Line, number: number, kept: History.Kept) => void
  readonly heartbeat: (from: Process, line: Line, head: Head) => void
  readonly answer: (from: Process, line: Line, answer: Answer) => void
}

export interface Line {
  readonly origin: Origin
  readonly run: Run
  readonly slot: number
  sender: Sender.Sender
  isFinished: boolean
}

export interface Process {
  readonly port: Port
  readonly lines: Line[]
  readonly open: (plan: LinePlan, slot: number, name: string) => Line
  readonly publish: (line: Line) => void
  readonly close: (line: Line) => void
  readonly headOf: (line: Line) => Head
  readonly overhear: (line: Line, head: Head) => void
  readonly replay: (line: Line, request: ReplayQueue.Request) => void
  readonly disconnect: () => void
  readonly reconnect: () => void
  readonly crash: () => void
  readonly jump: (ms: number) => void
  isCrashed: boolean
}

const pageMessages = 256
const pageBytes = 128 * 1024

export const processOf = (world: World, plan: ProcessPlan, name: string, audience: Audience): Process => {
  const { eventQueue, chance, chronicle } = world
  const clock = clockOn(eventQueue)
  const { now } = clock
  const port = portOf(name, eventQueue.now())
  const limits: History.Limits = { messages: plan.keeps, bytes: plan.bytes, age: plan.age }
  const history = History.create<Line>(limits)
  const lines: Line[] = []
  const live = new Map<string, Line>()
  /** Lines that send heartbeats, by origin. */
  const beating = new Map<string, Line>()
  let watermark = FlushWatermark.create(now())
  let replays = ReplayQueue.empty
  let isPumping = false
  let unsure: Ranges<Line> = new Map()
  let unsureSince: Ranges<Line> = new Map()
  const unconfirmed = new Set<Line>()
  let schedule = HeartbeatSchedule.create(plan.perSecond, now())
  let flushCount = 0

  const passed: Passed[] = []
  const kept = { messages: 0, bytes: 0, age: 0, over: 0 }
  const { perSecond, after } = plan
  const services: Service[] = []
  chronicle.outboxes.push({ name, limits, perSecond, after, passed, services, kept })
  const stamp = (): { readonly at: number; readonly local: number } => ({ at: eventQueue.now(), local: now() })
  /** When each message was kept, by its serial. */
  const keptAt: number[] = []
  const measure = (): void => {
    kept.messages = Math.max(kept.messages, history.messages)
    kept.bytes = Math.max(kept.bytes, history.bytes)
    const since = keptAt[History.oldest(history)?.serial ?? 0] ?? now()
    if (watermark.connected) kept.age = Math.max(kept.age, now() - since)
  }

  const tell = (run: Run, notice: Notice): void => {
    world.say(notice._tag === 'Lost' ? `Sender.${notice.reason}` : `Sender.${notice._tag}`)
    world.trace?.(() => `${name} ${run.origin} is told ${JSON.stringify(notice)}`)
    chronicle.told.push({ at: eventQueue.now(), run, notice })
  }

  // --- the watermark

  const flushNow = (): void => {
    watermark = FlushWatermark.flushing(now())(watermark)
    world.calls += 1
    const { pending } = watermark
    flushCount += 1
    const number = flushCount
    passed.push({ ...stamp(), _tag: 'Flush', flush: number })
    unsure = merge(unsure, unsureSince)
    unsureSince = new Map()
    const isLate = world.strikes('flushLate')
    flush(world, port, isLate, completed => {
      if (self.isCrashed) return
      passed.push({ ...stamp(), _tag: 'Flushed', flush: number, completed })
      const isProof = completed && watermark.pending === pending
      watermark = FlushWatermark.flushed(pending, completed)(watermark)
      world.calls += 1
      if (isProof) {
        unsure = new Map()
        for (const line of unconfirmed) forgetIfSure(line)
      }
      flushes.set(FlushWatermark.flushAt(watermark))
    })
  }
  const flushes = clock.alarm(() => {
    if (self.isCrashed) return
    if (FlushWatermark.flushAt(watermark) <= now()) flushNow()
    else flushes.set(FlushWatermark.flushAt(watermark))
  })
  const noteSent = (serial: number, bytes: number): void => {
    const wasDue = FlushWatermark.flushAt(watermark)
    watermark = FlushWatermark.sent(serial, bytes)(watermark)
    world.calls += 1
    const due = FlushWatermark.flushAt(watermark)
    if (due <= now()) flushNow()
    else if (wasDue === Number.POSITIVE_INFINITY) flushes.set(due)
  }

  // --- the history

  const noteGone = ({ origin, number, serial }: History.Place<Line>): void => {
    if (serial <= watermark.confirmed) return
    const covered = watermark.pending !== undefined && serial <= watermark.pending.serial
    addRange(covered ? unsure : unsureSince, origin, number)
  }
  /** A closed line keeps its messages until they are confirmed. */
  const forgetIfSure = (line: Line): void => {
    if ((History.last(history, line)?.serial ?? 0) > watermark.confirmed) {
      unconfirmed.add(line)
      return
    }
    unconfirmed.delete(line)
    History.forget(history, line)
    if (history.origins.has(line)) kept.over += 1
  }
  /** False if the publisher would throw. Then it uses no number. */
  const dispatch = (line: Line, number: number, message: History.Kept): boolean => {
    const bytes = History.cost(message.data, message.headers, message.reply)
    if (!watermark.connected && !History.couldFit(history, bytes, watermark.confirmed)) return false
    passed.push({ ...stamp(), _tag: watermark.connected ? 'Sent' : 'Kept', run: line.run, number, bytes })
    if (watermark.connected) {
      audience.data(self, line, number, message)
      if (bytes <= limits.bytes)
        while (History.mustEvict(history, bytes, now())) {
          const gone = History.evict(history)
          world.calls += 1
          if (gone === undefined) break
          noteGone(gone)
        }
    } else while (!History.fits(history, bytes)) History.evict(history)
    const fits = History.fits(history, bytes)
    const serial = fits ? History.keep(history, line, number, message, now()) : History.skip(history)
    world.calls += 1
    keptAt[serial] = now()
    if (fits) measure()
    else noteGone({ origin: line, number, serial })
    if (watermark.connected) noteSent(serial, bytes)
    return true
  }

  const repair = (): void => {
    watermark = FlushWatermark.reconnected(watermark)
    world.calls += 1
    for (const [line, { first, last }] of entries(merge(unsure, unsureSince)))
      tell(line.run, { _tag: 'Lost', first, last, reason: 'evicted' })
    unsure = new Map()
    unsureSince = new Map()
    const resent: Ranges<Line> = new Map()
    for (const message of History.after(history, watermark.confirmed)) {
      const { origin: line, number, serial } = message
      const bytes = History.cost(message.data, message.headers, message.reply)
      if (world.strikes('resendRefused')) {
        History.withdraw(history, serial)
        passed.push({ ...stamp(), _tag: 'Refused', run: line.run, number })
        tell(line.run, { _tag: 'Lost', first: number, last: number, reason: 'refused' })
      } else {
        passed.push({ ...stamp(), _tag: 'SentAgain', run: line.run, number, bytes })
        audience.data(self, line, number, message)
        addRange(resent, line, number)
      }
      watermark = FlushWatermark.sent(serial, bytes)(watermark)
      world.calls += 1
    }
    for (const [line, { first, last }] of entries(resent)) tell(line.run, { _tag: 'Resent', first, last })
    for (const line of live.values()) {
      if (line.run.isMute) continue
      line.sender = Sender.reconnected(now())(line.sender)
      world.calls += 1
      book(line)
    }
    flushes.set(FlushWatermark.flushAt(watermark))
  }

  // --- heartbeats

  const latest = (): number => HeartbeatSchedule.latest(plan.max)(schedule)
  const headOf = (line: Line): Head => {
    world.calls += 1
    return Sender.headOf(
      now(),
      HeartbeatSchedule.stretched(plan.max)(schedule),
      History.first(history, line) ?? line.sender.head + 1,
    )(line.sender)
  }
  const rebook = (line: Line): void => {
    schedule = HeartbeatSchedule.book(line.origin.name, Sender.dueAt(latest())(line.sender))(schedule)
    world.calls += 1
  }
  const book = (line: Line): void => {
    rebook(line)
    beats.set(HeartbeatSchedule.wakeAt(schedule))
  }
  const beat = (line: Line): void => {
    const head = headOf(line)
    if (port.isUp) passed.push({ ...stamp(), _tag: 'Head', run: line.run, head })
    audience.heartbeat(self, line, head)
    line.sender = Sender.heartbeatSent(now(), latest())(line.sender)
    world.calls += 1
    if (line.sender.state === 'ended') finish(line, 'Closed')
  }
  const beats = clock.alarm(() => {
    if (self.isCrashed) return
    for (;;) {
      const [name, after] = HeartbeatSchedule.due(now())(schedule)
      world.calls += 1
      schedule = after
      if (name === undefined) break
      const line = beating.get(name)
      if (line === undefined) {
        schedule = HeartbeatSchedule.book(name, Number.POSITIVE_INFINITY)(schedule)
        continue
      }
      if (Sender.dueAt(latest())(line.sender) <= now()) {
        beat(line)
        schedule = HeartbeatSchedule.spent(schedule)
      }
      rebook(line)
    }
    beats.set(HeartbeatSchedule.wakeAt(schedule))
  })

  // --- replays

  const within =
    <A>(f: (line: Line) => A) =>
    (origin: string): A | undefined => {
      const line = live.get(origin)
      return line === undefined ? undefined : f(line)
    }
  const source: Source = {
    epoch: within(line => line.run.epoch),
    head: origin => live.get(origin)?.sender.head ?? 0,
    get: (origin, number) => within(line => History.get(history, line, number))(origin),
    first: within(line => History.first(history, line)),
  }
  const perform = (answers: ReadonlyArray<Answer>): void => {
    for (const answer of answers) {
      // Like the publisher, it also answers for a line that is over.
      const line = live.get(answer.origin) ?? lines.findLast(l => l.origin.name === answer.origin)
      if (line === undefined) continue
      if (answer._tag === 'Message') passed.push({ ...stamp(), _tag: 'Replayed', run: line.run, number: answer.number })
      services.push({ _tag: 'Answer', at: eventQueue.now(), run: line.run, answer, head: line.run.head })
      audience.answer(self, line, answer)
    }
  }
  const forgetRequests = (): void => {
    replays = ReplayQueue.empty
  }
  const pump = (): void => {
    if (ReplayQueue.isEmpty(replays) || self.isCrashed) {
      isPumping = false
      return
    }
    const [answers, rest] = ReplayQueue.page(source, pageMessages, pageBytes)(replays)
    world.calls += 1
    replays = rest
    perform(answers)
    flush(world, port, false, completed => {
      if (!completed) forgetRequests()
      services.push({ _tag: 'Page', at: eventQueue.now() })
      pump()
    })
  }

  // --- start and end

  const finish = (line: Line, how: Run['end']): void => {
    if (line.isFinished) return
    line.isFinished = true
    line.run.end = how
    line.run.endedAt = eventQueue.now()
    live.delete(line.origin.name)
    schedule = HeartbeatSchedule.book(line.origin.name, Number.POSITIVE_INFINITY)(schedule)
    forgetIfSure(line)
    replays = ReplayQueue.without(line.origin.name)(replays)
  }

  const publish = (line: Line): void => {
    if (self.isCrashed || line.isFinished || line.sender.state !== 'live') return
    const number = Sender.next(line.sender)
    world.calls += 1
    if (isLeft(number)) return tell(line.run, { _tag: 'Exhausted' })
    const id = world.lastId + 1
    const [small, large] = plan.sizes
    const most = large > small && chance.hit(0.4) ? large : Math.max(small, world.plan.largest)
    const drawn = chance.below(most)
    const length = plan.isLarge && drawn % 4 === 0 ? drawn * 8 : drawn
    const buffer = payloadOf(id, length)
    const data = History.copy(history, buffer)
    const headers = chance.hit(0.2) ? `Trace=${id}` : undefined
    const reply = chance.hit(0.1) ? `answers.${id}` : undefined
    const message = { data, headers: headers === undefined ? undefined : encodedHeaders(headers), reply }
    const isTaken = dispatch(line, number.right, message)
    // The application reuses its buffer.
    buffer.fill(0xee)
    if (!isTaken) return tell(line.run, { _tag: 'HistoryFull' })
    world.lastId = id
    const decayed = line.sender.wait !== undefined
    line.sender = Sender.published(now())(line.sender)
    world.calls += 1
    line.run.head = line.sender.head
    chronicle.published.push({
      id,
      run: line.run,
      number: number.right,
      at: eventQueue.now(),
      leftAt: port.sentBy,
      data: payloadOf(id, length),
      headers,
      reply,
    })
    world.trace?.(() => `${name} publishes ${line.origin.name}.${number.right}`)
    if (decayed && !line.run.isMute) book(line)
  }

  const self: Process = {
    port,
    lines,
    isCrashed: false,
    publish,
    headOf,
    open: (linePlan, slot, of) => {
      const epoch: Epoch = drawEpoch(world)
      const origin = originOf(world.plan.addressing, of, epoch)
      const start =
        linePlan.from === 'clock'
          ? Sender.startFromClock(1_700_000_000_000 + eventQueue.now())
          : SequenceNumber.nearest(linePlan.from === 'above' ? 1 + 2000 * world.lastEpoch : linePlan.from)
      const run: Run = {
        origin: origin.name,
        epoch,
        addressing: world.plan.addressing,
        start,
        bornAt: eventQueue.now(),
        head: start - 1,
        endedAt: Number.POSITIVE_INFINITY,
        sentAt: eventQueue.now(),
        end: 'Live',
        // With limits in bytes or age, this many are not certain.
        keeps: plan.bytes < 1e7 || plan.age < 100_000 || plan.sizes[1] > 10_000 ? 0 : plan.keeps,
        isMute: linePlan.voice === 'mute',
        isDeaf: linePlan.voice === 'deaf',
        max: plan.max,
        jumped: 0,
      }
      chronicle.runs.push(run)
      if (linePlan.voice !== 'full') world.count(linePlan.voice)
      if (typeof linePlan.from === 'number' && linePlan.from > 2 ** 50) world.count('nearLast')
      if (plan.keeps < 1000) world.count('smallHistory')
      if (plan.bytes < 1e7) world.count('fewBytes')
      if (plan.age < 100_000) world.count('shortAge')
      if (plan.sizes[1] > 10_000) world.count('hugePayloads')
      if (plan.perSecond < 1000) world.count('manyLines')
      world.trace?.(() => `${name} begins ${origin.name} ${epoch} from ${start}`)
      const line: Line = {
        origin,
        run,
        slot,
        isFinished: false,
        sender: Sender.create(origin, epoch, now(), { start, after: plan.after, max: plan.max }),
      }
      world.calls += 1
      lines.push(line)
      passed.push({ ...stamp(), _tag: 'OriginStarted', run })
      live.set(origin.name, line)
      if (!run.isMute) beating.set(origin.name, line)
      if (!port.isUp) tell(run, { _tag: 'Disconnected' })
      if (!run.isMute) book(line)
      return line
    },
    close: line => {
      if (self.isCrashed || line.isFinished) return
      world.trace?.(() => `${name} closes ${line.origin.name}`)
      if (line.run.isMute) return finish(line, 'Crashed')
      passed.push({ ...stamp(), _tag: 'Closed', run: line.run })
      line.sender = Sender.closed(now())(line.sender)
      world.calls += 1
      book(line)
    },
    overhear: (line, head) => {
      if (self.isCrashed || line.isFinished || head.epoch === line.run.epoch || head.state === 'ended') return
      if (chronicle.told.some(t => t.run === line.run && t.notice._tag === 'Conflict' && t.notice.rival === head.epoch))
        return
      tell(line.run, { _tag: 'Conflict', rival: head.epoch })
    },
    replay: (line, request) => {
      if (self.isCrashed || line.isFinished) return
      services.push({ _tag: 'Request', at: eventQueue.now(), run: line.run, request })
      const [ends, after] = ReplayQueue.onRequest(request)(replays)
      world.calls += 1
      replays = after
      perform(ends)
      if (isPumping) return
      isPumping = true
      pump()
    },
    disconnect: () => {
      if (self.isCrashed || !port.isUp) return
      world.trace?.(() => `${name} is cut off`)
      cut(world, port)
      for (const line of live.values()) tell(line.run, { _tag: 'Disconnected' })
      passed.push({ ...stamp(), _tag: 'Disconnected' })
      watermark = FlushWatermark.disconnected(watermark)
      world.calls += 1
      forgetRequests()
      flushes.clear()
    },
    reconnect: () => {
      if (self.isCrashed || port.isUp) return
      world.trace?.(() => `${name} is back`)
      connect(world, port)
      // Lines that were closed meanwhile are repaired, too.
      for (const line of lines) tell(line.run, { _tag: 'Reconnected' })
      passed.push({ ...stamp(), _tag: 'Reconnected' })
      repair()
    },
    crash: () => {
      if (self.isCrashed) return
      world.trace?.(() => `${name} crashes`)
      self.isCrashed = true
      passed.push({ ...stamp(), _tag: 'Crashed' })
      cut(world, port)
      for (const line of [...live.values()]) finish(line, 'Crashed')
      forgetRequests()
      beats.clear()
      flushes.clear()
    },
    jump: ms => {
      for (const line of live.values()) line.run.jumped += ms
      clock.jump(ms)
    },
  }
  return self
}
