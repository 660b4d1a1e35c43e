/**
 * Kills the server many times during a stream of publishes, with either client, and prints the results:
 *
 *     npx tsx spec/nats/reconnectSoak.ts --kills 30
 *
 * `--kills` is per client, spread over the settings of the table. The exit code is 1 if a message was lost without a
 * report.
 */
import { parseArgs } from 'node:util'
import * as nats3 from '@nats-io/transport-node'
import * as nats2 from 'nats'
import type { Addressing } from '../../src/core/protocol/Origin.ts'
import type { Outcome, Soak } from './soak.ts'
import { soak } from './soak.ts'

const { values } = parseArgs({ options: { kills: { type: 'string', default: '30' } } })
const kills = Number(values.kills)
const quick = { reconnectTimeWait: 50, maxReconnectAttempts: -1, timeout: 1000 }

const clients: ReadonlyArray<{ readonly name: string; readonly connect: Soak['connect'] }> = [
  { name: 'nats 2.29', connect: options => nats2.connect({ ...quick, ...options }) },
  { name: '@nats-io 3', connect: options => nats3.connect({ ...quick, ...options }) },
]

/** A history that holds the messages of a minute, and one that is too small for one disconnect. */
const large = { messages: 2_000_000, bytes: 1024 * 1024 * 1024 }
const histories = [
  { name: 'large', limits: large, rates: [100, 2000, 20_000] },
  { name: 'small (300)', limits: { messages: 300 }, rates: [2000, 20_000] },
]
const addressings: ReadonlyArray<Addressing> = ['single', 'perSender']

const settings = histories.flatMap(h =>
  h.rates.flatMap(rate => addressings.map(addressing => ({ history: h, rate, addressing }))),
)

const sum = (ns: ReadonlyArray<number>): number => ns.reduce((a, b) => a + b, 0)

const verdict = (o: Outcome, isLarge: boolean): string => {
  if (o.wrong !== undefined) return o.wrong
  if (o.delivered + o.lost !== o.published) return 'a message is missing'
  if (isLarge && (o.lost > 0 || o.senderLost.length > 0)) return 'lost, though the history was large'
  return 'ok'
}

const rows: Array<Readonly<Record<string, string | number>>> = []
const total: Record<string, { kills: number; published: number; delivered: number; lost: number; resent: number }> = {}
let isGood = true
for (const { name, connect } of clients) {
  const sums = { kills: 0, published: 0, delivered: 0, lost: 0, resent: 0 }
  for (const [i, { history, rate, addressing }] of settings.entries()) {
    const share = Math.floor(kills / settings.length) + (i < kills % settings.length ? 1 : 0)
    if (share === 0) continue
    const o = await soak({ connect, addressing, rate, kills: share, history: history.limits, uptime: 400, hasty: true })
    const how = verdict(o, history.limits === large)
    isGood = isGood && how === 'ok'
    sums.kills += share
    sums.published += o.published
    sums.delivered += o.delivered
    sums.lost += o.lost
    sums.resent += o.resent
    rows.push({
      client: name,
      addressing,
      'msg/s': rate,
      history: history.name,
      kills: share,
      published: o.published,
      delivered: o.delivered,
      'reported lost': o.lost,
      'sender: resent': o.resent,
      'sender: lost': sum(o.senderLost.map(l => l.last - l.first + 1)),
      'refused (full)': o.thrown['HistoryFull'] ?? 0,
      verdict: how,
    })
    process.stderr.write(`${name} ${addressing} ${rate} ${history.name}: ${how}\n`)
    if (how !== 'ok') process.stderr.write(`${JSON.stringify(o)}\n`)
  }
  total[name] = sums
}
console.table(rows)
console.table(total)
process.exitCode = isGood ? 0 : 1
