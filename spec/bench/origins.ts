// Whether a message costs more when there are more origins.
import { handWritten, publisherAndSubscribe } from './contenders.ts'
import type { Outcome, Part, Stage } from './Part.ts'
import { type Result, run } from './run.ts'
import { median, ratio, rounded } from './statistics.ts'

const names = [handWritten, publisherAndSubscribe]

/** The origins that the goal is about, compared with one origin. */
const reference = 100_000

const measure = async (stage: Stage): Promise<Outcome> => {
  const { server, kind, options } = stage
  const { quick, origins = quick ? [1, 10_000] : [1, 100, 10_000, 100_000], rounds = quick ? 2 : 5 } = options
  const messages = options.messages ?? (quick ? 20_000 : 200_000)
  const bytes = options.bytes?.[0] ?? 128
  const chosen = names.flatMap(name => stage.contenders.filter(c => c.name === name))
  const turns = origins.flatMap(count => chosen.map(contender => ({ count, contender })))
  const results = new Map<string, Array<Result>>()
  for (let round = 0; round < rounds; round++)
    for (const { count, contender } of turns) {
      const key = `${contender.name} ${count}`
      const load = { kind, style: 'callback', messages, bytes, origins: count } as const
      results.set(key, [...(results.get(key) ?? []), await run(contender, server, load)])
    }
  const of = (name: string, count: number, what: keyof Result): ReadonlyArray<number> =>
    (results.get(`${name} ${count}`) ?? []).map(result => result[what])
  const least = Math.min(...origins)
  const growthOf = (name: string, count: number): number =>
    ratio(of(name, count, 'clientCpu'), of(name, least, 'clientCpu'))
  const rows = turns.map(({ count, contender: { name } }) => ({
    origins: count,
    contender: name,
    'msgs/sec': Math.round(median(of(name, count, 'rate'))),
    'of hand-written': rounded(ratio(of(name, count, 'rate'), of(handWritten, count, 'rate')), 2),
    'client CPU (µs)': rounded(median(of(name, count, 'clientCpu')), 2),
    [`CPU of origins: ${least}`]: rounded(growthOf(name, count), 2),
    'server CPU (µs)': rounded(median(of(name, count, 'serverCpu')), 2),
  }))
  const most = Math.max(...origins)
  return {
    tables: [{ title: `origins, ${kind.name}, ${bytes} bytes`, rows }],
    figures:
      least === 1 && most >= reference
        ? { 'origins: growth of the client CPU': growthOf(publisherAndSubscribe, most) / growthOf(handWritten, most) }
        : {},
  }
}

export const origins: Part = { name: 'origins', perClient: true, byDefault: 'unlessQuick', measure }
