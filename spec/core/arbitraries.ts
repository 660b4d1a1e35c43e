// Generators for the specs of the core. They prefer digits, dots, `@` and wildcards: plain strings rarely reach an
// accepting branch.
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import type { Address } from '../../src/core/protocol/Address.ts'
import * as Epoch from '../../src/core/protocol/Epoch.ts'
import type { Head } from '../../src/core/protocol/Head.ts'
import * as Origin from '../../src/core/protocol/Origin.ts'
import * as SequenceNumber from '../../src/core/protocol/SequenceNumber.ts'
import * as Subject from '../../src/core/protocol/Subject.ts'

/** The value of a `Right`. A `Left` fails the test with its value. */
export const valid = <L, A>(e: E.Either<L, A>): A => {
  if (E.isRight(e)) return e.right
  throw new Error(`unexpectedly refused: ${JSON.stringify(e.left)}`)
}

/** Strings over a fixed alphabet. */
const stringOf = (alphabet: string, minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength })

/** Any Unicode string. (`unit: 'binary'` is equivalent, and spends a second on a table of all characters.) */
const character: fc.Arbitrary<string> = fc
  .oneof(fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map(code => String.fromCodePoint(code))

/** Small numbers, any number, and numbers near the limits of a double. */
export const number: fc.Arbitrary<SequenceNumber.SequenceNumber> = fc
  .oneof(
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    fc.nat(20).map(n => Number.MAX_SAFE_INTEGER - n),
    fc.nat(15).map(digits => 10 ** digits),
  )
  .map(SequenceNumber.nearest)

/** Sequence number tokens, and strings that are nearly one. */
export const numberLike: fc.Arbitrary<string> = fc.oneof(
  number.map(SequenceNumber.format),
  fc.bigInt({ min: 2n ** 53n - 40n, max: 2n ** 53n + 40n }).map(String),
  stringOf('0123456789', 0, 20),
  stringOf('0019', 1, 4),
  stringOf('0123456789+-eE.xob_ n', 1, 6),
  fc.double().map(String),
  fc.string({ unit: character, maxLength: 3 }),
)

const base36 = '0123456789abcdefghijklmnopqrstuvwxyz'

export const epoch: fc.Arbitrary<Epoch.Epoch> = stringOf(base36, 10, 10).map(s => valid(Epoch.parse(`@${s}`)))

const printable = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).filter(c => !'.*>'.includes(c))

const plainToken: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('updates', 'prices', 'a', 'b', 'HB', '_SEQ'),
  stringOf('0123456789', 1, 4),
  stringOf('@0a-_$', 1, 4),
  stringOf(printable.join(''), 1, 12),
)

export const token: fc.Arbitrary<Subject.Token> = fc
  .oneof({ arbitrary: plainToken, weight: 5 }, { arbitrary: epoch, weight: 1 })
  .map(s => valid(Subject.parseToken(s)))

export const subject: fc.Arbitrary<Subject.Subject> = fc
  .array(token, { minLength: 1, maxLength: 5 })
  .map(tokens => valid(Subject.parse(tokens.join('.'))))

export const filter: fc.Arbitrary<Subject.Filter> = fc
  .tuple(
    fc.array(fc.oneof(fc.constantFrom('a', 'b', '*'), token), { maxLength: 4 }),
    fc.oneof(fc.constantFrom('a', '*', '>'), token),
  )
  .map(([tokens, last]) => valid(Subject.parseFilter([...tokens, last].join('.'))))

/** Few words, so that an independent filter and subject often match. */
export const crossing: fc.Arbitrary<readonly [Subject.Filter, Subject.Subject]> = fc
  .tuple(
    fc.array(fc.constantFrom('a', 'b', '*', '*'), { maxLength: 3 }),
    fc.constantFrom('a', '*', '>', '>'),
    fc.array(fc.constantFrom('a', 'b', '7', '@0000000000'), { minLength: 1, maxLength: 5 }),
  )
  .map(([tokens, last, words]) => [
    valid(Subject.parseFilter([...tokens, last].join('.'))),
    valid(Subject.parse(words.join('.'))),
  ])

/** Independent definition of NATS matching: `*` is one token, `>` is one or more. */
export const covers = (pattern: string, wire: string): boolean => {
  const escaped = pattern.replace(/[\\^$+?()[\]{}|/.-]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll('*', '[^.]+').replace(/>$/, '.+')}$`).test(wire)
}

/** Subjects, filters and addresses, and strings that are nearly one. */
export const subjectLike: fc.Arbitrary<string> = fc.oneof(
  subject,
  filter,
  stringOf('..a1@*>', 0, 8),
  stringOf('.a1 \t\u0000\u007fä', 0, 6),
  fc
    .array(fc.oneof(plainToken, epoch, numberLike, fc.constantFrom('', '*', '>', '@', '@000000000', '@000000000A')), {
      maxLength: 6,
    })
    .map(tokens => tokens.join('.')),
  fc.string({ unit: character }),
)

/** Origins of either addressing, and strings that are nearly one. */
export const originLike: fc.Arbitrary<string> = fc.oneof(
  subjectLike,
  fc.tuple(subjectLike, fc.oneof(token, subjectLike), epoch).map(parts => parts.join('.')),
)

export const addressing: fc.Arbitrary<Origin.Addressing> = fc.constantFrom('single', 'perSender')

const sender: fc.Arbitrary<Subject.Token> = token.filter(s => !s.startsWith('@'))

export const originOf = (spelled: Origin.Addressing): fc.Arbitrary<Origin.Origin> =>
  spelled === 'perSender'
    ? fc
        .record({ subject, sender, epoch })
        .map(o => valid(Origin.perSender(o.subject, { sender: o.sender, epoch: o.epoch })))
    : subject.map(Origin.single).filter(E.isRight).map(valid)

export const addressOf = (spelled: Origin.Addressing): fc.Arbitrary<Address> =>
  fc.record({ origin: originOf(spelled), number })

/** An origin and its addressing. */
export const spelledOrigin: fc.Arbitrary<readonly [Origin.Addressing, Origin.Origin]> = addressing.chain(spelled =>
  originOf(spelled).map(origin => [spelled, origin] as const),
)

const ms = fc.oneof(fc.nat(10_000), fc.double({ min: Number.MIN_VALUE, noNaN: true, noDefaultInfinity: true }))

export const head: fc.Arbitrary<Head> = number
  .chain(start => fc.tuple(fc.constant(start), fc.integer({ min: start - 1, max: Number.MAX_SAFE_INTEGER })))
  .chain(([start, newest]) =>
    fc.record(
      {
        v: fc.constant(1 as const),
        epoch,
        start: fc.constant(start),
        first: fc.oneof(fc.constant(newest + 1), fc.integer({ min: start, max: Math.max(start, newest) })),
        head: fc.constant(newest),
        age: ms,
        after: ms,
        max: ms,
        state: fc.constantFrom('live', 'ended'),
        prev: epoch,
      },
      { requiredKeys: ['v', 'epoch', 'start', 'first', 'head', 'age', 'after', 'max', 'state'] },
    ),
  )
