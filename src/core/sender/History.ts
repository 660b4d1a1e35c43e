/**
 * The history of a sender: the newest messages of all origins of one connection, kept for replays within shared limits.
 *
 * This is the only mutable value of the core. An immutable ring would allocate more garbage per message than the
 * message itself. The history has one owner, and only these functions change it. See
 * docs/decisions/0005-history-in-place.md.
 *
 * @module
 * @since 0.1.0
 */
import type { HistoryIndex, Owner, Place } from './HistoryIndex.ts'
import * as Index from './HistoryIndex.ts'
import { field, isRemoved, ownerAt, placeAt, searchNumber, searchSerial } from './HistoryIndex.ts'
import type { PayloadChunks } from './PayloadChunks.ts'
import * as Chunks from './PayloadChunks.ts'

export type { Place } from './HistoryIndex.ts'

/** The limits of one connection. @since 0.1.0 */
export interface Limits {
  /** Maximum number of messages. Default 65,536. */
  readonly messages: number
  /**
   * Maximum bytes: payloads, headers, reply subjects, 96 per message, 224 more per message with headers or a reply
   * subject, and 1024 per origin that has a message in the history. Default 32 MiB.
   */
  readonly bytes: number
  /** How long a message is kept, in ms. Default 300,000 (5 minutes). */
  readonly age: number
}

/** The default limits. @since 0.1.0 */
export const defaultLimits: Limits = { messages: 65_536, bytes: 32 * 1024 * 1024, age: 300_000 }

/** A message as it was sent. @since 0.1.0 */
export interface Kept {
  readonly data: Uint8Array
  /** The encoded header block. */
  readonly headers: Uint8Array | undefined
  readonly reply: string | undefined
}

/** The fields that most messages do not have. */
type Extras = Pick<Kept, 'headers' | 'reply'>

/**
 * The messages kept for all origins of one connection. `O` identifies an origin: its name, or its run if two runs can
 * have the same name.
 *
 * @since 0.1.0
 */
export interface History<O = string> extends HistoryIndex<O> {
  readonly limits: Limits
  /** By serial. */
  readonly extras: Map<number, Extras>
  chunks: PayloadChunks
  /** The bytes of removed messages that may still occupy chunks. */
  stale: number
  /** The bytes in use, as the limits count them. */
  bytes: number
}

/** The size of one message without its bytes. The measurement is in docs/decisions/0005-history-in-place.md. */
const perMessage = 96
const perExtras = 224
/** The heap size of an origin, including its sender's objects, which live as long as one of its messages is kept. */
const perOrigin = 1024

const none: Extras = { headers: undefined, reply: undefined }

/** An empty history. @since 0.1.0 */
export const create = <O = string>(limits: Limits = defaultLimits): History<O> => ({
  ...Index.create<O>(),
  limits,
  extras: new Map(),
  chunks: Chunks.create(),
  stale: 0,
  bytes: 0,
})

// --- bytes

const costOf = (length: number, headers: Uint8Array | undefined, reply: string | undefined): number =>
  headers === undefined && reply === undefined
    ? perMessage + length
    : perMessage + perExtras + length + (headers?.length ?? 0) + (reply?.length ?? 0)

const extrasAt = <O>({ rows, extras }: History<O>, row: number): Extras =>
  extras.size === 0 ? none : (extras.get(field(rows.serial, row)) ?? none)

const costAt = <O>(h: History<O>, position: number): number => {
  const row = position & h.rows.mask
  const { headers, reply } = extrasAt(h, row)
  return costOf(field(h.rows.length, row), headers, reply)
}

/** The cost of keeping a message, in bytes, without the cost of its origin. @since 0.1.0 */
export const cost = (data: Uint8Array, headers: Uint8Array | undefined, reply: string | undefined): number =>
  costOf(data.length, headers, reply)

/** Copies the bytes, so that the caller can't change them later. @since 0.1.0 */
export const copy = <O>(h: History<O>, bytes: Uint8Array): Uint8Array => Chunks.copy(h.chunks, bytes)

