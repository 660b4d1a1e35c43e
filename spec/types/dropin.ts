// A sequenced connection is of the client's own type, of either client; what can't be does not compile.
import type { NatsConnection as Nats3 } from '@nats-io/nats-core'
import type { NatsConnection as NatsNode3 } from '@nats-io/transport-node'
import { expectTypeOf } from 'expect-type'
import type { Msg as Msg2, NatsConnection as Nats2, Subscription as Subscription2 } from 'nats'
import type { Client, Sequence, SequencedNotice } from '../../src/index.ts'
import { explain, notices, sequenced, sequenceOf } from '../../src/index.ts'

declare const plain2: Nats2
declare const plain3: Nats3
declare const plainNode3: NatsNode3

const nc2 = sequenced(plain2, { subjects: ['updates'] })
const nc3 = sequenced(plain3, { subjects: ['updates'] })
expectTypeOf(nc2).toEqualTypeOf<Nats2>()
expectTypeOf(nc3).toEqualTypeOf<Nats3>()
expectTypeOf(sequenced(plainNode3, { subjects: ['updates'] })).toEqualTypeOf<NatsNode3>()
expectTypeOf<Nats2>().toExtend<Client>()
expectTypeOf<Nats3>().toExtend<Client>()

// Its members are those of the client.
expectTypeOf(nc2.subscribe('updates')).toEqualTypeOf<Subscription2>()
expectTypeOf(nc2.jetstream).toEqualTypeOf<Nats2['jetstream']>()
expectTypeOf(nc3.setServers).toEqualTypeOf<Nats3['setServers']>()

// A type that extends the client's is kept.
interface Mine extends Nats2 {
  readonly mine: string
}
declare const mine: Mine
expectTypeOf(sequenced(mine, { subjects: ['updates'] })).toEqualTypeOf<Mine>()

for await (const m of nc2.subscribe('updates')) {
  expectTypeOf(m).toEqualTypeOf<Msg2>()
  expectTypeOf(sequenceOf(m)).toEqualTypeOf<Sequence | undefined>()
}

for await (const n of notices(nc3)) {
  expectTypeOf(n).toEqualTypeOf<SequencedNotice>()
  expectTypeOf(explain(n)).toEqualTypeOf<string>()
  if (n.side === 'Sender') {
    // @ts-expect-error a sender knows nothing of gaps
    if (n.notice._tag === 'Gap') throw new Error()
    if (n.notice._tag === 'SenderConflict') expectTypeOf(n.notice.rival).toExtend<string>()
  } else if (n.notice._tag === 'Lost') expectTypeOf(n.notice.first).toExtend<number>()
}

sequenced(plain2, { subjects: ['updates', 'prices.>'], addressing: 'perSender', sender: 'alice', prefix: '_SEQ' })
sequenced(plain2, { subjects: ['updates'], mode: 'arrival', gapTimeout: 100, history: { messages: 10 }, from: 'clock' })
sequenced(plain2, { subjects: ['updates'], onNotice: n => n.side })
sequenced(plain2, { subjects: ['updates'], assumeNumbered: true, inboxes: ['_INBOX_alice'] })
const fixed = ['updates'] as const
sequenced(plain2, { subjects: fixed })

// @ts-expect-error what is numbered must be said
sequenced(plain2, {})
// @ts-expect-error options are needed
sequenced(plain2)
// @ts-expect-error subjects are a list
sequenced(plain2, { subjects: 'updates' })
// @ts-expect-error subjects are text
sequenced(plain2, { subjects: [5] })
// @ts-expect-error there is no such option
sequenced(plain2, { subjects: ['updates'], queue: 'workers' })
// @ts-expect-error there are two addressings
sequenced(plain2, { subjects: ['updates'], addressing: 'both' })
// @ts-expect-error where a subscriber starts can't be said for all of a connection
sequenced(plain2, { subjects: ['updates'], start: 'all' })
// @ts-expect-error it takes acceptUnnumbered messages anyway
sequenced(plain2, { subjects: ['updates'], acceptUnnumbered: true })
// @ts-expect-error a limit is a number
sequenced(plain2, { subjects: ['updates'], history: { messages: '10' } })
// @ts-expect-error a handler takes notices
sequenced(plain2, { subjects: ['updates'], onNotice: (n: string) => n })
// @ts-expect-error a connection is needed
sequenced({}, { subjects: ['updates'] })
// @ts-expect-error a connection is needed
notices({})
// @ts-expect-error a message is an object
sequenceOf('updates')
