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

/** The limits of one connection. @since 0.1.0 */
export interface Limits {
  /** Maximum number of messages. Default 65,536. */
  readonly messages: number
  /**
   * Maximum bytes: payloads, headers, reply subjects, 320 per message, and 1024 per origin that has a message in the
   * history. Default 32 MiB.
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

interface Entry<O> extends Place<O> {
  /** The bytes never change, but they may move to another chunk. */
  data: Uint8Array
  headers: Uint8Array | undefined
  readonly reply: string | undefined
  readonly at: number
  readonly bytes: number
}

/**
 * Entries in ascending order. Removing an entry from the middle leaves its key in the slot, so that binary search still
 * works. `tidy` removes these keys before they outnumber the entries. The first and the last slot always hold entries.
 */
interface Queue<O> {
  readonly key: 'serial' | 'number'
  items: Array<Entry<O> | number | undefined>
  front: number
  /** The number of slots that hold only a key. */
  keys: number
}

/**
 * The messages kept for all origins of one connection. `O` identifies an origin: its name, or its run if two runs can
 * have the same name.
 *
 * @since 0.1.0
 */
export interface History<O = string> {
  readonly limits: Limits
  /** All entries, oldest first. */
  readonly all: Queue<O>
  /** The entries of each origin in ascending order of their numbers. Origins without entries are absent. */
  readonly origins: Map<O, Queue<O>>
  messages: number
  bytes: number
  serial: number
  /**
   * Payloads are copied into this chunk one after the other. A full chunk stays in memory as long as one of them is
   * kept.
   */
  chunk: Uint8Array
  used: number
  /** The bytes of removed entries that may still occupy chunks. */
  stale: number
}

/** The heap size of one message without its bytes. The measurement is in docs/decisions/0005-history-in-place.md. */
const perMessage = 320
/** The heap size of an origin, including its sender's objects, which live as long as one of its messages is kept. */
const perOrigin = 1024
const chunkSize = 64 * 1024

const queue = <O>(key: Queue<O>['key']): Queue<O> => ({ key, items: [], front: 0, keys: 0 })

/** An empty history. @since 0.1.0 */
export const create = <O = string>(limits: Limits = defaultLimits): History<O> => ({
  limits,
  all: queue('serial'),
  origins: new Map(),
  messages: 0,
  bytes: 0,
  serial: 0,
  chunk: new Uint8Array(0),
  used: 0,
  stale: 0,
})

// --- queues

const isEntry = <O>(slot: Entry<O> | number | undefined): slot is Entry<O> => typeof slot === 'object'

const entryAt = <O>(q: Queue<O>, index: number): Entry<O> | undefined => {
  const slot = q.items[index]
  return isEntry(slot) ? slot : undefined
}

const head = <O>(q: Queue<O>): Entry<O> | undefined => entryAt(q, q.front)

/** The first index whose key is at least `least`; the length of the queue if there is none. */
const search = <O>({ items, front, key }: Queue<O>, least: number): number => {
  let [low, high] = [front, items.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const slot = items[middle]
    if ((isEntry(slot) ? slot[key] : (slot ?? 0)) < least) low = middle + 1
    else high = middle
  }
  return low
}

/** Removes empty slots once they are more than half of the queue. So each removal costs amortized O(1). */
const tidy = <O>(q: Queue<O>): void => {
  const idle = q.front + q.keys
  if (idle <= 16 || idle * 2 <= q.items.length) return
  q.items = q.keys === 0 ? q.items.slice(q.front) : q.items.filter(isEntry)
  q.front = 0
  q.keys = 0
}

/** Removes the first entry and the keys after it. */
const shift = <O>(q: Queue<O>): Entry<O> | undefined => {
  const entry = head(q)
  if (entry === undefined) return undefined
  q.items[q.front] = undefined
  q.front += 1
  for (; typeof q.items[q.front] === 'number'; q.front++) q.keys -= 1
  tidy(q)
  return entry
}

