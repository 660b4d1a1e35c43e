/**
 * What goes out over one connection, for all of its publishers: it is kept to be replayed, sent again after a
 * reconnect, and replayed to whoever asks.
 */
import type { Epoch } from '../core/Epoch.ts'
import type { Limits } from '../core/History.ts'
import * as History from '../core/History.ts'
import type { Request, Source } from '../core/Replays.ts'
import * as Watermark from '../core/Watermark.ts'
import { alarm, now } from './alarm.ts'
import { answering } from './answering.ts'
import type { Connection } from './Connection.ts'
import { wireHeaders } from './headers.ts'
import { isConnected, listen } from './link.ts'
import type { Ranges } from './ranges.ts'
import { add, each, together } from './ranges.ts'
import { sequencedError } from './SequencedError.ts'

/** One publisher, as the connection sees it. */
export interface Line {
  /** Of its origin. */
  readonly name: string
  readonly epoch: Epoch
  /** `single`: the epoch is not part of the address, and so must be said beside it. */
  readonly isSingle: boolean
  /** Its newest number. */
  readonly head: number
  /** Connected again: say where you are. */
  revive(): void
  tell(notice: Repair): void
  /** It is over: nothing of it is kept any more. */
  stop(): void
}

/** What became of messages around a reconnect of their sender. @since 0.1.0 */
export type Repair =
  /** They were sent again, since it was not sure that they had arrived. */
  | { readonly _tag: 'Resent'; readonly origin: string; readonly first: number; readonly last: number }
  /**
   * They may not have arrived, and can't be sent again: the history held them no more (`evicted`), or the client refused
   * them (`refused`, with its error).
   */
  | {
      readonly _tag: 'Lost'
      readonly origin: string
      readonly first: number
      readonly last: number
      readonly reason: 'evicted' | 'refused'
      readonly cause?: unknown
    }

export interface Outbound {
  readonly limits: Limits
  readonly open: (line: Line) => void
  /** Nothing follows; what is kept of it can be asked for as long as it is kept. */
  readonly retire: (line: Line) => void
  /** Nothing of it can be asked for any more. */
  readonly close: (line: Line) => void
  readonly knows: (origin: string) => boolean
  /** Publishes and keeps; throws what the client throws, and `HistoryFull`. Then nothing has happened. */
  readonly send: (line: Line, number: number, data: Uint8Array, headers: Uint8Array | undefined, reply: string) => void
  /** A copy of bytes that nobody else can change, in memory that the history uses anyway. */
  readonly copy: (bytes: Uint8Array) => Uint8Array
  /** Settled when there is room to publish. */
  readonly ready: () => Promise<void>
  readonly replay: (request: Request) => void
  readonly oldest: (line: Line) => number | undefined
}

const outbounds = new WeakMap<Connection, Outbound>()

const publishKept = (nc: Connection, subject: string, kept: History.Kept): void =>
  nc.publish(subject, kept.data, {
    ...(kept.reply === undefined ? {} : { reply: kept.reply }),
    ...(kept.headers === undefined ? {} : { headers: wireHeaders(kept.headers) }),
  })

