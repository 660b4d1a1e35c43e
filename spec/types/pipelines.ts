// The forms that compose: what can go wrong is a precise union, and types are inferred through whole pipelines.
import { expectTypeOf } from 'expect-type'
import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import { flow, pipe } from 'fp-ts/lib/function.js'
import type { IOEither } from 'fp-ts/lib/IOEither.js'
import * as IOE from 'fp-ts/lib/IOEither.js'
import * as J from 'fp-ts/lib/Json.js'
import * as RTE from 'fp-ts/lib/ReaderTaskEither.js'
import * as S from 'fp-ts/lib/State.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import * as t from 'io-ts'
import {
  Address,
  type Cases,
  ControlSubject,
  checkCapture,
  Delivery,
  Head,
  match,
  Origin,
  OutgoingMessage,
  Positions,
  Receiver,
  SequenceNumber,
  Subject,
} from '../../src/core/index.ts'
import type { LossReason } from '../../src/core/receiver/Delivery.ts'
import type { PublishError, ReplayError, Replayed } from '../../src/fp.ts'
import { publishWith, replay, replayRange, tryPublish } from '../../src/fp.ts'
import type { Connection, Notice, Publisher } from '../../src/index.ts'

declare const nc: Connection
declare const updates: Publisher
declare const prefix: ControlSubject.Prefix
type Number = SequenceNumber.SequenceNumber

// --- publishing

const send = flow(OutgoingMessage.of<number>, OutgoingMessage.map(String), tryPublish(updates))
expectTypeOf(send).toEqualTypeOf<(data: number) => IOEither<PublishError, Number>>()
expectTypeOf<PublishError['_tag']>().toEqualTypeOf<
  | 'Closed'
  | 'Exhausted'
  | 'BadSubject'
  | 'BadPayload'
  | 'BadHeaders'
  | 'StatusInHeaders'
  | 'PayloadTooLarge'
  | 'HistoryFull'
  | 'NotReserved'
  | 'ClientError'
>()
expectTypeOf(
  pipe(
    send(1),
    IOE.map(n => n + 1),
  ),
).toEqualTypeOf<IOEither<PublishError, number>>()

const later = publishWith(OutgoingMessage.of('hello'))
expectTypeOf(later).parameter(0).toEqualTypeOf<Publisher>()
type Later = typeof later extends RTE.ReaderTaskEither<Publisher, infer Err, Number> ? Err : never
expectTypeOf<Later['_tag']>().toEqualTypeOf<Exclude<PublishError['_tag'], 'HistoryFull' | 'NotReserved'>>()
pipe(
  later,
  RTE.chain(n => publishWith(OutgoingMessage.of(`after ${n}`))),
  RTE.mapLeft(e => e._tag),
)

// @ts-expect-error a number is not a payload
flow(OutgoingMessage.of<number>, tryPublish(updates))
// @ts-expect-error the payload is not given alone
tryPublish(updates)('hello')
// @ts-expect-error headers are a header object
OutgoingMessage.withHeaders({ a: 'b' })
// @ts-expect-error what goes out is not to be written to
OutgoingMessage.of('a').data = 'b'
const lengthOf = OutgoingMessage.map((s: string) => s.length)
// @ts-expect-error the stage before gives numbers, and this one takes strings
flow(OutgoingMessage.of<number>, lengthOf)
// @ts-expect-error the codec encodes something else
pipe(OutgoingMessage.of(1), OutgoingMessage.encode(t.string))
declare const never: Later
// @ts-expect-error room is waited for
expectTypeOf(never._tag === 'HistoryFull')
// @ts-expect-error not all that can go wrong is dealt with
match<PublishError, string>({ Closed: () => 'closed' })
// @ts-expect-error a history that is full has no cause
match<PublishError, unknown>({ HistoryFull: e => e.cause })

// --- replay

expectTypeOf(replay(nc)).toEqualTypeOf<(address: Address.Address) => TE.TaskEither<ReplayError, Replayed>>()
expectTypeOf<ReplayError['_tag']>().toEqualTypeOf<
  'NotSentYet' | 'Gone' | 'Refused' | 'NotPermitted' | 'NoResponders' | 'TimedOut' | 'ClientError'
>()
expectTypeOf(flow(Address.parse('single'), TE.fromEither, TE.chainW(replay(nc)))).returns.toEqualTypeOf<
  TE.TaskEither<Address.AddressError | ReplayError, Replayed>
