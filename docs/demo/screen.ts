/** The view for a terminal: one picture, redrawn in place. */
import { type Delivery, explain } from '../../src/index.ts'
import type { Account, Outcome, SenderAccount } from './bystander.ts'
import { count, half, ms, summary } from './report.ts'
import { isTail, type Scene, seconds, type View } from './view.ts'

type Style = 'plain' | 'bold' | 'dim' | 'red' | 'green' | 'yellow'
type Span = readonly [text: string, style?: Style]
type Line = ReadonlyArray<Span>

const codes: Readonly<Record<Style, string>> = { plain: '', bold: '1', dim: '2', red: '31', green: '32', yellow: '33' }

/** Cuts a line to the width of the terminal, so that it never wraps. */
const cut = (line: Line, width: number, colours: boolean): string => {
  let room = width
  let text = ''
  for (const [span, style = 'plain'] of line) {
    const shown = span.length <= room ? span : `${span.slice(0, Math.max(room - 1, 0))}${room > 0 ? '…' : ''}`
    room -= shown.length
    text += colours && codes[style] !== '' ? `\x1b[${codes[style]}m${shown}\x1b[0m` : shown
    if (room === 0) break
  }
  return text
}

const right = (text: string, width = 10): string => text.padStart(width)

// --- the picture ----------------------------------------------------------------------------------------------------

/** Several numbers share a cell. It shows the worst outcome of them. */
const cell = (outcomes: ReadonlyArray<Outcome | 'missing' | undefined>, expected: number): Span => {
  if (outcomes.includes('altered')) return ['!', 'red']
  if (outcomes.includes('lost')) return ['x', 'red']
  if (outcomes.includes('missing')) return ['?', 'yellow']
  if (outcomes.length === 0) return ['·', 'dim']
  return outcomes.length === expected && outcomes.every(o => o === 'delivered') ? ['━', 'green'] : ['╌', 'dim']
}

const strip = (scene: Scene, sender: string, cells: number): Line => {
  const outcomes = scene.bystander.outcomes(sender)
  const total = scene.counts.get(sender) ?? 0
  return Array.from({ length: cells }, (_, i) => {
    const from = Math.floor((i * total) / cells)
    const to = Math.floor(((i + 1) * total) / cells)
    return cell(outcomes.slice(from, to), to - from)
  })
}

const nobody: SenderAccount = { sender: '', published: 0, delivered: 0, lost: 0, newestNoticedMs: undefined }

const tail = (scene: Scene, s: SenderAccount): Span => {
  if (s.published < (scene.counts.get(s.sender) ?? Number.POSITIVE_INFINITY)) return ['not sent yet', 'dim']
  return s.newestNoticedMs === undefined
    ? ['not yet noticed', 'yellow']
    : [`noticed after ${ms(s.newestNoticedMs)}`, 'green']
}

const picture = (scene: Scene, account: Account, lately: ReadonlyArray<Line>, width: number): ReadonlyArray<Line> => {
  const senders = [...scene.counts.keys()].map(
    name => account.senders.find(s => s.sender === name) ?? { ...nobody, sender: name },
  )
  const row = (label: string, f: (s: SenderAccount) => number, style: Style = 'plain'): Line => [
    [`  ${label.padEnd(28)}`],
    ...senders.map((s): Span => [right(count(f(s))), style]),
  ]
  const { injected, noticedMs } = account
  const { missedBySender } = scene.plain.account()
  const harm = (n: number, what: string): Span => [`${count(n)} ${what}`]
  const cells = Math.max(10, Math.min(width - 12, 100))
  return [
    [
      ['nats-sequenced', 'bold'],
      [`  two senders, a lossy link, one receiver   seed ${scene.seed}`, 'dim'],
      [scene.server === 'fake' ? '   fake server' : '', 'dim'],
    ],
    [],
    [[' '.repeat(30)], ...senders.map((s): Span => [right(s.sender), 'bold'])],
    row('published', s => s.published),
    row('delivered, in order', s => s.delivered, 'green'),
    row('reported as lost', s => s.lost, 'red'),
    row('in flight or held', s => s.published - s.delivered - s.lost),
    row('a plain subscriber lacks', s => missedBySender.get(s.sender) ?? 0, 'red'),
    [],
    ...senders.map((s): Line => [[`  ${s.sender.padEnd(8)}`], ...strip(scene, s.sender, cells)]),
    [[`  ${' '.repeat(8)}`], ['━ all delivered  ╌ in flight  ? missing  x some lost', 'dim']],
    [],
    [
      ['  the link      '],
      harm(injected.lost, 'dropped, '),
      harm(injected.duplicated, 'doubled, '),
      harm(injected.delayed, 'delayed; and '),
      harm(scene.heartbeatsHarmed(), 'heartbeats'),
    ],
    [
      ['  noticed       '],
      [
        `${count(account.noticed)} of ${count(injected.lost)} losses`,
        account.noticed === injected.lost ? 'green' : 'yellow',
      ],
      [noticedMs.length === 0 ? '' : `, half within ${ms(half(noticedMs))}, all within ${ms(noticedMs.at(-1) ?? 0)}`],
    ],
    [
      ['  recovered     '],
      [`${count(account.recovered)}`],
      ['      duplicates delivered  '],
      [count(account.duplicatesDelivered), account.duplicatesDelivered === 0 ? 'green' : 'red'],
    ],
    [['  last messages '], ...senders.flatMap((s): Line => [[`${s.sender} `, 'bold'], tail(scene, s), ['   ']])],
    [],
    ...lately,
  ]
}

