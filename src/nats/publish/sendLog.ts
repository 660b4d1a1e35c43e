/**
 * The send log of a connection, shared by all of its publishers. It publishes messages and keeps them: for the repair
 * after a reconnect, and for replay requests.
 */
import type { Headers } from '../../core/protocol/Headers.ts'
import type { Refused } from '../../core/sender/FairQueue.ts'
import type { Limits } from '../../core/sender/History.ts'
import * as History from '../../core/sender/History.ts'
import type { Request, Source } from '../../core/sender/ReplayQueue.ts'
import type { Connection } from '../client/Connection.ts'
import { onConnectionStatus } from '../client/connectionStatus.ts'
import { toPublishOptions } from '../client/publishOptions.ts'
import { nowInTurn } from '../client/timer.ts'
import { sequencedError } from '../errors.ts'
import { sharedWeakMap } from '../internal/processRegistry.ts'
import { createFlushScheduler } from './flushScheduler.ts'
import type { Ranges } from './ranges.ts'
import { addRange, entries } from './ranges.ts'
import { resendUnconfirmed, trackUnconfirmedEvictions } from './reconnectRepair.ts'
import { createReplayServer } from './replayServer.ts'
import type { SharedSenderStats } from './senderStats.ts'
import type { LoggedOrigin } from './types.ts'
import { checkSize, encodeHeaders, isEncodable } from './validate.ts'

export interface SendLog {
  readonly limits: Limits
  /** Throws a `SequencedError` if a live origin has the name: two publishers would send the same numbers. */
  readonly assertUnused: (name: string) => void
  readonly add: (origin: LoggedOrigin) => void
  /** The origin sends no more messages. Its messages stay replayable until the history evicts them. */
  readonly retire: (origin: LoggedOrigin) => void
  /**
   * The origin is closed, and no longer replayable. After a reconnect its unconfirmed messages are still sent again.
   */
  readonly remove: (origin: LoggedOrigin) => void
  /** The unconfirmed messages of the closed origins of a publisher. */
  readonly unconfirmed: (publisher: object) => Ranges<LoggedOrigin>
  /** Gives up the unconfirmed messages of the closed origins of a publisher. */
  readonly discardUnconfirmed: (publisher: object) => void
  /**
   * Settled when the server has confirmed everything published so far, heartbeats included, or the connection is
   * closed.
   */
  readonly confirm: () => Promise<void>
  readonly has: (origin: string) => boolean
  /** Publishes and keeps a message. Throws what the client throws, and `HistoryFull`; then nothing has changed. */
  readonly send: (
    origin: LoggedOrigin,
    number: number,
    data: Uint8Array,
    headers: Headers | undefined,
    reply: string,
  ) => void
  /** Copies bytes into the memory of the history, so that the caller can reuse its buffer. */
  readonly copy: (bytes: Uint8Array) => Uint8Array
  /** Settled when there is room to publish. */
  readonly ready: () => Promise<void>
  /** Answers a replay request. Returns the reason if it is dropped. */
  readonly replay: (request: Request) => Refused | undefined
  /** The oldest number that can be replayed. */
  readonly oldestNumber: (origin: LoggedOrigin) => number | undefined
  readonly stats: () => SharedSenderStats
}

const sendLogs = sharedWeakMap<Connection, SendLog>('sendLogs')

