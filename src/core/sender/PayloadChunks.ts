/**
 * The memory of the payloads that a history keeps. Small payloads are copied into chunks one after the other, because a
 * buffer of its own costs hundreds of bytes. A chunk stays in memory as long as one of its payloads is kept.
 */

/** The chunks of one history. Only these functions change it. */
export interface PayloadChunks {
  /** A large payload is a chunk of its own. */
  readonly list: Array<Uint8Array | undefined>
  /** The number of kept payloads in each chunk. */
  readonly kept: number[]
  /** Indexes of `list` that are free. */
  readonly free: number[]
  /** The chunk that is being filled: its index, its memory, and how many of its bytes are used. */
  current: number
  buffer: ArrayBuffer
  used: number
  /** The last copy. */
  copied: Uint8Array | undefined
  /** Where the last copy, or the last kept payload, begins in its chunk. */
  offset: number
}

export const chunkSize: number = 64 * 1024

export const create = (): PayloadChunks => ({
  list: [new Uint8Array(0)],
  kept: [0],
  free: [],
  current: 0,
  buffer: new ArrayBuffer(0),
  used: 0,
  copied: undefined,
  offset: 0,
})

const add = (c: PayloadChunks, bytes: Uint8Array): number => {
  const index = c.free.pop() ?? c.list.length
  c.list[index] = bytes
  c.kept[index] = 0
  return index
}

const freeIfUnused = (c: PayloadChunks, index: number): void => {
  if (c.kept[index] !== 0 || index === c.current) return
  c.list[index] = undefined
  c.free.push(index)
}

const isSmall = (bytes: Uint8Array): boolean => bytes.length * 4 <= chunkSize

/** Copies the bytes, so that the caller can't change them later. */
export const copy = (c: PayloadChunks, bytes: Uint8Array): Uint8Array => {
  // Not `slice`: the `slice` of a node Buffer does not copy.
  if (!isSmall(bytes)) return new Uint8Array(bytes)
  if (c.used + bytes.length > c.buffer.byteLength) {
    const full = c.current
    c.buffer = new ArrayBuffer(chunkSize)
    c.current = add(c, new Uint8Array(c.buffer))
    c.used = 0
    freeIfUnused(c, full)
  }
  // Neither `subarray` nor the property `buffer` of a view: each takes as long as the copy.
  const view = new Uint8Array(c.buffer, c.used, bytes.length)
  view.set(bytes)
  c.copied = view
  c.offset = c.used
  c.used += bytes.length
  return view
}

/** Keeps a payload. Returns the index of its chunk; `offset` is where it begins there. */
export const keep = (c: PayloadChunks, bytes: Uint8Array): number => {
  if (isSmall(bytes) && bytes !== c.copied) copy(c, bytes)
  if (!isSmall(bytes)) c.offset = 0
  const index = isSmall(bytes) ? c.current : add(c, bytes)
  c.kept[index] = (c.kept[index] ?? 0) + 1
  return index
}

/** True if other payloads may be in the same chunk. */
export const isShared = (c: PayloadChunks, index: number): boolean => c.list[index]?.length === chunkSize

export const get = (c: PayloadChunks, index: number, offset: number, length: number): Uint8Array => {
  const chunk = c.list[index] ?? new Uint8Array(0)
  return length === chunk.length ? chunk : chunk.subarray(offset, offset + length)
}

/** A payload in this chunk is not kept any more. */
export const release = (c: PayloadChunks, index: number): void => {
  c.kept[index] = (c.kept[index] ?? 0) - 1
  freeIfUnused(c, index)
}