// --- the terminal ---------------------------------------------------------------------------------------------------

const shownLately = 6

const range = (first: number, last: number | undefined): string =>
  last === first ? `${first}` : `${first} to ${last ?? 'the end'}`

/** Shorter than `explain`, as a line has to do. */
const short = (d: Exclude<Delivery<Uint8Array>, { _tag: 'Message' }>): string => {
  if (d._tag === 'Gap')
    return `${range(d.first, d.last)} missing, noticed by a ${d.noticedBy === 'Data' ? 'later message' : 'heartbeat'}`
  if (d._tag === 'Lost') return `${range(d.first, d.last)} lost (${d.reason})`
  if (d._tag === 'Ended') return `closed after message ${d.last}`
  return explain(d)
}

const note = (scene: Scene, d: Exclude<Delivery<Uint8Array>, { _tag: 'Message' }>, took: number | undefined): Line => {
  const about = 'sender' in d && d.sender !== undefined ? d.sender : ''
  const style: Style =
    d._tag === 'Lost' ? 'red' : isTail(d, scene.counts) ? 'green' : d._tag === 'Gap' ? 'yellow' : 'plain'
  return [
    [`${seconds(scene.clock())}  `, 'dim'],
    [about.padEnd(7)],
    [took === undefined ? ' '.repeat(9) : `${right(ms(took), 7)}  `, 'dim'],
    [short(d), style],
  ]
}

export const screenView = (scene: Scene, out: NodeJS.WriteStream): View => {
  const colours = (process.env['NO_COLOR'] ?? '') === ''
  let lately: ReadonlyArray<Line> = []
  let drawn = 0
  let isOpen = true

  const draw = (account: Account): void => {
    const width = (out.columns || 80) - 1
    const height = Math.max((out.rows || 24) - 1, 1)
    const lines = picture(scene, account, lately, width).slice(0, height)
    const up = drawn > 0 ? `\x1b[${drawn}A` : ''
    out.write(`${up}\r${lines.map(line => `${cut(line, width, colours)}\x1b[K\n`).join('')}\x1b[J`)
    drawn = lines.length
  }

  // Drawing takes at most a tenth of the time, however many messages there are.
  let timer: NodeJS.Timeout
  const redraw = (): void => {
    const begun = performance.now()
    draw(scene.bystander.account())
    timer = setTimeout(redraw, Math.max(80, (performance.now() - begun) * 9))
  }

  const close = (): void => {
    if (!isOpen) return
    isOpen = false
    clearTimeout(timer)
    process.off('exit', close)
    out.write('\x1b[?25h')
  }
  process.once('exit', close)
  out.write('\x1b[?25l')
  redraw()

  return {
    handed: (d, took) => {
      if (d._tag !== 'Message') lately = [...lately, note(scene, d, took)].slice(-shownLately)
    },
    finished: account => {
      draw(account)
      close()
      out.write(
        `\n${summary({ account, plain: scene.plain.account(), seed: scene.seed, server: scene.server }).join('\n')}\n`,
      )
    },
    close,
  }
}