const createSendLog = (nc: Connection, limits: Limits): SendLog => {
  const history = History.create<LoggedOrigin>(limits)
  /** The replayable origins, by name. */
  const origins = new Map<string, LoggedOrigin>()
  /** Origins that send no more messages. Each is stopped when its last message leaves the history. */
  const retired = new Set<LoggedOrigin>()
  /** Closed origins with messages that the server has not confirmed. */
  const closedOrigins = new Set<LoggedOrigin>()
  const evictions = trackUnconfirmedEvictions()
  const key = {}
  let isClosed = false
  let waitingForRoom: Array<() => void> = []
  /** The size of the last message that did not fit: `ready` waits until as much is free. */
  let lastRefusedBytes = History.cost(new Uint8Array(0), undefined, undefined)

  const flushes = createFlushScheduler(nc, {
    onFlush: evictions.onFlush,
    onConfirmed: () => {
      for (const origin of evictions.onConfirmed()) stopIfEmpty(origin)
      for (const origin of closedOrigins) forgetIfConfirmed(origin)
    },
  })

  // --- the history

  const evict = (): void => {
    const evicted = History.evict(history)
    if (evicted === undefined) return
    onEvicted(evicted)
    stopIfEmpty(evicted.origin)
  }

  const onEvicted = ({ origin, number, serial }: History.Place<LoggedOrigin>): void => {
    if (serial > flushes.confirmed()) evictions.add(origin, number, flushes.isCovered(serial))
  }

  const stopIfEmpty = (origin: LoggedOrigin): void => {
    if (!retired.has(origin) || History.first(history, origin) !== undefined) return
    // The origin stays while it may still have to report a loss.
    if (!evictions.has(origin)) origin.stop()
  }

  const forgetIfConfirmed = (origin: LoggedOrigin): void => {
    if (evictions.has(origin) || (History.last(history, origin)?.serial ?? 0) > flushes.confirmed()) return
    closedOrigins.delete(origin)
    History.forget(history, origin)
  }

  const remove = (origin: LoggedOrigin): void => {
    retired.delete(origin)
    closedOrigins.add(origin)
    forgetIfConfirmed(origin)
    if (origins.get(origin.name) !== origin) return
    origins.delete(origin.name)
    replayServer.removeOrigin(origin.name)
  }

  // --- publishing

  /** While disconnected, only confirmed messages make room. */
  const hasSafeRoom = (bytes: number): boolean => History.couldFit(history, bytes, flushes.confirmed())

  const checkSafeRoom = (bytes: number): void => {
    if (hasSafeRoom(bytes)) return
    lastRefusedBytes = bytes
    throw sequencedError(
      `Disconnected, and the history is full (${history.messages} messages, ${history.bytes} bytes): wait for ready(), or raise the limits with the option history.`,
      { _tag: 'HistoryFull', messages: history.messages, bytes: history.bytes },
    )
  }

  /** Publishes a message. Returns what the history must keep: instrumentation of the client may have added headers. */
  const publish = (
    origin: LoggedOrigin,
    number: number,
    kept: History.Kept,
    headers: Headers | undefined,
  ): History.Kept => {
    const options = toPublishOptions(kept.reply, headers)
    nc.publish(`${origin.name}.${number}`, kept.data, options)
    const sent = options.headers
    return sent === undefined || !isEncodable(sent) ? kept : { ...kept, headers: new Uint8Array(sent.encode()) }
  }

  const send: SendLog['send'] = (origin, number, data, headers, reply) => {
    const encoded = headers === undefined ? undefined : encodeHeaders(headers)
    checkSize(nc, data.length + (encoded?.length ?? 0))
    let kept: History.Kept = { data, headers: encoded, reply: reply === '' ? undefined : reply }
    // A disconnected client would discard the message. The history keeps it, and the repair publishes it.
    if (flushes.isConnected()) kept = publish(origin, number, kept, headers)
    else checkSafeRoom(History.cost(data, encoded, kept.reply))
    const bytes = History.cost(data, kept.headers, kept.reply)
    const sentAt = nowInTurn()
    if (flushes.isConnected()) while (History.mustEvict(history, bytes, sentAt)) evict()
    else while (!History.fits(history, bytes)) evict()
    const fits = History.fits(history, bytes)
    const serial = fits ? History.keep(history, origin, number, kept, sentAt) : History.skip(history)
    if (!fits) onEvicted({ origin, number, serial })
    if (flushes.isConnected()) flushes.onSent(serial, bytes)
  }

  // --- reconnects

  const releaseWaitingForRoom = (): void => {
    for (const resolve of waitingForRoom) resolve()
    waitingForRoom = []
  }

  const repair = (): void => {
    flushes.onReconnected()
    for (const [origin, { first, last }] of entries(evictions.takeAll()))
      origin.report({ _tag: 'NotResent', origin: origin.name, first, last, reason: 'evicted' })
    const resent = resendUnconfirmed({
      nc,
      history,
      confirmed: flushes.confirmed(),
      onProcessed: flushes.onResent,
      onRefused: stopIfEmpty,
    })
    if (resent === undefined) return
    for (const [origin, { first, last }] of entries(resent))
      origin.report({ _tag: 'Resent', origin: origin.name, first, last })
    for (const origin of origins.values()) origin.onReconnected()
    flushes.resume()
    releaseWaitingForRoom()
  }

  const stopListening = onConnectionStatus(nc, {
    onDisconnected: () => {
      flushes.onDisconnected()
      replayServer.clear()
    },
    onReconnected: repair,
    onClosed: cause => {
      isClosed = true
      // The client's own `drain()` flushes before it closes.
      const isFlushed = cause === undefined && nc.isDraining() && flushes.isConnected()
      if (isFlushed) evictions.takeAll()
      flushes.onClosed(isFlushed)
      stopListening()
      sendLogs.delete(nc)
      releaseWaitingForRoom()
    },
  })

  // --- the end of a publisher

  const unconfirmed = (publisher: object): Ranges<LoggedOrigin> => {
    const all: Ranges<LoggedOrigin> = new Map()
    for (const origin of closedOrigins) {
      if (origin.publisher !== publisher) continue
      for (const { first, last } of evictions.rangesOf(origin)) addRange(all, origin, first, last)
      for (const number of History.numbersAfter(history, origin, flushes.confirmed())) addRange(all, origin, number)
    }
    return all
  }

  const discardUnconfirmed = (publisher: object): void => {
    for (const origin of closedOrigins) {
      if (origin.publisher !== publisher) continue
      closedOrigins.delete(origin)
      evictions.remove(origin)
      History.forget(history, origin)
    }
  }

  // --- replays

  const oldestNumber = (origin: LoggedOrigin): number | undefined => History.first(history, origin)

  /** Applies a function to the origin of that name, if there is one. */
  const withOrigin =
    <A>(f: (origin: LoggedOrigin) => A) =>
    (name: string): A | undefined => {
      const origin = origins.get(name)
      return origin === undefined ? undefined : f(origin)
    }

  const source: Source = {
    epoch: withOrigin(origin => origin.epoch),
    head: name => origins.get(name)?.head ?? 0,
    get: (name, number) => withOrigin(origin => History.get(history, origin, number))(name),
    first: withOrigin(oldestNumber),
  }

  const replayServer = createReplayServer(
    nc,
    source,
    withOrigin(origin => (origin.isSingle ? origin.epoch : undefined)),
    limits,
  )

  return {
    limits,
    assertUnused: name => {
      if (origins.get(name)?.isLive === true)
        throw sequencedError(
          `This connection already has a publisher of ${name}, and both would send the same numbers. Share that publisher, close it first, or use addressing: 'perSender'.`,
          { _tag: 'AlreadyPublished', subject: name },
        )
    },
    add: origin => origins.set(origin.name, origin),
    retire: origin => {
      retired.add(origin)
      stopIfEmpty(origin)
    },
    remove,
    unconfirmed,
    discardUnconfirmed,
    confirm: flushes.whenConfirmed,
    has: name => origins.has(name),
    send,
    copy: bytes => History.copy(history, bytes),
    ready: () =>
      isClosed || flushes.isConnected() || hasSafeRoom(lastRefusedBytes)
        ? Promise.resolve()
        : new Promise(resolve => waitingForRoom.push(resolve)),
    replay: replayServer.onRequest,
    oldestNumber,
    stats: () => {
      const { waiting, requests, messages, refusals } = replayServer.stats()
      return {
        key,
        historyMessages: history.messages,
        historyBytes: history.bytes,
        historyLimits: limits,
        unconfirmed: history.serial - flushes.confirmed(),
        replaysWaiting: waiting,
        replayRequests: requests,
        replayed: messages,
        replaysRefused: refusals,
      }
    },
  }
}

/** The send log of a connection. The first publisher sets the limits of its history. */
export const sendLogOf = (nc: Connection, limits: Limits | undefined): SendLog => {
  const existing = sendLogs.get(nc)
  if (existing === undefined) {
    const created = createSendLog(nc, limits ?? History.defaultLimits)
    sendLogs.set(nc, created)
    return created
  }
  const differs = (['messages', 'bytes', 'age'] as const).some(
    k => limits !== undefined && limits[k] !== existing.limits[k],
  )
  if (differs)
    throw sequencedError(
      `All publishers of a connection share one history, and its limits are already ${JSON.stringify(existing.limits)}. Pass the same limits, omit the option history, or use a connection of its own.`,
      { _tag: 'BadOption', option: 'history', value: limits },
    )
  return existing
}