/**
 * Moves the remaining payloads to new chunks once removed ones may occupy more than a quarter of the history. A payload
 * keeps its whole chunk in memory.
 */
const repack = <O>(h: History<O>): void => {
  if (h.stale <= 4 * Chunks.chunkSize + h.bytes / 4) return
  const { rows, chunks } = h
  h.stale = 0
  h.chunks = Chunks.create()
  for (let position = h.head; position < h.tail; position++) {
    const row = position & rows.mask
    if (field(rows.owner, row) === 0) continue
    const index = field(rows.chunk, row)
    const data = Chunks.get(chunks, index, field(rows.offset, row), field(rows.length, row))
    keepBytes(h, row, Chunks.isShared(chunks, index) ? Chunks.copy(h.chunks, data) : data)
  }
}

const keepBytes = <O>({ rows, chunks }: History<O>, row: number, data: Uint8Array): void => {
  rows.chunk[row] = Chunks.keep(chunks, data)
  rows.offset[row] = chunks.offset
  rows.length[row] = data.length
}

// --- what is kept

const keptAt = <O>(h: History<O>, position: number): Kept => {
  const { rows, chunks } = h
  const row = position & rows.mask
  const { headers, reply } = extrasAt(h, row)
  const data = Chunks.get(chunks, field(rows.chunk, row), field(rows.offset, row), field(rows.length, row))
  return { data, headers, reply }
}

/** The message that is evicted next. @since 0.1.0 */
export const oldest = <O>(h: History<O>): Place<O> | undefined => (h.messages === 0 ? undefined : placeAt(h, h.head))

/** Drops what a message occupies. The caller removes it from the index. */
const release = <O>(h: History<O>, position: number): void => {
  const row = position & h.rows.mask
  h.bytes -= costAt(h, position)
  if (h.extras.size > 0) h.extras.delete(field(h.rows.serial, row))
  Chunks.release(h.chunks, field(h.rows.chunk, row))
}

const remove = <O>(h: History<O>, owner: Owner<O>, at: number): void => {
  release(h, owner.positions[at] ?? 0)
  const origins = h.origins.size
  Index.removeMessage(h, owner, at)
  if (h.origins.size < origins) h.bytes -= perOrigin
}

/** Evicts the oldest message and returns it. @since 0.1.0 */
export const evict = <O>(h: History<O>): Place<O> | undefined => {
  const place = oldest(h)
  const owner = ownerAt(h, h.head)
  // The oldest message is also the oldest of its origin.
  if (place !== undefined && owner !== undefined) remove(h, owner, owner.front)
  return place
}

/** True if one more message of this cost fits, even for a new origin. @since 0.1.0 */
export const fits = <O>(h: History<O>, bytes: number): boolean =>
  h.messages < h.limits.messages && h.bytes + bytes + perOrigin <= h.limits.bytes

/**
 * True if the oldest message must be evicted: because of its age, or to make room for a message of this cost. A message
 * that exceeds the limits by itself evicts nothing.
 *
 * @since 0.1.0
 */
export const mustEvict = <O>(h: History<O>, bytes: number, now: number): boolean =>
  h.messages > 0 &&
  (field(h.rows.at, h.head & h.rows.mask) + h.limits.age < now ||
    (!fits(h, bytes) && bytes + perOrigin <= h.limits.bytes))

/** True if a message of this cost fits after evicting messages up to a serial. @since 0.1.0 */
export const couldFit = <O>(h: History<O>, bytes: number, serial: number): boolean => {
  let [messages, held] = [h.messages, h.bytes]
  for (let i = h.head; messages >= h.limits.messages || held + bytes + perOrigin > h.limits.bytes; i++) {
    if (i >= h.tail || field(h.rows.serial, i & h.rows.mask) > serial) return false
    const owner = ownerAt(h, i)
    if (owner === undefined) continue
    messages -= 1
    held -= costAt(h, i) + (owner.positions.at(-1) === i ? perOrigin : 0)
  }
  return true
}

/** Returns the serial of a message that is not kept. Such a message takes a serial, too. @since 0.1.0 */
export const skip = <O>(h: History<O>): number => {
  h.serial += 1
  return h.serial
}

