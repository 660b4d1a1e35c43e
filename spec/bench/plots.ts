/**
 * Draws results of the benchmark as SVG files in docs/images:
 *
 *     npm run -s bench -- --json > result.json
 *     npm run -s bench:plots -- result.json
 *
 * The parts may be spread over several files. If two files contain the same table, the later file counts.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as Plot from '@observablehq/plot'
import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { PathReporter } from 'io-ts/lib/PathReporter.js'
import { parseHTML } from 'linkedom'
import { handWritten, publisherAndSubscribe } from './contenders.ts'
import { thousands } from './statistics.ts'

// --- the results

/** A figure that is not a number is null in JSON. */
const Cell = t.union([t.string, t.number, t.null], 'Cell')
const MeasuredPart = t.intersection(
  [
    t.type({
      part: t.string,
      tables: t.array(t.type({ title: t.string, rows: t.array(t.record(t.string, Cell)) })),
    }),
    t.partial({ client: t.string }),
  ],
  'MeasuredPart',
)
const Result = t.type({ node: t.string, server: t.string, parts: t.array(MeasuredPart) }, 'Result')

const ThroughputRow = t.type(
  {
    contender: t.string,
    style: t.string,
    'msgs/sec': t.number,
    'of hand-written': t.union([t.number, t.null]),
  },
  'ThroughputRow',
)
const OriginsRow = t.type({ origins: t.number, contender: t.string, 'client CPU (µs)': t.number }, 'OriginsRow')
const RecoveryRow = t.type({ burst: t.string, contender: t.string, 'msgs/sec': t.number }, 'RecoveryRow')

const check = <A>(codec: t.Decoder<unknown, A>, value: unknown, source: string): A => {
  const decoded = codec.decode(value)
  if (E.isRight(decoded)) return decoded.right
  const [cause] = PathReporter.report(decoded)
  throw new Error(`${source}: ${cause}. Create the file with: npm run -s bench -- --json`)
}

/** A table, and where it was measured. */
interface Source {
  readonly file: string
  readonly versions: string
  readonly part: string
  readonly client: string
  readonly title: string
  readonly rows: ReadonlyArray<unknown>
}

const parsed = (file: string): unknown => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new Error(`${file}: no JSON. Create the file with: npm run -s bench -- --json`, { cause })
  }
}

const read = (file: string): ReadonlyArray<Source> => {
  const { node, server, parts } = check(Result, parsed(file), file)
  const versions = `Node.js ${node.replace(/^v/, '')}, nats-server ${server}`
  return parts.flatMap(({ part, client = '', tables }) =>
    tables.map(({ title, rows }) => ({ file, versions, part, client, title, rows })),
  )
}

const rowsOf = <A>(codec: t.Decoder<unknown, A>, { file, title, rows }: Source): ReadonlyArray<A> =>
  rows.map(row => check(codec, row, `${file}, ${title}`))

const distinct = <A>(all: ReadonlyArray<A>): ReadonlyArray<A> => [...new Set(all)]

// --- the drawing

const width = 720
const edge = 16
const text = '#1f2937'
const gray = '#9ca3af'
const blue = '#1d4ed8'

interface Legend {
  readonly color: string
  readonly label: string
}

interface Drawing {
  readonly title: string
  readonly subtitle: string
  readonly versions: string
  /** What a screen reader says. */
  readonly description: string
  readonly legend: ReadonlyArray<Legend>
  readonly height: number
  readonly plot: Plot.PlotOptions
}

const draw = ({ title, subtitle, versions, description, legend, height, plot }: Drawing): string => {
  const { document } = parseHTML('<html><body></body></html>')
  const svg = Plot.plot({
    ...plot,
    document,
    width,
    height,
    className: 'plot',
    style: { fontFamily: 'sans-serif', fontSize: '12px', color: text, background: 'none' },
  })
  const element = (name: string, attributes: Readonly<Record<string, string | number>>, content = ''): SVGElement => {
    const created = document.createElementNS('http://www.w3.org/2000/svg', name)
    for (const [key, value] of Object.entries(attributes)) created.setAttribute(key, `${value}`)
    created.textContent = content
    return created
  }
  const line = (attributes: Readonly<Record<string, string | number>>, content: string): SVGElement =>
    element('text', { ...attributes, 'text-anchor': 'start' }, content)
  const half = (width - 2 * edge) / 2
  const heading = [
    element('title', { id: 'title' }, title),
    element('desc', { id: 'desc' }, description),
    element('rect', { width, height, rx: 8, fill: '#ffffff', stroke: '#e5e7eb' }),
    line({ x: edge, y: 28, fill: text, 'font-size': 16, 'font-weight': 600 }, title),
    line({ x: edge, y: 48, fill: '#4b5563' }, subtitle),
    line({ x: edge, y: 66, fill: '#4b5563' }, versions),
    ...legend.flatMap(({ color, label }, i) => [
      element('rect', { x: edge + i * half, y: 82, width: 12, height: 12, fill: color }),
      line({ x: edge + i * half + 18, y: 92, fill: text }, label),
    ]),
  ]
  // It is meant for a page.
  svg.querySelector('style')?.remove()
  svg.prepend(...heading)
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  svg.setAttribute('role', 'img')
  svg.setAttribute('aria-labelledby', 'title desc')
  svg.setAttribute('font-family', 'sans-serif')
  return `${svg.outerHTML}\n`
}

