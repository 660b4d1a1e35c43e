// What a receiver is handed narrows by its tag, and no case can be forgotten.
import { expectTypeOf } from 'expect-type'
import type {
  Connection,
  Delivery,
  Headers,
  Message,
  Notice,
  SenderNotice,
  SequencedNotice,
  Subscription,
} from '../../src/index.ts'
import { explain, publisher, subscribe } from '../../src/index.ts'

declare const nc: Connection

expectTypeOf(subscribe(nc, 'updates')).toEqualTypeOf<Subscription>()
expectTypeOf<Subscription>().toExtend<AsyncIterable<Delivery<Uint8Array>>>()
expectTypeOf<Subscription['closed']>().resolves.toEqualTypeOf<Error | undefined>()

type Tag = Delivery<unknown>['_tag']
expectTypeOf<Tag>().toEqualTypeOf<
  | 'Message'
  | 'Gap'
  | 'Lost'
  | 'Restarted'
  | 'Conflict'
  | 'Silent'
  | 'Resumed'
  | 'Ended'
  | 'Unsequenced'
  | 'Overflowed'
  | 'Mismatch'
  | 'StreamSilent'
  | 'Unverified'
  | 'NotPermitted'
>()

const never = (x: never): never => x

export const use = (d: Delivery<Uint8Array>): string => {
  // @ts-expect-error only messages have a payload
  d.data
  switch (d._tag) {
    case 'Message':
      expectTypeOf(d).toEqualTypeOf<Message<Uint8Array>>()
      expectTypeOf(d.data).toEqualTypeOf<Uint8Array>()
      expectTypeOf(d.number).toExtend<number>()
      expectTypeOf(d.headers).toEqualTypeOf<Headers | undefined>()
      expectTypeOf(d.reply).toEqualTypeOf<string | undefined>()
      expectTypeOf(d.verdict).toEqualTypeOf<'InOrder' | 'AfterGap' | 'Late' | 'Recovered' | 'Unchecked'>()
      // @ts-expect-error a delivery is not to be written to
      d.data = new Uint8Array(0)
      return d.origin
    case 'Gap':
      expectTypeOf(d.noticedBy).toEqualTypeOf<'Data' | 'Heartbeat' | 'Stream'>()
      return `${d.first} ${d.last}`
    case 'Lost':
      expectTypeOf(d.last).toExtend<number | undefined>()
      // @ts-expect-error how far it reaches may be unknown
      expectTypeOf(d.last).toExtend<number>()
      return d.reason
    case 'Restarted':
      return `${d.from} ${d.to} ${d.after} ${d.start}`
    case 'Conflict':
      return d.rival
    case 'Silent':
      expectTypeOf(d.promised).toEqualTypeOf<number | undefined>()
      return d.origin
    case 'Resumed':
      return d.origin
    case 'Ended':
      return `${d.last}`
    case 'Unsequenced':
      // @ts-expect-error it belongs to no sequence
      d.origin
      return d.subject
    case 'Overflowed':
      return `${d.count}`
    case 'Mismatch':
      expectTypeOf(d.expected).toEqualTypeOf<'single' | 'perSender'>()
      return d.origin
    case 'Unverified':
      return `${d.subject} ${d.count}`
    case 'StreamSilent':
      return d.streams.join()
    case 'NotPermitted':
      return d.rule
    default:
      return never(d)
  }
}

export const forgetful = (d: Delivery<Uint8Array>): string => {
  if (d._tag === 'Message' || d._tag === 'Unsequenced') return 'payload'
  expectTypeOf(d).toEqualTypeOf<Notice>()
  // @ts-expect-error there is more than loss
  if (d._tag !== 'Lost') return never(d)
  return explain(d)
}

// Every delivery and every notice has a sentence, whatever the payload.
expectTypeOf<Delivery<unknown> | SenderNotice | SequencedNotice>().toExtend<Parameters<typeof explain>[0]>()
expectTypeOf(explain).returns.toEqualTypeOf<string>()

for await (const notice of publisher(nc, 'updates').notices()) expectTypeOf(notice).toEqualTypeOf<SenderNotice>()