/**
 * Keeps a message and returns its serial. The number must be higher than the earlier ones of the origin. The bytes must
 * not change later: see `copy`.
 *
 * @since 0.1.0
 */
export const keep = <O>(h: History<O>, origin: O, number: number, kept: Kept, now: number): number => {
  const { data, headers, reply } = kept
  if (!h.origins.has(origin)) h.bytes += perOrigin
  keepBytes(h, Index.add(h, origin, number, now), data)
  if (headers !== undefined || reply !== undefined) h.extras.set(h.serial, { headers, reply })
  h.bytes += costOf(data.length, headers, reply)
  return h.serial
}

/** The message with this number, if it is still kept. @since 0.1.0 */
export const get = <O>(h: History<O>, origin: O, number: number): Kept | undefined => {
  const owner = h.origins.get(origin)
  const position = owner?.positions[searchNumber(h, owner, number)]
  return position === undefined || isRemoved(h, position) || h.rows.number[position & h.rows.mask] !== number
    ? undefined
    : keptAt(h, position)
}

/** The oldest number kept for an origin; `undefined` if none. @since 0.1.0 */
export const first = <O>(h: History<O>, origin: O): number | undefined => {
  const owner = h.origins.get(origin)
  return owner === undefined ? undefined : h.rows.number[(owner.positions[owner.front] ?? 0) & h.rows.mask]
}

/** The newest message kept for an origin. @since 0.1.0 */
export const last = <O>(h: History<O>, origin: O): Place<O> | undefined => {
  const position = h.origins.get(origin)?.positions.at(-1)
  return position === undefined ? undefined : placeAt(h, position)
}

/** The numbers kept for an origin after a serial, in descending order. @since 0.1.0 */
export function* numbersAfter<O>(h: History<O>, origin: O, serial: number): Generator<number> {
  const owner = h.origins.get(origin)
  for (let i = owner?.positions.length ?? 0; owner !== undefined && i > owner.front; i--) {
    const place = placeAt(h, owner.positions[i - 1] ?? 0)
    if (place !== undefined && place.serial <= serial) return
    if (place !== undefined) yield place.number
  }
}

/**
 * All messages kept after a serial, oldest first. Messages added during the iteration are not included.
 *
 * @since 0.1.0
 */
export function* after<O>(h: History<O>, serial: number): Generator<Kept & Place<O>> {
  const end = h.serial
  // The history may change during the iteration, so positions are not stable. Search for each message.
  for (let newest = serial; ; ) {
    let position = searchSerial(h, newest + 1)
    while (position < h.tail && isRemoved(h, position)) position += 1
    const place = position < h.tail ? placeAt(h, position) : undefined
    if (place === undefined || place.serial > end) return
    newest = place.serial
    yield { ...place, ...keptAt(h, position) }
  }
}

// --- what goes before its turn

const countStale = <O>({ rows, chunks }: History<O>, position: number): number => {
  const row = position & rows.mask
  return Chunks.isShared(chunks, field(rows.chunk, row)) ? field(rows.length, row) : 0
}

/** Removes the message with this serial. It can't be sent, so no receiver can request it. @since 0.1.0 */
export const withdraw = <O>(h: History<O>, serial: number): void => {
  const position = searchSerial(h, serial)
  const row = position & h.rows.mask
  const owner = position < h.tail && h.rows.serial[row] === serial ? ownerAt(h, position) : undefined
  if (owner === undefined) return
  h.stale += countStale(h, position)
  remove(h, owner, searchNumber(h, owner, field(h.rows.number, row)))
  Index.compact(h)
  repack(h)
}

/** Removes all messages of a closed origin and its bookkeeping. No receiver can request them. @since 0.1.0 */
export const forget = <O>(h: History<O>, origin: O): void => {
  const owner = h.origins.get(origin)
  if (owner === undefined) return
  Index.removeOrigin(h, owner, position => {
    h.stale += countStale(h, position)
    release(h, position)
  })
  h.bytes -= perOrigin
  Index.compact(h)
  repack(h)
}
