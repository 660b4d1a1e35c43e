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
import type { PayloadChunks } from './PayloadChunks.ts'
import * as Chunks from './PayloadChunks.ts'

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

/** The id of a message in the history. @since 0.1.0 */
export interface Place<O = string> {
  readonly origin: O
  readonly number: number
  /** Numbers all messages of the connection in the order of publishing. */
  readonly serial: number
}

/**
 * The messages, one field per column: an object per message would take five times the memory, and the garbage collector
 * would visit each of them. A position counts the rows since the last `compact`; its row is `position & mask`.
 */
interface Rows {
  readonly mask: number
  readonly serial: Float64Array
  readonly number: Float64Array
  readonly at: Float64Array
  /** The id of the owner; 0 for a row that was removed from the middle. Such a row keeps its serial and its number. */
  readonly owner: Uint32Array
  readonly chunk: Uint32Array
  readonly offset: Uint32Array
  readonly length: Uint32Array
}

/** An origin with messages in the history. */
interface Owner<O> {
  readonly id: number
  readonly origin: O
  /** The positions of its messages from `front` on, in ascending order. The first and the last are never removed rows. */
  positions: number[]
  front: number
  /** The number of removed rows among them. */
  removed: number
}

/** The fields that most messages do not have. */
type Extras = Pick<Kept, 'headers' | 'reply'>

/**
 * The messages kept for all origins of one connection. `O` identifies an origin: its name, or its run if two runs can
 * have the same name.
 *
 * @since 0.1.0
 */
export interface History<O = string> {
  readonly limits: Limits
  /** The origins with messages in the history. */
  readonly origins: Map<O, Owner<O>>
  /** By id. The ids of origins without messages are free. */
  readonly owners: Array<Owner<O> | undefined>
  readonly freeIds: number[]
  rows: Rows
  /** The position of the oldest message, and the one after the newest. */
  head: number
  tail: number
  /** The number of removed rows between them. */
  removed: number
  /** By serial. */
  readonly extras: Map<number, Extras>
  chunks: PayloadChunks
  /** The bytes of removed messages that may still occupy chunks. */
  stale: number
  messages: number
  bytes: number
  serial: number
}

/** The size of one message without its bytes. The measurement is in docs/decisions/0005-history-in-place.md. */
const perMessage = 96
const perExtras = 224
/** The heap size of an origin, including its sender's objects, which live as long as one of its messages is kept. */
const perOrigin = 1024

const none: Extras = { headers: undefined, reply: undefined }

const rowsOf = (size: number): Rows => ({
  mask: size - 1,
  serial: new Float64Array(size),
  number: new Float64Array(size),
  at: new Float64Array(size),
  owner: new Uint32Array(size),
  chunk: new Uint32Array(size),
  offset: new Uint32Array(size),
  length: new Uint32Array(size),
})

/** An empty history. @since 0.1.0 */
export const create = <O = string>(limits: Limits = defaultLimits): History<O> => ({
  limits,
  origins: new Map(),
  owners: [undefined],
  freeIds: [],
  rows: rowsOf(16),
  head: 0,
  tail: 0,
  removed: 0,
  extras: new Map(),
  chunks: Chunks.create(),
  stale: 0,
  messages: 0,
  bytes: 0,
  serial: 0,
})

// --- rows

const field = (column: Float64Array | Uint32Array, row: number): number => column[row] ?? 0

const isRemoved = <O>({ rows }: History<O>, position: number): boolean => rows.owner[position & rows.mask] === 0

const ownerAt = <O>({ rows, owners }: History<O>, position: number): Owner<O> | undefined =>
  owners[field(rows.owner, position & rows.mask)]

const costAt = <O>({ rows, extras }: History<O>, position: number): number => {
  const row = position & rows.mask
  const { headers, reply } = extras.get(field(rows.serial, row)) ?? none
  return costOf(field(rows.length, row), headers, reply)
}

const placeAt = <O>(h: History<O>, position: number): Place<O> | undefined => {
  const owner = ownerAt(h, position)
  const row = position & h.rows.mask
  return owner === undefined
    ? undefined
    : { origin: owner.origin, number: field(h.rows.number, row), serial: field(h.rows.serial, row) }
}

const keptAt = <O>({ rows, extras, chunks }: History<O>, position: number): Kept => {
  const row = position & rows.mask
  const { headers, reply } = extras.get(field(rows.serial, row)) ?? none
  const data = Chunks.get(chunks, field(rows.chunk, row), field(rows.offset, row), field(rows.length, row))
  return { data, headers, reply }
}

/** The first position whose serial is at least `least`. */
const searchSerial = <O>({ rows, head, tail }: History<O>, least: number): number => {
  let [low, high] = [head, tail]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (field(rows.serial, middle & rows.mask) < least) low = middle + 1
    else high = middle
  }
  return low
}

/** The first index whose number is at least `least`. */
const searchNumber = <O>({ rows }: History<O>, { positions, front }: Owner<O>, least: number): number => {
  let [low, high] = [front, positions.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (field(rows.number, (positions[middle] ?? 0) & rows.mask) < least) low = middle + 1
    else high = middle
  }
  return low
}

