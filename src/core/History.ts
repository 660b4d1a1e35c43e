/**
 * What a sender keeps to replay: the newest messages of all origins of one connection, within one budget.
 *
 * This is the one value of the core that changes in place: an immutable ring would cost more garbage per message than the
 * message itself. It has one owner, who passes it to these functions only. See docs/decisions/0005-history-in-place.md.
 *
 * @module
 * @since 0.1.0
 */

/** The budget of a connection. @since 0.1.0 */
export interface Limits {
  /** Messages kept. Default 65,536. */
  readonly messages: number
  /** Bytes kept: payloads, headers, reply subjects, and 200 for each message. Default 32 MiB. */
  readonly bytes: number
  /** How long a message is kept, in ms. Default 300,000 (5 minutes). */
  readonly age: number
}

/** What is kept unless told otherwise. @since 0.1.0 */
export const defaultLimits: Limits = { messages: 65_536, bytes: 32 * 1024 * 1024, age: 300_000 }

/** A message as it was sent. @since 0.1.0 */
export interface Kept {
  readonly data: Uint8Array
  /** The encoded header block. */
  readonly headers: Uint8Array | undefined
  readonly reply: string | undefined
}

interface Entry<O> extends Kept {
  readonly origin: O
  readonly number: number
  readonly at: number
  readonly bytes: number
  /** Its place among all messages of the connection. */
  readonly serial: number
  /** It can't be sent, and so is not held any more; it goes when its turn comes. */
  withdrawn: boolean
}

/** A queue of which the front goes first. */
interface Queue<T> {
  items: Array<T | undefined>
  front: number
}

/**
 * What is kept, of all origins of one connection. `O` is what tells them apart: their names, or, where two runs can have
 * the same name, the runs.
 *
 * @since 0.1.0
 */
export interface History<O = string> {
  readonly limits: Limits
  /** All entries, oldest first; those of forgotten origins stay until their turn comes. */
  readonly all: Queue<Entry<O>>
  /** The entries of each origin, in ascending order; what was not kept is not among them. */
  readonly origins: Map<O, Queue<Entry<O>>>
  messages: number
  bytes: number
  serial: number
  /** Payloads are copied into here, one after the other; a full chunk lives as long as one of them is kept. */
  chunk: Uint8Array
  used: number
}

const overhead = 200
const chunkSize = 64 * 1024

/** An empty history. @since 0.1.0 */
export const create = <O = string>(limits: Limits = defaultLimits): History<O> => ({
  limits,
  all: { items: [], front: 0 },
  origins: new Map(),
  messages: 0,
  bytes: 0,
  serial: 0,
  chunk: new Uint8Array(0),
  used: 0,
})

const shift = <T>(q: Queue<T>): T | undefined => {
  const item = q.items[q.front]
  q.items[q.front] = undefined
  q.front += 1
  if (q.front > 1024 && q.front * 2 > q.items.length) {
    q.items = q.items.slice(q.front)
    q.front = 0
  }
  return item
}

/** What keeping a message costs, in bytes. @since 0.1.0 */
export const cost = (data: Uint8Array, headers: Uint8Array | undefined, reply: string | undefined): number =>
  overhead + data.length + (headers?.length ?? 0) + (reply?.length ?? 0)

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

/** A message that is held, or was. @since 0.1.0 */
export interface Place<O = string> {
  readonly origin: O
  readonly number: number
  /** Its place among all messages of the connection. */
  readonly serial: number
}

/** The message that goes first when room is needed. @since 0.1.0 */
export const oldest = <O>(h: History<O>): Place<O> | undefined => h.all.items[h.all.front]

const dropWithdrawn = <O>(own: Queue<Entry<O>>): void => {
  while (own.items[own.front]?.withdrawn === true) shift(own)
}

/** Drops the oldest message, and gives it. @since 0.1.0 */
export const evict = <O>(h: History<O>): Place<O> | undefined => {
  const entry = shift(h.all)
  if (entry === undefined) return undefined
  h.messages -= 1
  h.bytes -= entry.bytes
  const own = h.origins.get(entry.origin)
  // An origin that was forgotten, and has begun anew, has other entries.
  if (own !== undefined && own.items[own.front] === entry) {
    shift(own)
    dropWithdrawn(own)
    // Of an origin that has nothing to replay nothing is kept, however many have come and gone.
    if (own.front === own.items.length) h.origins.delete(entry.origin)
  }
  return entry
}

/** Must the oldest go, for one more message of this cost, or because of its age? @since 0.1.0 */
export const mustEvict = <O>(h: History<O>, bytes: number, now: number): boolean => {
  const entry = h.all.items[h.all.front]
  return entry !== undefined && (!fits(h, bytes) || entry.at + h.limits.age < now)
}

