/**
 * Which messages a history keeps: all of them in the order of publishing, and those of each origin by number.
 *
 * Changed in place by its functions, as the history is: see docs/decisions/0005-history-in-place.md.
 */

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
export interface Rows {
  readonly mask: number
  readonly serial: Float64Array
  readonly number: Float64Array
  /** When the message was kept. */
  readonly at: Float64Array
  /** The id of the owner; 0 for a row that was removed from the middle. Such a row keeps its serial and its number. */
  readonly owner: Uint32Array
  /** Where the payload is in the chunks. */
  readonly chunk: Uint32Array
  readonly offset: Uint32Array
  readonly length: Uint32Array
}

/** An origin with messages in the history. */
export interface Owner<O> {
  readonly id: number
  readonly origin: O
  /** The positions of its messages from `front` on, in ascending order. The first and the last are never removed rows. */
  positions: number[]
  front: number
  /** The number of removed rows among them. */
  removed: number
}

/** The rows, and the positions of each origin. */
export interface HistoryIndex<O = string> {
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
  messages: number
  /** The serial of the newest message. */
  serial: number
}

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

export const create = <O>(): HistoryIndex<O> => ({
  origins: new Map(),
  owners: [undefined],
  freeIds: [],
  rows: rowsOf(16),
  head: 0,
  tail: 0,
  removed: 0,
  messages: 0,
  serial: 0,
})

// --- reading

export const field = (column: Float64Array | Uint32Array, row: number): number => column[row] ?? 0

export const isRemoved = <O>({ rows }: HistoryIndex<O>, position: number): boolean =>
  rows.owner[position & rows.mask] === 0

export const ownerAt = <O>({ rows, owners }: HistoryIndex<O>, position: number): Owner<O> | undefined =>
  owners[field(rows.owner, position & rows.mask)]

export const placeAt = <O>(index: HistoryIndex<O>, position: number): Place<O> | undefined => {
  const owner = ownerAt(index, position)
  const row = position & index.rows.mask
  return owner === undefined
    ? undefined
    : { origin: owner.origin, number: field(index.rows.number, row), serial: field(index.rows.serial, row) }
}

/** The first position whose serial is at least `least`. */
export const searchSerial = <O>({ rows, head, tail }: HistoryIndex<O>, least: number): number => {
  let [low, high] = [head, tail]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (field(rows.serial, middle & rows.mask) < least) low = middle + 1
    else high = middle
  }
  return low
}

/** The first index into an owner's positions whose number is at least `least`. */
export const searchNumber = <O>({ rows }: HistoryIndex<O>, { positions, front }: Owner<O>, least: number): number => {
  let [low, high] = [front, positions.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (field(rows.number, (positions[middle] ?? 0) & rows.mask) < least) low = middle + 1
    else high = middle
  }
  return low
}

// --- adding

/** Copies the rows that are not removed. */
const moveRows = <O>(index: HistoryIndex<O>, size: number): void => {
  const [from, to] = [index.rows, rowsOf(size)]
  let tail = 0
  for (const owner of index.origins.values()) {
    owner.positions = []
    owner.front = 0
    owner.removed = 0
  }
  for (let position = index.head; position < index.tail; position++) {
    const row = position & from.mask
    const owner = index.owners[field(from.owner, row)]
    if (owner === undefined) continue
    for (const key of ['serial', 'number', 'at', 'owner', 'chunk', 'offset', 'length'] as const)
      to[key][tail] = field(from[key], row)
    owner.positions.push(tail)
    tail += 1
  }
  index.rows = to
  index.head = 0
  index.tail = tail
  index.removed = 0
}

const addOwner = <O>(index: HistoryIndex<O>, origin: O): Owner<O> => {
  const id = index.freeIds.pop() ?? index.owners.length
  const owner: Owner<O> = { id, origin, positions: [], front: 0, removed: 0 }
  index.owners[id] = owner
  index.origins.set(origin, owner)
  return owner
}

/** Adds a message with the next serial. Returns its row. */
export const add = <O>(index: HistoryIndex<O>, origin: O, number: number, now: number): number => {
  index.serial += 1
  if (index.tail - index.head > index.rows.mask) moveRows(index, 2 * (index.rows.mask + 1))
  const { rows, tail } = index
  const row = tail & rows.mask
  const owner = index.origins.get(origin) ?? addOwner(index, origin)
  rows.serial[row] = index.serial
  rows.number[row] = number
  rows.at[row] = now
  rows.owner[row] = owner.id
  owner.positions.push(tail)
  index.tail += 1
  index.messages += 1
  return row
}

// --- removing

/** Removes a row. The caller removes its position from the owner. */
const removeRow = <O>(index: HistoryIndex<O>, position: number): void => {
  index.messages -= 1
  index.rows.owner[position & index.rows.mask] = 0
  index.removed += 1
  for (; index.head < index.tail && isRemoved(index, index.head); index.head++) index.removed -= 1
  for (; index.head < index.tail && isRemoved(index, index.tail - 1); index.tail--) index.removed -= 1
}

const removeOwner = <O>(index: HistoryIndex<O>, { id, origin }: Owner<O>): void => {
  index.origins.delete(origin)
  index.owners[id] = undefined
  index.freeIds.push(id)
}

/** Removes the used front of an origin's positions, and its removed rows, once they are more than half of them. */
const tidy = <O>(index: HistoryIndex<O>, owner: Owner<O>): void => {
  const idle = owner.front + owner.removed
  if (idle <= 16 || idle * 2 <= owner.positions.length) return
  const used = owner.positions.slice(owner.front)
  owner.positions = owner.removed === 0 ? used : used.filter(position => !isRemoved(index, position))
  owner.front = 0
  owner.removed = 0
}

/** Removes the message at this index of its owner's positions, and an owner that has no more. */
export const removeMessage = <O>(index: HistoryIndex<O>, owner: Owner<O>, at: number): void => {
  const { positions } = owner
  removeRow(index, positions[at] ?? 0)
  owner.removed += 1
  for (; owner.front < positions.length && isRemoved(index, positions[owner.front] ?? 0); owner.front++)
    owner.removed -= 1
  for (; owner.front < positions.length && isRemoved(index, positions.at(-1) ?? 0); positions.pop()) owner.removed -= 1
  if (owner.front === positions.length) removeOwner(index, owner)
  else tidy(index, owner)
}

/** Removes an origin and all its messages. `each` sees the position of each message before it is removed. */
export const removeOrigin = <O>(index: HistoryIndex<O>, owner: Owner<O>, each: (position: number) => void): void => {
  for (let i = owner.front; i < owner.positions.length; i++) {
    const position = owner.positions[i] ?? 0
    if (isRemoved(index, position)) continue
    each(position)
    removeRow(index, position)
  }
  removeOwner(index, owner)
}

/** Copies the rows once more than half of them are removed, so that each removal costs amortized O(1). */
export const compact = <O>(index: HistoryIndex<O>): void => {
  if (index.removed <= 16 || index.removed <= index.messages) return
  let size = 16
  while (size < index.messages) size *= 2
  moveRows(index, size)
}
