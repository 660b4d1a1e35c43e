/**
 * The history of a sender: the newest messages of all origins of one connection, kept for replays within one budget.
 *
 * This is the one value of the core that changes in place: an immutable ring would cost more garbage per message than
 * the message itself. It has one owner, who passes it to these functions only. See
 * docs/decisions/0005-history-in-place.md.
 *
 * @module
 * @since 0.1.0
 */

/** The budget of a connection. @since 0.1.0 */
export interface Limits {
  /** Messages kept. Default 65,536. */
  readonly messages: number
  /**
   * Bytes kept: payloads, headers, reply subjects, 320 for each message and 1024 for each origin that has a message in
   * the history. Default 32 MiB.
   */
  readonly bytes: number
  /** How long a message is kept, in ms. Default 300,000 (5 minutes). */
  readonly age: number
}

/** What is kept unless the owner sets other limits. @since 0.1.0 */
export const defaultLimits: Limits = { messages: 65_536, bytes: 32 * 1024 * 1024, age: 300_000 }

/** A message as it was sent. @since 0.1.0 */
export interface Kept {
  readonly data: Uint8Array
  /** The encoded header block. */
  readonly headers: Uint8Array | undefined
  readonly reply: string | undefined
}

/** A message that is held, or was. @since 0.1.0 */
export interface Place<O = string> {
  readonly origin: O
  readonly number: number
  /** Its place among all messages of the connection. */
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
 * Entries in ascending order. An entry that is removed before its turn leaves only its key behind, so that a search by
 * halving still works; keys are cut out before they outnumber the entries. The first and the last slot hold entries.
 */
interface Queue<O> {
  readonly key: 'serial' | 'number'
  items: Array<Entry<O> | number | undefined>
  front: number
  /** How many slots hold only a key. */
  keys: number
}

/**
 * What is kept, of all origins of one connection. `O` is what tells them apart: their names, or, where two runs can
 * have the same name, the runs.
 *
 * @since 0.1.0
 */
export interface History<O = string> {
  readonly limits: Limits
  /** All entries, oldest first. */
  readonly all: Queue<O>
  /** The entries of each origin that has any, in ascending order of their numbers. */
  readonly origins: Map<O, Queue<O>>
  messages: number
  bytes: number
  serial: number
  /** Payloads are copied into here, one after the other; a full chunk lives as long as one of them is kept. */
  chunk: Uint8Array
  used: number
  /** Bytes of removed entries that may still lie in chunks with others. */
  stale: number
}

/**
 * The heap that one message takes beside its bytes: see docs/decisions/0005-history-in-place.md for the measurement.
 */
const perMessage = 320
/** The heap that an origin takes, with the objects of its sender that live as long as one of its messages is kept. */
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

/** The first index whose key is at least so much; the end if there is none. */
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

/** Cuts out what holds no entry before that is more than half: so each removal pays for O(1) of it. */
const tidy = <O>(q: Queue<O>): void => {
  const idle = q.front + q.keys
  if (idle <= 16 || idle * 2 <= q.items.length) return
  q.items = q.keys === 0 ? q.items.slice(q.front) : q.items.filter(isEntry)
  q.front = 0
  q.keys = 0
}

/** Takes the first entry out, and the keys behind it. */
const shift = <O>(q: Queue<O>): Entry<O> | undefined => {
  const entry = head(q)
  if (entry === undefined) return undefined
  q.items[q.front] = undefined
  q.front += 1
  for (; typeof q.items[q.front] === 'number'; q.front++) q.keys -= 1
  tidy(q)
  return entry
}

/** Takes out the entry at an index, wherever that is. */
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

/** What keeping a message costs, in bytes, beside the cost of its origin. @since 0.1.0 */
export const cost = (data: Uint8Array, headers: Uint8Array | undefined, reply: string | undefined): number =>
  perMessage + data.length + (headers?.length ?? 0) + (reply?.length ?? 0)

/** A copy of the bytes that nobody else can change. @since 0.1.0 */
export const copy = <O>(h: History<O>, bytes: Uint8Array): Uint8Array => {
  // A node Buffer is a Uint8Array whose `slice` does not copy.
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

/** Bytes that lie in a chunk, not in memory of their own. */
const isShared = (bytes: Uint8Array): boolean => bytes.buffer.byteLength > bytes.length

const sharedBytes = (bytes: Uint8Array | undefined): number =>
  bytes !== undefined && isShared(bytes) ? bytes.length : 0

/**
 * An entry keeps its whole chunk in memory. Once removed entries may have left more than a quarter of the history
 * there, the entries that remain move to new chunks.
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

/** The message that goes first when room is needed. @since 0.1.0 */
export const oldest = <O>(h: History<O>): Place<O> | undefined => head(h.all)

const uncount = <O>(h: History<O>, entry: Entry<O>): void => {
  h.messages -= 1
  h.bytes -= entry.bytes
}

const closeIfEmpty = <O>(h: History<O>, origin: O, own: Queue<O>): void => {
  if (own.front === own.items.length && h.origins.delete(origin)) h.bytes -= perOrigin
}

/** Drops the oldest message, and gives it. @since 0.1.0 */
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

/** Is there room for one more message of this cost, even of a new origin? @since 0.1.0 */
export const fits = <O>(h: History<O>, bytes: number): boolean =>
  h.messages < h.limits.messages && h.bytes + bytes + perOrigin <= h.limits.bytes

/**
 * Must the oldest go, for one more message of this cost, or because of its age? None goes for a message that is too
 * large to be kept at all.
 *
 * @since 0.1.0
 */
export const mustEvict = <O>(h: History<O>, bytes: number, now: number): boolean => {
  const entry = head(h.all)
  if (entry === undefined) return false
  return entry.at + h.limits.age < now || (!fits(h, bytes) && bytes + perOrigin <= h.limits.bytes)
}

/** Would there be room for one more message of this cost, if the oldest up to a serial made way? @since 0.1.0 */
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

/** A message that is not kept has its place all the same. Gives its serial. @since 0.1.0 */
export const skip = <O>(h: History<O>): number => {
  h.serial += 1
  return h.serial
}

/**
 * Keeps a message, with a higher number than those before it. Its bytes must not change any more: see `copy`. Gives its
 * serial. @since 0.1.0
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

/** The message with a number, if it is still held. @since 0.1.0 */
export const get = <O>(h: History<O>, origin: O, number: number): Kept | undefined => {
  const own = h.origins.get(origin)
  const entry = own === undefined ? undefined : entryAt(own, search(own, number))
  return entry?.number === number ? entry : undefined
}

/** The oldest number held of an origin; `undefined` if none is. @since 0.1.0 */
export const first = <O>(h: History<O>, origin: O): number | undefined => {
  const own = h.origins.get(origin)
  return own === undefined ? undefined : head(own)?.number
}

/** The newest message held of an origin. @since 0.1.0 */
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

/** The numbers of an origin's messages after a serial, descending, as far as they are held. @since 0.1.0 */
export function* numbersAfter<O>(h: History<O>, origin: O, serial: number): Generator<number> {
  const own = h.origins.get(origin)
  for (let i = own?.items.length ?? 0; own !== undefined && i > own.front; i--) {
    const entry = entryAt(own, i - 1)
    if (entry !== undefined && entry.serial <= serial) return
    if (entry !== undefined) yield entry.number
  }
}

/** All messages after a serial, oldest first, as far as they are held; not those kept from now on. @since 0.1.0 */
export function* after<O>(h: History<O>, serial: number): Generator<Kept & Place<O>> {
  const end = h.serial
  // Entries may go meanwhile, and others move up: so each is searched for.
  for (let entry = next(h, serial); entry !== undefined && entry.serial <= end; entry = next(h, entry.serial))
    yield entry
}

// --- what goes before its turn

const removeEarly = <O>(h: History<O>, entry: Entry<O>): void => {
  remove(h.all, search(h.all, entry.serial))
  uncount(h, entry)
  h.stale += sharedBytes(entry.data) + sharedBytes(entry.headers)
}

/** Drops the message with that serial: it can't be sent, so nobody can ask for it. @since 0.1.0 */
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

/**
 * Drops all messages of an origin, and all that is held for it: it is closed, so nobody can ask for them. @since 0.1.0
 */
export const forget = <O>(h: History<O>, origin: O): void => {
  const own = h.origins.get(origin)
  if (own === undefined) return
  h.origins.delete(origin)
  h.bytes -= perOrigin
  for (const slot of own.items) if (isEntry(slot)) removeEarly(h, slot)
  repack(h)
}