/** Removes the entry at an index. */
const remove = <O>(q: Queue<O>, index: number): void => {
  const entry = entryAt(q, index)
  if (entry === undefined || index === q.front) {
    shift(q)
  } else if (index === q.items.length - 1) {
    q.items.pop()
    for (; typeof q.items.at(-1) === 'number'; q.items.pop()) q.keys -= 1
    tidy(q)
  } else {
    q.items[index] = entry[q.key]
    q.keys += 1
    tidy(q)
  }
}

// --- bytes

/** The cost of keeping a message, in bytes, without the cost of its origin. @since 0.1.0 */
export const cost = (data: Uint8Array, headers: Uint8Array | undefined, reply: string | undefined): number =>
  perMessage + data.length + (headers?.length ?? 0) + (reply?.length ?? 0)

/** Copies the bytes, so that the caller can't change them later. @since 0.1.0 */
export const copy = <O>(h: History<O>, bytes: Uint8Array): Uint8Array => {
  // Not `slice`: the `slice` of a node Buffer does not copy.
  if (bytes.length * 4 > chunkSize) return new Uint8Array(bytes)
  if (h.used + bytes.length > h.chunk.length) {
    h.chunk = new Uint8Array(chunkSize)
    h.used = 0
  }
  const view = h.chunk.subarray(h.used, h.used + bytes.length)
  view.set(bytes)
  h.used += bytes.length
  return view
}

/** True if the bytes are part of a chunk, not in memory of their own. */
const isShared = (bytes: Uint8Array): boolean => bytes.buffer.byteLength > bytes.length

const sharedBytes = (bytes: Uint8Array | undefined): number =>
  bytes !== undefined && isShared(bytes) ? bytes.length : 0

/**
 * Moves the remaining entries to new chunks once removed entries may occupy more than a quarter of the history. An
 * entry keeps its whole chunk in memory.
 */
const repack = <O>(h: History<O>): void => {
  if (h.stale <= 4 * chunkSize + h.bytes / 4) return
  h.stale = 0
  h.chunk = new Uint8Array(0)
  h.used = 0
  for (const entry of h.all.items) {
    if (!isEntry(entry)) continue
    if (isShared(entry.data)) entry.data = copy(h, entry.data)
    if (entry.headers !== undefined && isShared(entry.headers)) entry.headers = copy(h, entry.headers)
  }
}

// --- what is kept

/** The message that is evicted next. @since 0.1.0 */
export const oldest = <O>(h: History<O>): Place<O> | undefined => head(h.all)

const uncount = <O>(h: History<O>, entry: Entry<O>): void => {
  h.messages -= 1
  h.bytes -= entry.bytes
}

const closeIfEmpty = <O>(h: History<O>, origin: O, own: Queue<O>): void => {
  if (own.front === own.items.length && h.origins.delete(origin)) h.bytes -= perOrigin
}

