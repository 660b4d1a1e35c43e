// How soon the loss of a last message is noticed: the link drops it, and no later message shows the gap.
import { setTimeout as pause } from 'node:timers/promises'
import { publishers, subscribe } from '../../src/index.ts'
import { eventually } from '../server/eventually.ts'
import { drop, pass, startLossyLink } from '../server/lossyLink.ts'
import type { Outcome, Part, Row, Stage } from './Part.ts'
import { quantile, rounded } from './statistics.ts'

interface Phase {
  readonly figure: string
  readonly losses: number
  /** How many publishers send at the same moment. */
  readonly together: number
}

interface Times extends Phase {
  /** In ms, from `publish` to the notice of the gap. */
  readonly times: ReadonlyArray<number>
}

/** The heartbeats that follow a message at short intervals are over, and the next burst is allowed, in ms. */
const settling = 10_000

const tailLosses = async (
  { kind, server }: Stage,
  subjects: number,
  phases: ReadonlyArray<Phase>,
): Promise<ReadonlyArray<Times>> => {
  const link = await startLossyLink(server.port)
  const [sender, receiver] = [await kind.connect(server.url), await kind.connect(link.url)]
  try {
    /** The data subjects that the link drops, once each. */
    const lost = new Set<string>()
    link.setFate(({ subject }) => (lost.delete(subject) ? drop : pass))
    const publishedAt = new Map<string, number>()
    let times: Array<number> = []
    let joined = 0
    subscribe(receiver.nc, 'tail.*', {
      maxOrigins: subjects + 1,
      callback: d => {
        if (d._tag === 'Message') joined += 1
        if (d._tag === 'Gap') times.push(performance.now() - (publishedAt.get(d.origin) ?? Number.NaN))
      },
    })
    await receiver.nc.flush()
    const { publish } = publishers(sender.nc, 'tail.*')
    for (let i = 0; i < subjects; i++) publish(`tail.s${i}`, '')
    await eventually('all origins', () => joined >= subjects)
    await pause(settling)
    const numbers = new Map<string, number>()
    const send = (subject: string, isLost: boolean): void => {
      const number = (numbers.get(subject) ?? 1) + 1
      numbers.set(subject, number)
      if (isLost) lost.add(`${subject}.${number}`)
      publishedAt.set(subject, performance.now())
      publish(subject, '')
    }
    const results: Array<Times> = []
    for (const phase of phases) {
      times = []
      for (let i = 0; times.length < phase.losses; i++) {
        if (i > 0) await pause(phase.together > 1 ? settling : 20 + (i % 7))
        const before = times.length
        const senders = Array.from({ length: phase.together }, (_, k) => `tail.s${(i + k) % subjects}`)
        // Of many, each tenth is lost.
        const losers = new Set(senders.filter((_, k) => k % 10 === 0))
        for (const subject of senders) send(subject, losers.has(subject))
        await eventually('the notices of all losses', () => times.length >= before + losers.size)
        // The next number of each arrives, so that each loss is one of its own.
        for (const subject of losers) send(subject, false)
      }
      results.push({ ...phase, times })
    }
    return results
  } finally {
    await receiver.nc.close()
    await sender.nc.drain()
    await link.close()
  }
}

const measure = async (stage: Stage): Promise<Outcome> => {
  const { quick } = stage.options
  const losses = quick ? 40 : 300
  const many = 1000
  const ofOne = await tailLosses(stage, 1, [{ figure: 'tail: 1 publisher', together: 1, losses }])
  const ofMany = await tailLosses(stage, many, [
    { figure: 'tail: 1,000 publishers', together: 1, losses },
    { figure: 'tail: 1,000 publishers at once', together: many, losses: quick ? 1 : losses },
  ])
  const row =
    (publishers: number) =>
    ({ together, times }: Times): Row => ({
      'publishers on one connection': publishers,
      'send at the same moment': together,
      'lost last messages': times.length,
      '50%': rounded(quantile(times, 0.5), 1),
      '99%': rounded(quantile(times, 0.99), 1),
      Maximum: rounded(quantile(times, 1), 1),
    })
  const rows = [...ofOne.map(row(1)), ...ofMany.map(row(many))]
  const figures = Object.fromEntries([...ofOne, ...ofMany].map(({ figure, times }) => [figure, quantile(times, 0.99)]))
  return { tables: [{ title: `loss of a last message, ${stage.kind.name}: noticed after (ms)`, rows }], figures }
}

export const tail: Part = { name: 'tail', perClient: true, byDefault: 'always', measure }
