// Inputs for decoders: real traffic, changed a little or a lot. Plain random bytes rarely get past the first check.
import fc from 'fast-check'

const encoder = new TextEncoder()

/** What the grammars consist of, numbers near their limits, and what parsers stumble over. */
const words: ReadonlyArray<string> = [
  ...[
    '.',
    '*',
    '>',
    '@',
    ':',
    '/',
    ' ',
    '\r\n',
    '\r\n\r\n',
    '\n',
    '\r',
    '\u0000',
    '\u001b[2J',
    '\ufeff',
    '\u202e',
    'é',
    '😀',
  ],
  ...['"', '\\', '\\u0000', '\\ud800', '{', '}', '[', ']', ',', 'null', 'true', '-', '{"', '":', '__proto__'],
  ...[
    '0',
    '-0',
    '1',
    '00',
    '9007199254740991',
    '9007199254740992',
    '18446744073709551616',
    '1e3',
    '1e999',
    '0x1',
    '-1',
  ],
  ...['@k3v9x0a1bz', '@0000000000', '_INBOX.a', '_R_.a.b', '_GR_.a.b.', '$GR.a.', '_SEQ.HB.', 'updates', 'updates.1'],
  ...[
    'NATS/1.0',
    'NATS/1.0 503\r\n',
    ' 410 Gone',
    'Nats-Subject: updates.2\r\n',
    'Seq-Part: 1/1\r\n',
    'Seq-Headers: 0\r\n',
  ],
  ...['Seq-Bundle: 2\r\n', 'Seq-Last: 3\r\n', 'Nats-Sequence: 4\r\n', 'My Key: v\r\n', ':\r\n', 'a:b\r\n'],
]

/** Bytes that are not UTF-8: a lone continuation, a cut sequence, an encoded surrogate, an overlong zero. */
const notText: ReadonlyArray<ReadonlyArray<number>> = [[0x80], [0xf0, 0x9f], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xff]]

const piece: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...words).map(w => encoder.encode(w)) },
  { weight: 1, arbitrary: fc.constantFrom(...notText).map(b => Uint8Array.from(b)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 5 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('[', '{"a":', 'a', '9', 'a.', '\r\n', 'k: v\r\n'), fc.nat(2000))
      .map(([text, times]) => encoder.encode(text.repeat(times))),
  },
)

const join = (...parts: ReadonlyArray<Uint8Array>): Uint8Array => Uint8Array.from(parts.flatMap(p => [...p]))

type Change = (before: Uint8Array) => Uint8Array

/** A place in bytes of any length, as a fraction. */
const place = fc.nat(1000)
const at = (bytes: Uint8Array, fraction: number): number => Math.floor((bytes.length * fraction) / 1000)

const changeOf = (examples: ReadonlyArray<Uint8Array>): fc.Arbitrary<Change> =>
  fc.oneof(
    fc.tuple(place, place, piece).map(
      ([from, size, p]): Change =>
        b => {
          const start = at(b, from)
          return join(b.subarray(0, start), p, b.subarray(start + Math.min(size % 8, b.length)))
        },
    ),
    fc.tuple(place, fc.integer({ min: 0, max: 255 })).map(
      ([where, value]): Change =>
        b => {
          const copy = Uint8Array.from(b)
          if (copy.length > 0) copy[Math.min(at(b, where), copy.length - 1)] = value
          return copy
        },
    ),
    fc.tuple(place, place).map(
      ([from, to]): Change =>
        b =>
          join(b.subarray(0, at(b, from)), b.subarray(at(b, to))),
    ),
    fc.tuple(place, place, fc.integer({ min: 2, max: 20 })).map(
      ([from, to, times]): Change =>
        b => {
          const slice = b.subarray(at(b, from), at(b, to)).subarray(0, 400)
          return join(b.subarray(0, at(b, from)), ...Array.from({ length: times }, () => slice), b.subarray(at(b, to)))
        },
    ),
    fc.tuple(fc.constantFrom(...examples), place, place).map(
      ([other, from, to]): Change =>
        b =>
          join(b.subarray(0, at(b, from)), other.subarray(at(other, to))),
    ),
  )

/** The examples themselves, the examples with changes, and bytes of no sense. */
export const inputsLike = (texts: ReadonlyArray<string | Uint8Array>): fc.Arbitrary<Uint8Array> => {
  const examples = texts.map(t => (typeof t === 'string' ? encoder.encode(t) : t))
  return fc.oneof(
    {
      weight: 12,
      arbitrary: fc
        .tuple(fc.constantFrom(...examples), fc.array(changeOf(examples), { maxLength: 4 }))
        .map(([example, changes]) => changes.reduce((bytes, change) => change(bytes), example)),
    },
    { weight: 2, arbitrary: fc.array(piece, { maxLength: 8 }).map(pieces => join(...pieces)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }) },
  )
}
