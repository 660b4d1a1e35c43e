/**
 * What goes out over one connection, for all of its publishers: it is kept to be replayed, sent again after a
 * reconnect, and replayed to whoever asks.
 */

import type { Epoch } from '../../core/protocol/Epoch.ts'
import type { Headers } from '../../core/protocol/Headers.ts'
import * as Watermark from '../../core/sender/FlushWatermark.ts'
import type { Limits } from '../../core/sender/History.ts'
import * as History from '../../core/sender/History.ts'
import type { Request, Source } from '../../core/sender/ReplayQueue.ts'
import type { Connection, PublishOptions } from '../client/Connection.ts'
import { isConnected, onConnectionStatus } from '../client/connectionStatus.ts'
import { EncodedHeaders } from '../client/EncodedHeaders.ts'
import { createTimer, now } from '../client/timer.ts'
import { sequencedError } from '../errors.ts'
import { sharedWeakMap } from '../internal/processRegistry.ts'
import type { Ranges } from './ranges.ts'
import { add, each, together } from './ranges.ts'
import { answering } from './replayServer.ts'
import type { Repair } from './types.ts'
import { checkSize, encoded, isEncodable } from './validate.ts'

/** One origin that is sent, as the connection sees it. */
export interface Line {
  readonly name: string
  /** Its publisher: lines of one publisher have the same. */
  readonly owner: object
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

export interface Outbound {
  readonly limits: Limits
  readonly open: (line: Line) => void
  /** Nothing follows; what is kept of it can be asked for as long as it is kept. */
  readonly retire: (line: Line) => void
  /** Nothing of it can be asked for any more. What is not confirmed is still sent again after a reconnect. */
  readonly close: (line: Line) => void
  /** Nothing of the closed lines of a publisher is sent again. */
  readonly abandon: (owner: object) => void
  /** Settled when the server has confirmed all that was published before, heartbeats too; or when the connection has closed. */
  readonly confirm: () => Promise<void>
  /** What the server has not confirmed of the closed lines of a publisher. */
  readonly unconfirmed: (owner: object) => Ranges<Line>
  readonly knows: (origin: string) => boolean
  /** Publishes and keeps; throws what the client throws, and `HistoryFull`. Then nothing has happened. */
  readonly send: (line: Line, number: number, data: Uint8Array, headers: Headers | undefined, reply: string) => void
  /** A copy of bytes that nobody else can change, in memory that the history uses anyway. */
  readonly copy: (bytes: Uint8Array) => Uint8Array
  /** Settled when there is room to publish. */
  readonly ready: () => Promise<void>
  readonly replay: (request: Request) => void
  readonly oldest: (line: Line) => number | undefined
}

const outbounds = sharedWeakMap<Connection, Outbound>('outbounds')

const optionsFor = (reply: string | undefined, headers: PublishOptions['headers']): PublishOptions => ({
  ...(reply === undefined ? {} : { reply }),
  ...(headers === undefined ? {} : { headers }),
})

const publishKept = (nc: Connection, subject: string, { data, headers, reply }: History.Kept): void =>
  nc.publish(subject, data, optionsFor(reply, headers === undefined ? undefined : new EncodedHeaders(headers)))

const start = (nc: Connection, limits: Limits): Outbound => {
  const history = History.create<Line>(limits)
  /** Whoever is asked for, by name. */
  const lines = new Map<string, Line>()
  /** Lines on which nothing follows; they go with the last message that is kept of them. */
  const retired = new Set<Line>()
  // The first message is flushed at once.
  let watermark = Watermark.create(Number.MIN_SAFE_INTEGER)
  if (!isConnected(nc)) watermark = Watermark.disconnected(watermark)
  let isClosed = false
  /** What was evicted before it was known to have arrived: as far as the flush on its way covers it, and since. */
  let unsure: Ranges<Line> = new Map()
  let unsureSince: Ranges<Line> = new Map()
  let waiting: Array<() => void> = []
  /** Who waits for a flush that is called from now on to complete. */
  let confirming: ReadonlyArray<() => void> = []
  /** Closed lines with messages that are not confirmed yet. */
  const closing = new Set<Line>()
  /** What the last message that found no room would have cost. */
  let wanted = History.cost(new Uint8Array(0), undefined, undefined)

  // --- the watermark

  const flush = (): void => {
    watermark = Watermark.flushing(now())(watermark)
    const { flight } = watermark
    // A flush proves what was published before it was called.
    const proved = confirming
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
        for (const line of closing) forgetIfConfirmed(line)
        confirming = confirming.slice(proved.length)
        for (const done of proved) done()
      }
      if (confirming.length > 0 && watermark.connected && watermark.flight === undefined) flush()
      else clock.set(Watermark.flushAt(watermark))
    }
    nc.flush().then(
      () => settle(true),
      () => settle(false),
    )
  }
  let isFlushing = false
  /** Once all that is published in this turn of the event loop has gone out: one flush proves all of it. */
  const flushSoon = (): void => {
    if (isFlushing) return
    isFlushing = true
    queueMicrotask(() => {
      isFlushing = false
      if (Watermark.flushAt(watermark) <= now()) flush()
    })
  }
  const clock = createTimer(() => {
    if (Watermark.flushAt(watermark) <= now()) flush()
    else clock.set(Watermark.flushAt(watermark))
  })

  const noteSent = (serial: number, bytes: number): void => {
    const wasDue = Watermark.flushAt(watermark)
    watermark = Watermark.sent(serial, bytes)(watermark)
    const due = Watermark.flushAt(watermark)
    if (due === Number.NEGATIVE_INFINITY) flush()
    else if (due <= now()) flushSoon()
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

  const close = (line: Line): void => {
    retired.delete(line)
    closing.add(line)
    forgetIfConfirmed(line)
    if (lines.get(line.name) !== line) return
    lines.delete(line.name)
    answers.without(line.name)
  }
  const isUnsure = (line: Line): boolean => unsure.has(line) || unsureSince.has(line)
  const forgetIfConfirmed = (line: Line): void => {
    if (isUnsure(line) || (History.last(history, line)?.serial ?? 0) > watermark.confirmed) return
    closing.delete(line)
    History.forget(history, line)
  }
  const forgetIfOver = (line: Line): void => {
    if (!retired.has(line) || History.first(history, line) !== undefined) return
    // Its owner may still have to be told of a loss.
    if (!isUnsure(line)) line.stop()
  }

  /** While disconnected only what has surely arrived makes room. */
  const hasSafeRoom = (bytes: number): boolean => History.couldFit(history, bytes, watermark.confirmed)

  /** Publishes now, and gives what has to be kept. */
  const publishNow = (line: Line, number: number, kept: History.Kept, headers: Headers | undefined): History.Kept => {
    const options = optionsFor(kept.reply, headers)
    nc.publish(`${line.name}.${number}`, kept.data, options)
    // Instrumentation of the client may have added headers: what went out is kept.
    const sent = options.headers
    return sent === undefined || !isEncodable(sent) ? kept : { ...kept, headers: History.copy(history, sent.encode()) }
  }

  const checkSafeRoom = (bytes: number): void => {
    if (hasSafeRoom(bytes)) return
    wanted = bytes
    throw sequencedError(
      `Disconnected, and the history is full (${history.messages} messages, ${history.bytes} bytes): wait for ready(), or allow for more with the option history.`,
      { _tag: 'HistoryFull', messages: history.messages, bytes: history.bytes },
    )
  }

  const send: Outbound['send'] = (line, number, data, headers, reply) => {
    const block = headers === undefined ? undefined : encoded(headers)
    checkSize(nc, data.length + (block?.length ?? 0))
    let kept: History.Kept = { data, headers: block, reply: reply === '' ? undefined : reply }
    // What is published while disconnected would vanish in the client; it goes out with the rest on reconnect.
    if (watermark.connected) kept = publishNow(line, number, kept, headers)
    else checkSafeRoom(History.cost(data, block, kept.reply))
    const bytes = History.cost(data, kept.headers, kept.reply)
    if (watermark.connected) makeRoom(bytes)
    else while (!History.fits(history, bytes)) evict()
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
    if (confirming.length > 0) flush()
    else clock.set(Watermark.flushAt(watermark))
    for (const go of waiting) go()
    waiting = []
  }

  const unlisten = onConnectionStatus(nc, {
    onDisconnected: () => {
      watermark = Watermark.disconnected(watermark)
      answers.forget()
      clock.clear()
    },
    onReconnected: repair,
    onClosed: cause => {
      isClosed = true
      // The client's own `drain()` closes after a flush.
      if (cause === undefined && nc.isDraining() && watermark.connected) {
        watermark = Watermark.flushing(now())(watermark)
        watermark = Watermark.flushed(watermark.flight, true)(watermark)
        unsure = new Map()
        unsureSince = new Map()
      }
      for (const done of confirming) done()
      clock.clear()
      unlisten()
      outbounds.delete(nc)
      for (const go of waiting) go()
    },
  })

  // --- the end

  const confirm = (): Promise<void> => {
    if (isClosed) return Promise.resolve()
    const confirmed = new Promise<void>(resolve => {
      confirming = [...confirming, resolve]
    })
    if (watermark.connected && watermark.flight === undefined) flush()
    return confirmed
  }

  const unconfirmed = (owner: object): Ranges<Line> => {
    const all: Ranges<Line> = new Map()
    for (const line of closing) {
      if (line.owner !== owner) continue
      for (const ranges of [unsure, unsureSince])
        for (const { first, last } of ranges.get(line) ?? []) add(all, line, first, last)
      for (const number of History.numbersAfter(history, line, watermark.confirmed)) add(all, line, number)
    }
    return all
  }

  const abandon = (owner: object): void => {
    for (const line of closing) {
      if (line.owner !== owner) continue
      closing.delete(line)
      unsure.delete(line)
      unsureSince.delete(line)
      History.forget(history, line)
    }
  }

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
    abandon,
    confirm,
    unconfirmed,
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
