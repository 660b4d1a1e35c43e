// What stays in memory: a message in the history, and an idle origin in a receiver. In bytes.
import * as Epoch from '../../src/core/protocol/Epoch.ts'
import * as Origin from '../../src/core/protocol/Origin.ts'
import * as SequenceNumber from '../../src/core/protocol/SequenceNumber.ts'
import * as Subject from '../../src/core/protocol/Subject.ts'
import * as Receiver from '../../src/core/receiver/Receiver.ts'
import * as History from '../../src/core/sender/History.ts'
import { valid } from '../core/arbitraries.ts'
import { bytesInUse } from '../leaks/heap.ts'
import type { Outcome, Part, Stage } from './Part.ts'

/** Above the payload, with a full history. */
const perMessage = async (bytes: number): Promise<number> => {
  const messages = History.defaultLimits.messages
  const before = await bytesInUse()
  const history = History.create({ ...History.defaultLimits, bytes: Number.POSITIVE_INFINITY })
  const payload = new Uint8Array(bytes)
  for (let n = 1; n <= messages; n++) {
    const data = History.copy(history, payload)
    History.keep(history, 'updates', n, { data, headers: undefined, reply: undefined }, 0)
  }
  const used = (await bytesInUse()) - before
  return used / history.messages - bytes
}

/** Of origins that have sent a message and are idle. */
const perOrigin = async (origins: number): Promise<number> => {
  const names = Array.from({ length: origins }, (_, i) => valid(Origin.single(valid(Subject.parse(`s${i}`)))))
  const epoch = valid(Epoch.parse('@0000000001'))
  const before = await bytesInUse()
  let receiver = Receiver.create<Uint8Array>({ maxOrigins: origins })
  const step = (event: Receiver.Event<Uint8Array>): void => {
    receiver = Receiver.step(event)(receiver)[1]
  }
  step({ _tag: 'Started', now: 0 })
  const said = { v: 1, epoch, start: SequenceNumber.first, first: 1, head: 1, age: 10, after: 50, max: 5000 } as const
  for (const origin of names)
    step({ _tag: 'HeadAnswered', now: 1, requestId: 1, origin, head: { ...said, state: 'live' } })
  const used = (await bytesInUse()) - before
  if (receiver.table.origins?.size !== origins) throw new Error('not all origins are followed')
  return used / origins
}

const measure = async ({ options }: Stage): Promise<Outcome> => {
  const bytes = options.bytes?.[0] ?? 128
  const [ofMessage, ofOrigin] = [await perMessage(bytes), await perOrigin(100_000)]
  return {
    tables: [
      {
        title: 'memory',
        rows: [
          { what: `a message in a full history, above its payload of ${bytes} bytes`, bytes: Math.round(ofMessage) },
          { what: 'an idle origin in a receiver of 100,000', bytes: Math.round(ofOrigin) },
        ],
      },
    ],
    figures: { 'history: bytes per message': ofMessage, 'receiver: bytes per idle origin': ofOrigin },
  }
}

export const memory: Part = { name: 'memory', perClient: false, byDefault: 'always', measure }