/** Below the title, the subtitle and the legend. */
const top = 136

interface Bar {
  readonly panel: string
  readonly contender: string
  readonly rate: number
  readonly label: string
  readonly color: string
}

/** A panel beside the other, with one bar for each contender. */
const barPlot = (bars: ReadonlyArray<Bar>): Pick<Drawing, 'height' | 'plot'> => {
  const contenders = distinct(bars.map(b => b.contender))
  const most = Math.max(...bars.map(b => b.rate))
  return {
    height: top + contenders.length * 26 + 52,
    plot: {
      marginTop: top,
      marginLeft: 248,
      marginRight: edge,
      marginBottom: 52,
      fx: { domain: distinct(bars.map(b => b.panel)), label: null, padding: 0.08 },
      // Room for the label of the longest bar.
      x: { domain: [0, most * 1.85], label: null },
      y: { domain: contenders, label: null, padding: 0.25 },
      marks: [
        Plot.axisFx({ anchor: 'top', label: null, fontWeight: 600, dy: -4 }),
        Plot.axisY({ tickSize: 0, label: null }),
        Plot.axisX({
          ticks: 4,
          tickFormat: (rate: number) => (rate === 0 ? '0' : `${thousands(rate / 1000)}k`),
          label: 'messages/s',
          labelAnchor: 'center',
          labelArrow: 'none',
          labelOffset: 40,
        }),
        Plot.barX(bars, { fx: 'panel', x: 'rate', y: 'contender', fill: 'color' }),
        Plot.text(bars, { fx: 'panel', x: 'rate', y: 'contender', text: 'label', textAnchor: 'start', dx: 5 }),
        Plot.ruleX([0], { stroke: text }),
      ],
    },
  }
}

const barLegend: ReadonlyArray<Legend> = [
  { color: blue, label: 'nats-sequenced' },
  { color: gray, label: 'others' },
]

const sentences = (bars: ReadonlyArray<Bar>): string =>
  distinct(bars.map(b => b.panel))
    .map(panel => {
      const own = bars.filter(b => b.panel === panel)
      return `${panel}: ${own.map(b => `${b.contender} ${thousands(b.rate)}`).join('; ')}.`
    })
    .join(' ')

const versionsOf = (sources: ReadonlyArray<Source>): string => distinct(sources.map(s => s.versions)).join('; ')

// --- the three plots

interface Chart {
  readonly file: string
  readonly part: string
  readonly title: RegExp
  readonly drawing: (sources: ReadonlyArray<Source>) => Drawing
}

const usesLibrary = /\b(publisher|subscribe|sequenced|tryPublish)\b/

const throughput: Chart = {
  file: 'bench-throughput.svg',
  part: 'throughput',
  title: /, 128 bytes, origins: 1$/,
  drawing: sources => {
    const bars = sources.flatMap(source => {
      const rows = rowsOf(ThroughputRow, source)
      // A contender without callbacks is shown with its iterator.
      const hasCallback = new Set(rows.filter(r => r.style === 'callback').map(r => r.contender))
      return rows
        .filter(r => r.style === 'callback' || !hasCallback.has(r.contender))
        .map(({ contender, 'msgs/sec': rate, 'of hand-written': of }) => ({
          panel: source.client,
          contender,
          rate,
          label: of === null ? thousands(rate) : `${thousands(rate)} (${of.toFixed(2)})`,
          color: usesLibrary.test(contender) && contender !== handWritten ? blue : gray,
        }))
    })
    return {
      ...barPlot(bars),
      title: 'Throughput',
      subtitle: `128 bytes, 1 origin, callback (JetStream: iterator). In parentheses: ratio to ${handWritten}.`,
      versions: versionsOf(sources),
      description: `Messages per second of each contender, by client. ${sentences(bars)}`,
      legend: barLegend,
    }
  },
}