/** Is there room for one more message of this cost? @since 0.1.0 */
export const fits = <O>(h: History<O>, bytes: number): boolean =>
  h.messages < h.limits.messages && h.bytes + bytes <= h.limits.bytes

/** Would there be room for one more message of this cost, if the oldest up to a serial made way? @since 0.1.0 */
export const couldFit = <O>(h: History<O>, bytes: number, serial: number): boolean => {
  let [messages, held] = [h.messages, h.bytes]
  for (let i = h.all.front; messages >= h.limits.messages || held + bytes > h.limits.bytes; i++) {
    const entry = h.all.items[i]
    if (entry === undefined || entry.serial > serial) return false
    messages -= 1
    held -= entry.bytes
  }
  return true
}

/** A message that is not kept has its place all the same. Gives its serial. @since 0.1.0 */
export const skip = <O>(h: History<O>): number => {
  h.serial += 1
  return h.serial
}

/** Keeps a message, with a higher number than those before it. Its bytes must not change any more: see `copy`. Gives its serial. @since 0.1.0 */
export const keep = <O>(h: History<O>, origin: O, number: number, kept: Kept, now: number): number => {
  h.serial += 1
  const bytes = cost(kept.data, kept.headers, kept.reply)
  const { data, headers, reply } = kept
  const entry: Entry<O> = { data, headers, reply, origin, number, at: now, bytes, serial: h.serial, withdrawn: false }
  const own = h.origins.get(origin)
  if (own === undefined) h.origins.set(origin, { items: [entry], front: 0 })
  else own.items.push(entry)
  h.all.items.push(entry)
  h.messages += 1
  h.bytes += bytes
  return h.serial
}

/** The first of which that is at least so much, or the last. */
const search = <O>(q: Queue<Entry<O>>, of: 'number' | 'serial', least: number): Entry<O> | undefined => {
  let [low, high] = [q.front, q.items.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((q.items[middle]?.[of] ?? 0) < least) low = middle + 1
    else high = middle
  }
  return q.items[low]
}

const find = <O>(h: History<O>, origin: O, number: number): Entry<O> | undefined => {
  const own = h.origins.get(origin)
  const entry = own === undefined ? undefined : search(own, 'number', number)
  return entry?.number === number && !entry.withdrawn ? entry : undefined
}

/** The message with a number, if it is still held. @since 0.1.0 */
export const get = <O>(h: History<O>, origin: O, number: number): Kept | undefined => find(h, origin, number)

/** The oldest number held of an origin; `undefined` if none is. @since 0.1.0 */
export const first = <O>(h: History<O>, origin: O): number | undefined => {
  const own = h.origins.get(origin)
  return own?.items[own.front]?.number
}

/** The serial of the newest message held of an origin; 0 if none is. @since 0.1.0 */
export const newest = <O>(h: History<O>, origin: O): number => h.origins.get(origin)?.items.at(-1)?.serial ?? 0

/** The numbers of an origin's messages after a serial, descending, as far as they are held. @since 0.1.0 */
export function* numbersAfter<O>(h: History<O>, origin: O, serial: number): Generator<number> {
  const own = h.origins.get(origin)
  for (let i = own?.items.length ?? 0; own !== undefined && i > own.front; i--) {
    const entry = own.items[i - 1]
    if (entry === undefined || entry.serial <= serial) return
    if (!entry.withdrawn) yield entry.number
  }
}

/** All messages after a serial, oldest first, as far as they are held; not those kept from now on. @since 0.1.0 */
export function* after<O>(h: History<O>, serial: number): Generator<Kept & Place<O>> {
  // What is kept or evicted meanwhile moves neither this array nor its end.
  const { items, front } = h.all
  const end = items.length
  for (let i = front; i < end; i++) {
    const entry = items[i]
    if (entry !== undefined && entry.serial > serial && !entry.withdrawn) yield entry
  }
}

/** The message with that serial can't be sent, be its origin over or not: its number is not held any more. @since 0.1.0 */
export const withdraw = <O>(h: History<O>, serial: number): void => {
  const entry = search(h.all, 'serial', serial)
  if (entry?.serial !== serial) return
  entry.withdrawn = true
  const own = h.origins.get(entry.origin)
  if (own !== undefined) dropWithdrawn(own)
}

/** The origin is over: its messages can't be asked for, and go when their turn comes. @since 0.1.0 */
export const forget = <O>(h: History<O>, origin: O): void => {
  h.origins.delete(origin)
}