const start = (nc: Connection, limits: Limits): Outbound => {
  const history = History.create<Line>(limits)
  /** Whoever is asked for, by name. */
  const lines = new Map<string, Line>()
  /** Lines on which nothing follows; they go with the last message that is kept of them. */
  const retired = new Set<Line>()
  /** Lines that have closed, with messages that may not have arrived: these are sent again after a reconnect. */
  const unconfirmed = new Set<Line>()
  let watermark = Watermark.create(now())
  if (!isConnected(nc)) watermark = Watermark.disconnected(watermark)
  let isClosed = false
  /** What was evicted before it was known to have arrived: as far as the flush on its way covers it, and since. */
  let unsure: Ranges<Line> = new Map()
  let unsureSince: Ranges<Line> = new Map()
  let waiting: Array<() => void> = []
  /** What the last message that found no room would have cost. */
  let wanted = History.cost(new Uint8Array(0), undefined, undefined)

  // --- the watermark

  const flush = (): void => {
    watermark = Watermark.flushing(now())(watermark)
    const { flight } = watermark
    // All that was evicted so far had been sent before.
    unsure = together(unsure, unsureSince)
    unsureSince = new Map()
    const settle = (completed: boolean): void => {
      const isProof = completed && watermark.flight === flight
      watermark = Watermark.flushed(flight, completed)(watermark)
      if (isProof) {
        const sure = unsure
        unsure = new Map()
        for (const line of sure.keys()) forgetIfOver(line)
        for (const line of unconfirmed) forgetIfSure(line)
      }
      clock.set(Watermark.flushAt(watermark))
    }
    nc.flush().then(
      () => settle(true),
      () => settle(false),
    )
  }
  const clock = alarm(() => {
    if (Watermark.flushAt(watermark) <= now()) flush()
    else clock.set(Watermark.flushAt(watermark))
  })

  const noteSent = (serial: number, bytes: number): void => {
    const wasDue = Watermark.flushAt(watermark)
    watermark = Watermark.sent(serial, bytes)(watermark)
    const due = Watermark.flushAt(watermark)
    if (due <= now()) flush()
    else if (wasDue === Number.POSITIVE_INFINITY) clock.set(due)
  }

  // --- the history

  const evict = (): void => {
    const gone = History.evict(history)
    if (gone === undefined) return
    noteGone(gone)
    forgetIfOver(gone.origin)
  }

  const makeRoom = (bytes: number): void => {
    while (History.mustEvict(history, bytes, now())) evict()
  }
  const noteGone = ({ origin, number, serial }: History.Place<Line>): void => {
    if (serial <= watermark.confirmed) return
    const covered = watermark.flight !== undefined && serial <= watermark.flight.serial
    add(covered ? unsure : unsureSince, origin, number)
  }

  const forgetIfSure = (line: Line): void => {
    if ((History.last(history, line)?.serial ?? 0) > watermark.confirmed) {
      unconfirmed.add(line)
      return
    }
    unconfirmed.delete(line)
    History.forget(history, line)
  }
  const close = (line: Line): void => {
    retired.delete(line)
    forgetIfSure(line)
    if (lines.get(line.name) !== line) return
    lines.delete(line.name)
    answers.without(line.name)
  }
  const forgetIfOver = (line: Line): void => {
    if (!retired.has(line) || History.first(history, line) !== undefined) return
    // Its owner may still have to be told of a loss.
    if (unsure.has(line) || unsureSince.has(line)) return
    line.stop()
  }

  /** While disconnected only what has surely arrived makes room. */
  const hasSafeRoom = (bytes: number): boolean => History.couldFit(history, bytes, watermark.confirmed)

  const send: Outbound['send'] = (line, number, data, headers, reply) => {
    const kept = { data, headers, reply: reply === '' ? undefined : reply }
    const bytes = History.cost(data, headers, kept.reply)
    if (!watermark.connected && !hasSafeRoom(bytes)) {
      wanted = bytes
      throw sequencedError(
        `Disconnected, and the history is full (${history.messages} messages, ${history.bytes} bytes): wait for ready(), or allow for more with the option history.`,
        { _tag: 'HistoryFull', messages: history.messages, bytes: history.bytes },
      )
    }
    // What is published while disconnected would vanish in the client; it goes out with the rest on reconnect.
    if (watermark.connected) {
      publishKept(nc, `${line.name}.${number}`, kept)
      // Nothing makes way for what can't be kept anyway.
      if (bytes <= limits.bytes) makeRoom(bytes)
    } else while (!History.fits(history, bytes)) evict()
    const fits = History.fits(history, bytes)
    const serial = fits ? History.keep(history, line, number, kept, now()) : History.skip(history)
    if (!fits) noteGone({ origin: line, number, serial })
    if (watermark.connected) noteSent(serial, bytes)
  }

  // --- reconnects

  const repair = (): void => {
    watermark = Watermark.reconnected(watermark)
    for (const [line, { first, last }] of each(together(unsure, unsureSince)))
      line.tell({ _tag: 'Lost', origin: line.name, first, last, reason: 'evicted' })
    unsure = new Map()
    unsureSince = new Map()
    const resent: Ranges<Line> = new Map()
    for (const kept of History.after(history, watermark.confirmed)) {
      const { origin: line, number, serial } = kept
      try {
        publishKept(nc, `${line.name}.${number}`, kept)
        add(resent, line, number)
      } catch (cause) {
        if (nc.isClosed()) return
        History.withdraw(history, serial)
        line.tell({ _tag: 'Lost', origin: line.name, first: number, last: number, reason: 'refused', cause })
        forgetIfOver(line)
      }
      watermark = Watermark.sent(serial, History.cost(kept.data, kept.headers, kept.reply))(watermark)
    }
    for (const [line, { first, last }] of each(resent)) line.tell({ _tag: 'Resent', origin: line.name, first, last })
    for (const line of lines.values()) line.revive()
    clock.set(Watermark.flushAt(watermark))
    for (const go of waiting) go()
    waiting = []
  }

  const unlisten = listen(nc, {
    disconnected: () => {
      watermark = Watermark.disconnected(watermark)
      answers.forget()
      clock.clear()
    },
    reconnected: repair,
    closed: () => {
      isClosed = true
      clock.clear()
      unlisten()
      outbounds.delete(nc)
      for (const go of waiting) go()
    },
  })

  // --- replays

  /** What a line gives, where there is one of that name. */
  const within =
    <A>(f: (line: Line) => A) =>
    (origin: string): A | undefined => {
      const line = lines.get(origin)
      return line === undefined ? undefined : f(line)
    }

  const oldest = (line: Line): number | undefined => History.first(history, line)

  const source: Source = {
    epoch: within(line => line.epoch),
    head: origin => lines.get(origin)?.head ?? 0,
    get: (origin, number) => within(line => History.get(history, line, number))(origin),
    first: within(oldest),
  }

  const answers = answering(nc, source, origin => {
    const line = lines.get(origin)
    return line?.isSingle === true ? line.epoch : undefined
  })

  return {
    limits,
    oldest,
    copy: bytes => History.copy(history, bytes),
    send,
    open: line => lines.set(line.name, line),
    retire: line => {
      retired.add(line)
      forgetIfOver(line)
    },
    close,
    knows: origin => lines.has(origin),
    ready: () =>
      isClosed || watermark.connected || hasSafeRoom(wanted)
        ? Promise.resolve()
        : new Promise(resolve => waiting.push(resolve)),
    replay: answers.ask,
  }
}

/** The outbound side of a connection. Its limits are those of whoever came first. */
export const outboundOf = (nc: Connection, limits: Limits | undefined): Outbound => {
  const before = outbounds.get(nc)
  if (before === undefined) {
    const outbound = start(nc, limits ?? History.defaultLimits)
    outbounds.set(nc, outbound)
    return outbound
  }
  const differ = (['messages', 'bytes', 'age'] as const).some(
    k => limits !== undefined && limits[k] !== before.limits[k],
  )
  if (differ)
    throw sequencedError(
      `All publishers of a connection share one history, and it has begun with ${JSON.stringify(before.limits)}: give the same limits, none, or a connection of its own.`,
      { _tag: 'BadOption', option: 'history', value: limits },
    )
  return before
}
