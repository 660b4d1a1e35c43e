/**
 * Lets a hostile sender send beside honest ones, in each way that is known, and prints what the honest ones notice:
 *
 *     npm run -s hostile 1,000,000 messages of each kind
 *     npm run -s hostile -- --messages 20000 --rate 2000 --only 'gap' --client v3
 *
 * Then clients flood a sender with requests, in the name of one victim, of many receivers, or of made-up inboxes.
 *
 * A million messages take 17 minutes for each kind. `honest`, `late`: messages delivered of those that were sent, by a
 * sender that was there before and one that joins halfway. The exit code is 1 if a message of theirs is missing. `over`:
 * the bounds that were not kept, a p99 of twice the undisturbed one and a stall of 50 ms. `plain`: what the same messages
 * do to a client that reads them without this library, with at most 10 s of them.
 */
import { parseArgs } from 'node:util'
import { kinds } from '../nats/kinds.ts'
import { startNatsServer } from '../server/natsServer.ts'
import type { HostileKind } from './kinds.ts'
import { calm, hostileKinds } from './kinds.ts'
import { headFlood, replayFlood, replies } from './requests.ts'
import type { Outcome } from './trial.ts'
import { plain, startSenders, trial } from './trial.ts'

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    rate: { type: 'string', default: '1000' },
    client: { type: 'string', default: 'nats' },
    only: { type: 'string', default: '' },
  },
})

const name = values.client === 'v3' ? '@nats-io/transport-node' : values.client
const client = kinds.find(k => k.name === name)
if (client === undefined) throw new Error(`Unknown client "${values.client}". Valid clients: nats, v3.`)
const size = { messages: Number(values.messages), rate: Number(values.rate) }

/** The outcomes of a receiver, and of a client without this library. */
interface Pair {
  readonly own: Outcome
  readonly plain: Outcome
}

/** Which of the two bounds were not kept. */
const overOf = (o: Outcome, undisturbed: Outcome): string => {
  const over = [...(o.p99 > 2 * undisturbed.p99 ? ['p99'] : []), ...(o.stall > 50 ? ['stall'] : [])]
  return (over.length === 0 ? 'within bounds' : `over: ${over.join(', ')}`).padEnd(16)
}

const rowOf = (what: string, { own: o, plain: p }: Pair, undisturbed: Pair): string => {
  const of = (i: number): string => `${o.delivered[i] ?? 0}/${o.sent[i] ?? 0}`
  return [
    what.padEnd(50),
    overOf(o, undisturbed.own),
    `honest ${of(0)}, lost ${o.lost[0]}`,
    `late ${of(1)}, lost ${o.lost[1]}`,
    `p50 ${o.median.toFixed(1)} ms, p99 ${undisturbed.own.p99.toFixed(1)} -> ${o.p99.toFixed(1)} ms`,
    `stall ${o.stall.toFixed(0)} ms`,
    `plain p99 ${undisturbed.plain.p99.toFixed(1)} -> ${p.p99.toFixed(1)} ms, stall ${p.stall.toFixed(0)} ms`,
    `CPU per message ${o.cpu.toFixed(0)} µs, plain ${p.cpu.toFixed(0)} µs`,
    `memory ${(o.growth / 1e6).toFixed(1)} MB`,
    JSON.stringify(o.notices),
  ].join('  ')
}

const senders = await startSenders(client)

const pairOf = async (kind: HostileKind, messages: number): Promise<Pair> => ({
  own: await trial(senders, kind, { messages, rate: size.rate }),
  plain: await trial(senders, kind, { messages: Math.min(messages, 10 * size.rate), rate: size.rate }, plain),
})

// The first messages of a process take longer.
await pairOf(calm, 3 * size.rate)
const quiet = await pairOf(calm, 10 * size.rate)
console.log(rowOf(calm.name, quiet, quiet))
for (const kind of hostileKinds) {
  if (!new RegExp(values.only).test(kind.name)) continue
  const pair = await pairOf(kind, size.messages)
  console.log(rowOf(kind.name, pair, quiet))
  if (pair.own.sent.some((sent, i) => pair.own.delivered[i] !== sent)) process.exitCode = 1
}
await senders.close()

const server = await startNatsServer()
for (const [what, flood, requests] of [
  ['20 requests for the heads of 10,000 subjects', headFlood, 20],
  ['3,600 replay requests for a large range', replayFlood, 3600],
] as const)
  for (const [whose, reply] of Object.entries(replies)) {
    if (!new RegExp(values.only).test(`${what}, ${whose}`)) continue
    const f = await flood(server.port, requests, { reply })
    console.log(
      `${`${what}, ${whose}`.padEnd(58)}  ${f.answers} answers, ${(f.bytes / 1e6).toFixed(1)} MB in ${f.ms.toFixed(0)} ms, honest: lost ${f.lost}, waited ${f.longestWait.toFixed(0)} ms`,
    )
  }
await server.stop()
