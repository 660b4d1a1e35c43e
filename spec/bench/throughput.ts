// Messages per second, and CPU time for each message, of all contenders. The contenders take turns.
import {
  type Contender,
  handWritten,
  header,
  jetStreamWithAcks,
  publisherAndSubscribe,
  type Style,
} from './contenders.ts'
import { ratioFigure } from './goals.ts'
import type { Figures, Outcome, Part, Row, Stage, Table } from './Part.ts'
import { type Result, run } from './run.ts'
import { median, ratio, rounded } from './statistics.ts'

/** The load that the goals are about. */
const referenceBytes = 128

type What = 'rate' | 'clientCpu' | 'serverCpu'

/** The results of each contender in each style, one for each round. */
class Results {
  readonly #all = new Map<string, Array<Result>>()

  add(name: string, style: Style, result: Result): void {
    const key = `${name} ${style}`
    this.#all.set(key, [...(this.#all.get(key) ?? []), result])
  }

  of(name: string, style: Style, what: What): ReadonlyArray<number> {
    return (this.#all.get(`${name} ${style}`) ?? []).map(result => result[what])
  }

  /** A contender that has one style is compared with any. */
  ratio(what: What, style: Style, name: string, to: string): number {
    const reference = this.of(to, style, what)
    const other = style === 'callback' ? 'iterator' : 'callback'
    return ratio(this.of(name, style, what), reference.length > 0 ? reference : this.of(to, other, what))
  }
}

const row = (results: Results, name: string, style: Style, bytes: number): Row => {
  const rates = results.of(name, style, 'rate')
  const toHandWritten = (what: What): number => rounded(results.ratio(what, style, name, handWritten), 2)
  return {
    contender: name,
    style,
    'msgs/sec': Math.round(median(rates)),
    min: Math.round(Math.min(...rates)),
    max: Math.round(Math.max(...rates)),
    'MiB/sec': rounded((median(rates) * bytes) / 1024 ** 2, 1),
    'of hand-written': toHandWritten('rate'),
    'client CPU (µs)': rounded(median(results.of(name, style, 'clientCpu')), 2),
    'CPU of hand-written': toHandWritten('clientCpu'),
    'server CPU (µs)': rounded(median(results.of(name, style, 'serverCpu')), 2),
    'server CPU of hand-written': toHandWritten('serverCpu'),
  }
}

const figuresOf = (results: Results, names: ReadonlyArray<string>): Figures => {
  const figures: Record<string, number> = {}
  for (const name of names) {
    const ofRate = (to: string): number => results.ratio('rate', 'callback', name, to)
    for (const to of [handWritten, header, jetStreamWithAcks, publisherAndSubscribe])
      figures[ratioFigure('rate', name, to)] = ofRate(to)
    figures[ratioFigure('client CPU', name, handWritten)] = results.ratio('clientCpu', 'callback', name, handWritten)
    figures[ratioFigure('server CPU', name, handWritten)] = results.ratio('serverCpu', 'callback', name, handWritten)
    if (results.of(handWritten, 'iterator', 'rate').length > 0)
      figures[ratioFigure('iterator', name, handWritten)] =
        results.ratio('rate', 'iterator', name, handWritten) / ofRate(handWritten)
  }
  return figures
}

const compare = async (
  { server, kind, contenders, options }: Stage,
  bytes: number,
  origins: number,
): Promise<{ readonly table: Table; readonly figures: Figures }> => {
  const styles = (options.styles ?? ['callback', 'iterator']).filter(s => s === 'callback' || s === 'iterator')
  const messages = options.messages ?? (options.quick ? 20_000 : 100_000)
  const rounds = options.rounds ?? (options.quick ? 3 : 5)
  const turns = contenders.flatMap(
    (contender): ReadonlyArray<{ contender: Contender; style: Style }> =>
      // It takes part once, whatever styles are measured.
      contender.style === undefined
        ? styles.map(style => ({ contender, style }))
        : [{ contender, style: contender.style }],
  )
  const results = new Results()
  for (let round = 0; round < rounds; round++)
    for (const i of turns.keys()) {
      const turn = turns[(i + round) % turns.length]
      if (turn === undefined) continue
      const { contender, style } = turn
      const count = contender.name === jetStreamWithAcks ? messages / 20 : messages
      results.add(contender.name, style, await run(contender, server, { kind, style, messages: count, bytes, origins }))
    }
  return {
    table: {
      title: `throughput, ${kind.name}, ${bytes} bytes, origins: ${origins}`,
      rows: turns.map(({ contender, style }) => row(results, contender.name, style, bytes)),
    },
    figures:
      bytes === referenceBytes && origins === 1
        ? figuresOf(
            results,
            contenders.map(c => c.name),
          )
        : {},
  }
}

const measure = async (stage: Stage): Promise<Outcome> => {
  const { quick, bytes = quick ? [128] : [16, 128, 4096], origins = quick ? [1] : [1, 1000] } = stage.options
  const tables: Array<Table> = []
  let figures: Figures = {}
  for (const count of origins)
    for (const size of bytes) {
      const compared = await compare(stage, size, count)
      tables.push(compared.table)
      figures = { ...figures, ...compared.figures }
    }
  return { tables, figures }
}

export const throughput: Part = { name: 'throughput', perClient: true, byDefault: 'always', measure }