/** Evicts the oldest message and returns it. @since 0.1.0 */
export const evict = <O>(h: History<O>): Place<O> | undefined => {
  const entry = shift(h.all)
  if (entry === undefined) return undefined
  uncount(h, entry)
  const own = h.origins.get(entry.origin)
  if (own !== undefined) {
    shift(own)
    closeIfEmpty(h, entry.origin, own)
  }
  return entry
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
export const mustEvict = <O>(h: History<O>, bytes: number, now: number): boolean => {
  const entry = head(h.all)
  if (entry === undefined) return false
  return entry.at + h.limits.age < now || (!fits(h, bytes) && bytes + perOrigin <= h.limits.bytes)
}

/** True if a message of this cost fits after evicting messages up to a serial. @since 0.1.0 */
export const couldFit = <O>(h: History<O>, bytes: number, serial: number): boolean => {
  let [messages, held] = [h.messages, h.bytes]
  for (let i = h.all.front; messages >= h.limits.messages || held + bytes + perOrigin > h.limits.bytes; i++) {
    const entry = h.all.items[i]
    if (typeof entry === 'number') continue
    if (entry === undefined || entry.serial > serial) return false
    messages -= 1
    held -= entry.bytes + (h.origins.get(entry.origin)?.items.at(-1) === entry ? perOrigin : 0)
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
  h.serial += 1
  const { data, headers, reply } = kept
  const bytes = cost(data, headers, reply)
  const entry: Entry<O> = { data, headers, reply, origin, number, serial: h.serial, at: now, bytes }
  const own = h.origins.get(origin)
  if (own !== undefined) own.items.push(entry)
  else {
    h.origins.set(origin, { key: 'number', items: [entry], front: 0, keys: 0 })
    h.bytes += perOrigin
  }
  h.all.items.push(entry)
  h.messages += 1
  h.bytes += bytes
  return h.serial
}

/** The message with this number, if it is still kept. @since 0.1.0 */
export const get = <O>(h: History<O>, origin: O, number: number): Kept | undefined => {
  const own = h.origins.get(origin)
  const entry = own === undefined ? undefined : entryAt(own, search(own, number))
  return entry?.number === number ? entry : undefined
}

/** The oldest number kept for an origin; `undefined` if none. @since 0.1.0 */
export const first = <O>(h: History<O>, origin: O): number | undefined => {
  const own = h.origins.get(origin)
  return own === undefined ? undefined : head(own)?.number
}

/** The newest message kept for an origin. @since 0.1.0 */
export const last = <O>(h: History<O>, origin: O): Place<O> | undefined => {
  const own = h.origins.get(origin)
  return own === undefined ? undefined : entryAt(own, own.items.length - 1)
}

/** The first entry after a serial. */
const next = <O>(h: History<O>, serial: number): Entry<O> | undefined => {
  let index = search(h.all, serial + 1)
  while (typeof h.all.items[index] === 'number') index += 1
  return entryAt(h.all, index)
}

/** The numbers kept for an origin after a serial, in descending order. @since 0.1.0 */
export function* numbersAfter<O>(h: History<O>, origin: O, serial: number): Generator<number> {
  const own = h.origins.get(origin)
  for (let i = own?.items.length ?? 0; own !== undefined && i > own.front; i--) {
    const entry = entryAt(own, i - 1)
    if (entry !== undefined && entry.serial <= serial) return
    if (entry !== undefined) yield entry.number
  }
}

/**
 * All messages kept after a serial, oldest first. Messages added during the iteration are not included.
 *
 * @since 0.1.0
 */
export function* after<O>(h: History<O>, serial: number): Generator<Kept & Place<O>> {
  const end = h.serial
  // The history may change during the iteration, so indexes are not stable. Search for each entry.
  for (let entry = next(h, serial); entry !== undefined && entry.serial <= end; entry = next(h, entry.serial))
    yield entry
}

// --- what goes before its turn

const removeEarly = <O>(h: History<O>, entry: Entry<O>): void => {
  remove(h.all, search(h.all, entry.serial))
  uncount(h, entry)
  h.stale += sharedBytes(entry.data) + sharedBytes(entry.headers)
}

/** Removes the message with this serial. It can't be sent, so no receiver can request it. @since 0.1.0 */
export const withdraw = <O>(h: History<O>, serial: number): void => {
  const entry = entryAt(h.all, search(h.all, serial))
  if (entry?.serial !== serial) return
  removeEarly(h, entry)
  const own = h.origins.get(entry.origin)
  if (own !== undefined) {
    remove(own, search(own, entry.number))
    closeIfEmpty(h, entry.origin, own)
  }
  repack(h)
}

/** Removes all messages of a closed origin and its bookkeeping. No receiver can request them. @since 0.1.0 */
export const forget = <O>(h: History<O>, origin: O): void => {
  const own = h.origins.get(origin)
  if (own === undefined) return
  h.origins.delete(origin)
  h.bytes -= perOrigin
  for (const slot of own.items) if (isEntry(slot)) removeEarly(h, slot)
  repack(h)
}
