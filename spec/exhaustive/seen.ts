// The visited worlds: 64 bits of each, in a growing table.

export interface Seen {
  readonly size: () => number
  /** False if it was added before. */
  readonly add: (key: string) => boolean
}

/** Two hashes of 32 bits. */
const hash = (key: string): readonly [number, number] => {
  let a = 0x9e3779b9
  let b = 0x85ebca6b
  for (let i = 0; i < key.length; i++) {
    const c = key.charCodeAt(i)
    a = Math.imul(a ^ c, 0x01000193)
    b = Math.imul(b ^ c, 0xcc9e2d51)
    b = (b << 13) | (b >>> 19)
  }
  a ^= b >>> 15
  a = Math.imul(a ^ (a >>> 16), 0x7feb352d)
  b = Math.imul(b ^ (b >>> 15), 0x846ca68b)
  return [(a ^ (a >>> 15)) >>> 0, ((b ^ (b >>> 16)) | 1) >>> 0]
}

export const seenNone = (): Seen => {
  // An empty slot is two zeros. The second half of a hash is never 0.
  let places = new Uint32Array(2 ** 13)
  let size = 0
  const put = (a: number, b: number): boolean => {
    const mask = places.length / 2 - 1
    for (let i = a & mask; ; i = (i + 1) & mask) {
      if (places[2 * i + 1] === 0) {
        places[2 * i] = a
        places[2 * i + 1] = b
        return true
      }
      if (places[2 * i] === a && places[2 * i + 1] === b) return false
    }
  }
  const grow = (): void => {
    const old = places
    places = new Uint32Array(old.length * 2)
    for (let i = 0; i < old.length; i += 2) if (old[i + 1] !== 0) put(old[i] ?? 0, old[i + 1] ?? 0)
  }
  return {
    size: () => size,
    add: key => {
      const [a, b] = hash(key)
      if (!put(a, b)) return false
      size += 1
      if (size * 3 > places.length) grow()
      return true
    },
  }
}
