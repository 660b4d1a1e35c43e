// A parser for the server's side of the NATS protocol. Pure: chunks in, whole messages out.

export type Delivery = {
  readonly subject: string
  readonly sid: string
  /** `''` if absent, as in nats.js. */
  readonly reply: string
  /** Without headers. A view of the chunk, not a copy. */
  readonly payload: Uint8Array
  /** The length of headers and payload, as in MSG and HMSG. */
  readonly size: number
}

/** One whole protocol message: `bytes[from..to)`. */
export type Piece = { readonly from: number; readonly to: number } & (
  | { readonly _tag: 'Delivery'; readonly delivery: Delivery }
  | { readonly _tag: 'Info' }
  | { readonly _tag: 'Other' }
)

/** The start of an incomplete message: `have` bytes in `parts` of the `need` bytes. */
export type Rest = { readonly parts: ReadonlyArray<Buffer>; readonly have: number; readonly need: number }

export type Fed = {
  /** Whole messages only, in order; `pieces` holds all of them. */
  readonly bytes: Buffer
  readonly pieces: ReadonlyArray<Piece>
  readonly rest: Rest
}

export const nothing: Rest = { parts: [], have: 0, need: 1 }

const newline = 10
const lineEnd = 2

const count = (token: string | undefined): number => (/^\d+$/.test(token ?? '') ? Number(token) : Number.NaN)

type Incomplete = { readonly _tag: 'Incomplete'; readonly need: number }

const pieceAt = (bytes: Buffer, from: number): Piece | Incomplete => {
  const eol = bytes.indexOf(newline, from)
  if (eol < 0) return { _tag: 'Incomplete', need: bytes.length - from + 1 }
  const body = eol + 1
  const line = bytes.toString('utf8', from, body - lineEnd)
  // [H]MSG subject sid [reply] [size of headers] size
  const tokens = line.split(' ')
  const [verb, subject = '', sid = '', reply = ''] = tokens
  if (verb === 'INFO') return { _tag: 'Info', from, to: body }
  if (verb !== 'MSG' && verb !== 'HMSG') return { _tag: 'Other', from, to: body }

  const names = tokens.length - (verb === 'MSG' ? 1 : 2)
  const size = count(tokens.at(-1))
  const headers = verb === 'MSG' ? 0 : count(tokens.at(-2))
  // Also false if one of them is not a number.
  if (!(names >= 3 && names <= 4 && headers <= size)) throw new Error(`not what a nats-server says: ${line}`)
  const to = body + size + lineEnd
  if (to > bytes.length) return { _tag: 'Incomplete', need: to - from }
  const payload = bytes.subarray(body + headers, body + size)
  const delivery = { subject, sid, reply: names === 4 ? reply : '', payload, size }
  return { _tag: 'Delivery', from, to, delivery }
}

/** Continues after `rest`. The messages do not depend on how the stream is split into chunks. */
export const feed = (rest: Rest, chunk: Buffer): Fed => {
  const parts = [...rest.parts, chunk]
  const have = rest.have + chunk.length
  // A large payload is joined once, when it is complete, not for every chunk.
  if (have < rest.need) return { bytes: Buffer.alloc(0), pieces: [], rest: { parts, have, need: rest.need } }

  const bytes = rest.have === 0 ? chunk : Buffer.concat(parts)
  const pieces: Array<Piece> = []
  let from = 0
  let need = 1
  while (from < bytes.length) {
    const piece = pieceAt(bytes, from)
    if (piece._tag === 'Incomplete') {
      need = piece.need
      break
    }
    pieces.push(piece)
    from = piece.to
  }
  const tail = bytes.subarray(from)
  return { bytes: bytes.subarray(0, from), pieces, rest: { parts: [tail], have: tail.length, need } }
}