>()
// @ts-expect-error an address has an origin, not its name
replay(nc)({ origin: 'updates', number: SequenceNumber.first })
// @ts-expect-error any number is not a number of messages
replayRange(nc)({ origin: Origin.single, first: 1, last: 2 })
expectTypeOf<Cases<ReplayError, number>>().toHaveProperty('Gone')
// @ts-expect-error only what is not to be had has numbers
match<ReplayError, unknown>({ TimedOut: e => e.first })
// @ts-expect-error there is no such option
replay(nc, { gapTimeout: 5 })

// --- coming in

const Price = t.strict({ price: t.number })
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const receive = flow(Delivery.map(text), Delivery.traverseEither(J.parse), E.map(Delivery.map(Price.decode)))
expectTypeOf(receive).parameter(0).toEqualTypeOf<Delivery.Delivery<Uint8Array>>()
expectTypeOf(receive).returns.toEqualTypeOf<Either<unknown, Delivery.Delivery<t.Validation<{ price: number }>>>>()
declare const d: Delivery.Delivery<string>
if (Delivery.isMessage(d)) expectTypeOf(d.data).toEqualTypeOf<string>()
if (Delivery.isLost(d)) expectTypeOf(d.reason).toEqualTypeOf<LossReason>()
if (Delivery.isNotice(d)) expectTypeOf(d).toEqualTypeOf<Notice>()
const parsed = Delivery.traverseEither(J.parse)
declare const bytes: Delivery.Delivery<Uint8Array>
// @ts-expect-error what is parsed is text, and bytes are given
parsed(bytes)
// @ts-expect-error a case is forgotten
match<Delivery.Delivery<string>, string>({ Message: () => 'm', Gap: () => 'g' })

// --- the machine

expectTypeOf(Receiver.step<string>).returns.toEqualTypeOf<
  S.State<Receiver.Receiver<string>, ReadonlyArray<Receiver.Output<string>>>
>()
declare const events: ReadonlyArray<Receiver.Event<string>>
const outputs = pipe(S.traverseArray(Receiver.step<string>)(events), S.evaluate(Receiver.create<string>()))
expectTypeOf(outputs).toEqualTypeOf<ReadonlyArray<ReadonlyArray<Receiver.Output<string>>>>()
expectTypeOf(pipe(events, checkCapture, S.evaluate(Receiver.create()))).toEqualTypeOf<
  ReadonlyArray<Delivery.Delivery<string>>
>()
// @ts-expect-error time comes with each event
Receiver.step({ _tag: 'Started' })
// @ts-expect-error there is no such event
Receiver.step({ _tag: 'Stopped', now: 0 })
// @ts-expect-error there is no such option
Receiver.create({ patient: true })
// @ts-expect-error a shell that can't be woken
match<Receiver.Output<string>, void>({
  Deliver: () => {},
  RequestHead: () => {},
  RequestReplay: () => {},
  OriginStarted: () => {},
})
// @ts-expect-error not an event
checkCapture(['updates.1'])

// --- codecs

expectTypeOf(SequenceNumber.token).toEqualTypeOf<t.Type<Number, string, unknown>>()
expectTypeOf(Address.codec('single')).toEqualTypeOf<t.Type<Address.Address, string, unknown>>()
expectTypeOf(Origin.codec('single')).toEqualTypeOf<t.Type<Origin.Origin, string, unknown>>()
expectTypeOf(Head.body).toEqualTypeOf<t.Type<Head.Head, string, unknown>>()
expectTypeOf(Positions.text).toEqualTypeOf<t.Type<Positions.Positions, string, unknown>>()
expectTypeOf(ControlSubject.heartbeatCodec(prefix, 'single')).toEqualTypeOf<
  t.Type<ControlSubject.Newest, string, unknown>
>()
expectTypeOf(ControlSubject.replayCodec(prefix, 'single')).toEqualTypeOf<t.Type<Address.Address, string, unknown>>()
expectTypeOf(Subject.parse('updates')).toEqualTypeOf<Either<Subject.BadSubject, Subject.Subject>>()
// A subject is a filter, and the reverse is not so.
expectTypeOf<Subject.Subject>().toExtend<Subject.Filter>()
// @ts-expect-error a filter is not a subject
expectTypeOf<Subject.Filter>().toExtend<Subject.Subject>()
// @ts-expect-error a string is not a subject before it was read
Subject.matches('updates')
// @ts-expect-error any number is not a number of messages
SequenceNumber.format(1)
// @ts-expect-error two addressings, and no third
Address.parse('both')