/** Copies the rows that are not removed. */
const moveRows = <O>(h: History<O>, size: number): void => {
  const [from, to] = [h.rows, rowsOf(size)]
  let tail = 0
  for (const owner of h.origins.values()) {
    owner.positions = []
    owner.front = 0
    owner.removed = 0
  }
  for (let position = h.head; position < h.tail; position++) {
    const row = position & from.mask
    const owner = h.owners[field(from.owner, row)]
    if (owner === undefined) continue
    for (const key of ['serial', 'number', 'at', 'owner', 'chunk', 'offset', 'length'] as const)
      to[key][tail] = field(from[key], row)
    owner.positions.push(tail)
    tail += 1
  }
  h.rows = to
  h.head = 0
  h.tail = tail
  h.removed = 0
}

const grow = <O>(h: History<O>): void => {
  if (h.tail - h.head > h.rows.mask) moveRows(h, 2 * (h.rows.mask + 1))
}

/** Few removed rows stay, so that each removal costs amortized O(1). */
const compact = <O>(h: History<O>): void => {
  if (h.removed <= 16 || h.removed <= h.messages) return
  let size = 16
  while (size < h.messages) size *= 2
  moveRows(h, size)
}

/** Removes the used front of an origin's positions, and its removed rows, once they are more than half of them. */
const tidy = <O>(h: History<O>, owner: Owner<O>): void => {
  const idle = owner.front + owner.removed
  if (idle <= 16 || idle * 2 <= owner.positions.length) return
  const used = owner.positions.slice(owner.front)
  owner.positions = owner.removed === 0 ? used : used.filter(position => !isRemoved(h, position))
  owner.front = 0
  owner.removed = 0
}

// --- bytes

const costOf = (length: number, headers: Uint8Array | undefined, reply: string | undefined): number =>
  headers === undefined && reply === undefined
    ? perMessage + length
    : perMessage + perExtras + length + (headers?.length ?? 0) + (reply?.length ?? 0)

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

/** The message that is evicted next. @since 0.1.0 */
export const oldest = <O>(h: History<O>): Place<O> | undefined => (h.messages === 0 ? undefined : placeAt(h, h.head))

/** Removes a row and what it refers to. The caller removes the position from its owner. */
const removeRow = <O>(h: History<O>, position: number): void => {
  const { rows } = h
  const row = position & rows.mask
  h.messages -= 1
  h.bytes -= costAt(h, position)
  if (h.extras.size > 0) h.extras.delete(field(rows.serial, row))
  Chunks.release(h.chunks, field(rows.chunk, row))
  rows.owner[row] = 0
  h.removed += 1
  for (; h.head < h.tail && isRemoved(h, h.head); h.head++) h.removed -= 1
  for (; h.head < h.tail && isRemoved(h, h.tail - 1); h.tail--) h.removed -= 1
}

const addOwner = <O>(h: History<O>, origin: O): Owner<O> => {
  const id = h.freeIds.pop() ?? h.owners.length
  const owner: Owner<O> = { id, origin, positions: [], front: 0, removed: 0 }
  h.owners[id] = owner
  h.origins.set(origin, owner)
  h.bytes += perOrigin
  return owner
}

const removeOwner = <O>(h: History<O>, { id, origin }: Owner<O>): void => {
  h.origins.delete(origin)
  h.owners[id] = undefined
  h.freeIds.push(id)
  h.bytes -= perOrigin
}

/** Removes the message at this index of its owner's positions. */
const removeMessage = <O>(h: History<O>, owner: Owner<O>, index: number): void => {
  const { positions } = owner
  removeRow(h, positions[index] ?? 0)
  owner.removed += 1
  for (; owner.front < positions.length && isRemoved(h, positions[owner.front] ?? 0); owner.front++) owner.removed -= 1
  for (; owner.front < positions.length && isRemoved(h, positions.at(-1) ?? 0); positions.pop()) owner.removed -= 1
  if (owner.front === positions.length) removeOwner(h, owner)
  else tidy(h, owner)
}

/** Evicts the oldest message and returns it. @since 0.1.0 */
export const evict = <O>(h: History<O>): Place<O> | undefined => {
  const place = oldest(h)
  const owner = ownerAt(h, h.head)
  // The oldest message is also the oldest of its origin.
  if (place !== undefined && owner !== undefined) removeMessage(h, owner, owner.front)
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
  h.serial += 1
  grow(h)
  const { rows, tail } = h
  const row = tail & rows.mask
  const owner = h.origins.get(origin) ?? addOwner(h, origin)
  rows.serial[row] = h.serial
  rows.number[row] = number
  rows.at[row] = now
  rows.owner[row] = owner.id
  keepBytes(h, row, data)
  if (headers !== undefined || reply !== undefined) h.extras.set(h.serial, { headers, reply })
  owner.positions.push(tail)
  h.tail += 1
  h.messages += 1
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
  removeMessage(h, owner, searchNumber(h, owner, field(h.rows.number, row)))
  compact(h)
  repack(h)
}

/** Removes all messages of a closed origin and its bookkeeping. No receiver can request them. @since 0.1.0 */
export const forget = <O>(h: History<O>, origin: O): void => {
  const owner = h.origins.get(origin)
  if (owner === undefined) return
  for (let i = owner.front; i < owner.positions.length; i++) {
    const position = owner.positions[i] ?? 0
    if (isRemoved(h, position)) continue
    h.stale += countStale(h, position)
    removeRow(h, position)
  }
  removeOwner(h, owner)
  compact(h)
  repack(h)
}