const recovery: Chart = {
  file: 'bench-recovery.svg',
  part: 'recovery',
  title: /^recovery, 128 bytes$/,
  drawing: sources => {
    const rows = sources.flatMap(source => rowsOf(RecoveryRow, source))
    const size = (burst: string): number => Number(burst.replaceAll(',', ''))
    const bars = [...rows]
      .sort((a, b) => size(a.burst) - size(b.burst))
      .map(({ burst, contender, 'msgs/sec': rate }) => ({
        panel: `burst of ${burst} messages`,
        contender,
        rate,
        label: thousands(rate),
        color: contender.startsWith('from the ') ? blue : gray,
      }))
    return {
      ...barPlot(bars),
      title: 'Recovery of missed messages',
      subtitle: '128 bytes. Receivers recover a burst; ordered consumers of JetStream read it.',
      versions: versionsOf(sources),
      description: `Messages per second of each contender, by size of the burst. ${sentences(bars)}`,
      legend: barLegend,
    }
  },
}

interface Point {
  readonly panel: string
  readonly contender: string
  readonly origins: number
  readonly cpu: number
}

const lineOf = (points: ReadonlyArray<Point>, contender: string, color: string, dy: number): Plot.Markish => {
  const own = points.filter(p => p.contender === contender)
  const place = { fx: 'panel', x: 'origins', y: 'cpu' } as const
  return [
    Plot.line(own, { ...place, stroke: color, strokeWidth: 2 }),
    Plot.dot(own, { ...place, fill: color, r: 3.5 }),
    Plot.text(own, { ...place, text: p => p.cpu.toFixed(2), fill: text, dy }),
  ]
}

const origins: Chart = {
  file: 'bench-origins.svg',
  part: 'origins',
  title: /, 128 bytes$/,
  drawing: sources => {
    const points = sources.flatMap(source =>
      rowsOf(OriginsRow, source).map(({ origins: count, contender, 'client CPU (µs)': cpu }) => ({
        panel: source.client,
        contender,
        origins: count,
        cpu,
      })),
    )
    const counts = distinct(points.map(p => p.origins)).toSorted((a, b) => a - b)
    const most = Math.max(...points.map(p => p.cpu))
    const inWords = distinct(points.map(p => p.panel)).map(panel => {
      const own = points.filter(p => p.panel === panel)
      return `${panel}: ${own.map(p => `${thousands(p.origins)} origins, ${p.contender} ${p.cpu}`).join('; ')}.`
    })
    return {
      title: 'Client CPU by number of origins',
      subtitle: '128 bytes, callback. Sender and receiver count together.',
      versions: versionsOf(sources),
      description: `Client CPU per message in microseconds, by client. ${inWords.join(' ')}`,
      legend: [
        { color: blue, label: `nats-sequenced: ${publisherAndSubscribe}` },
        { color: gray, label: handWritten },
      ],
      height: 400,
      plot: {
        marginTop: top,
        marginLeft: 60,
        marginRight: edge,
        marginBottom: 52,
        fx: { domain: distinct(points.map(p => p.panel)), label: null, padding: 0.08 },
        x: { type: 'log', domain: [Math.min(...counts), Math.max(...counts)], inset: 24 },
        y: { domain: [0, most * 1.15] },
        marks: [
          Plot.gridY({ stroke: '#e5e7eb', strokeOpacity: 1 }),
          Plot.axisFx({ anchor: 'top', label: null, fontWeight: 600, dy: -4 }),
          Plot.axisX({
            ticks: [...counts],
            tickFormat: thousands,
            label: 'origins',
            labelAnchor: 'center',
            labelArrow: 'none',
            labelOffset: 40,
          }),
          Plot.axisY({
            ticks: 5,
            label: 'µs of CPU per message',
            labelAnchor: 'center',
            labelArrow: 'none',
            labelOffset: 44,
          }),
          lineOf(points, handWritten, gray, 14),
          lineOf(points, publisherAndSubscribe, blue, -12),
          Plot.ruleY([0], { stroke: text }),
        ],
      },
    }
  },
}

// --- the command

const files = process.argv.slice(2)
if (files.length === 0) throw new Error('No file given. Use: npm run -s bench:plots -- FILE...')
// By title: a later table takes the place of an earlier one.
const tables = new Map(files.flatMap(read).map(source => [source.title, source]))
for (const { file, part, title, drawing } of [throughput, origins, recovery]) {
  const sources = [...tables.values()].filter(s => s.part === part && title.test(s.title) && s.rows.length > 0)
  if (sources.length === 0) {
    console.log(`${file} not written: no file has its table. Run: npm run -s bench -- --part ${part} --json`)
    process.exitCode = 1
    continue
  }
  writeFileSync(fileURLToPath(new URL(`../../docs/images/${file}`, import.meta.url)), draw(drawing(sources)))
  console.log(`docs/images/${file}`)
}
