/** `audit`: watches the numbered feeds of any sender from outside, and reports what was lost. */
import { Option } from '@commander-js/extra-typings'
import type { NatsConnection } from '@nats-io/transport-node'
import * as E from 'fp-ts/lib/Either.js'
import * as Address from '../core/protocol/Address.ts'
import * as ControlSubject from '../core/protocol/ControlSubject.ts'
import * as Head from '../core/protocol/Head.ts'
import type { Addressing } from '../core/protocol/Origin.ts'
import * as Origin from '../core/protocol/Origin.ts'
import type { Filter } from '../core/protocol/Subject.ts'
import type { ReceivedDelivery } from '../core/receiver/ReceivedMessage.ts'
import { parsePrefix } from '../nats/options.ts'
import type { Subscription } from '../nats/receive/subscribe.ts'
import { subscribe } from '../nats/receive/subscribe.ts'
import type { AuditReport, Thresholds } from './AuditReport.ts'
import * as Report from './AuditReport.ts'
import type { AuditRow } from './AuditRow.ts'
import * as Row from './AuditRow.ts'
import { countArgument, durationArgument } from './arguments.ts'
import * as AuditFilter from './auditFilter.ts'
import * as formats from './auditFormats.ts'
import { messageOf, serverError, usageError } from './CliError.ts'
import { command, run } from './command.ts'
import { withConnection, withConnectionTo } from './connection.ts'
import { ExitCode } from './ExitCode.ts'
import type { Io } from './Io.ts'
import type { ReceivingFlags } from './receiving.ts'
import { receivingOptions, withReceiving } from './receiving.ts'
import { requestHeads } from './senders.ts'

/** A filter that ends in `>` also matches the messages of `perSender`, which another subscription counts. */
const isOfOtherAddressing = (subject: string): boolean => E.isRight(Address.parse('perSender')(subject))

interface AuditFlags extends ReceivingFlags, Thresholds {
  readonly for?: number | undefined
  readonly format: 'text' | 'json' | 'prometheus' | 'nagios'
}

/** What the subscriptions of an audit have found so far. */
interface Audit {
  readonly start: number
  readonly rows: Map<string, AuditRow>
  unsequenced: number
  readonly subscriptions: Array<Subscription>
  /** Rejects if a subscription ends with an error. */
  readonly failed: Promise<never>
  readonly report: () => AuditReport
}

const startAudit = async (
  nc: NatsConnection,
  subjects: ReadonlyArray<Filter>,
  flags: AuditFlags,
  io: Io,
): Promise<Audit> => {
  const options = await receivingOptions(flags, io.env)
  const prefix = parsePrefix(flags.prefix)
  let fail: (error: Error) => void = () => undefined
  const failed = new Promise<never>((_, reject) => {
    fail = reject
  })
  failed.catch(() => undefined)
  const audit: Audit = {
    start: Date.now(),
    rows: new Map(),
    unsequenced: 0,
    subscriptions: [],
    failed,
    report: () =>
      Report.create(audit.rows.values(), { start: audit.start, now: Date.now(), unsequenced: audit.unsequenced }),
  }
  const update = (origin: string, f: (row: AuditRow) => AuditRow): void => {
    audit.rows.set(origin, f(audit.rows.get(origin) ?? Row.create(origin)))
  }

  /** Subjects that are followed, by addressing. What is heard can add the other addressing. */
  const followed = new Set<string>()
  const follow = (subject: Filter, addressing: Addressing): void => {
    const key = `${addressing} ${subject}`
    if (followed.has(key)) return
    followed.add(key)
    const callback = (d: ReceivedDelivery): void => {
      if (d._tag === 'Mismatch') follow(subject, Origin.other(addressing))
      else if (d._tag === 'Unsequenced') audit.unsequenced += isOfOtherAddressing(d.subject) ? 0 : 1
      else if (d._tag === 'Overflowed') audit.unsequenced += d.count
      // An auditor need not be permitted to request messages.
      else if (d._tag !== 'StreamSilent' && d._tag !== 'NotPermitted' && d._tag !== 'Unverified')
        update(d.origin, Row.onDelivery(d, Date.now()))
    }
    // In order of arrival: an audit shows a gap at once, and holds no messages back.
    const subscription = subscribe(nc, subject, { ...options, addressing, mode: 'arrival', callback })
    void subscription.closed.then(error => {
      if (error !== undefined) fail(serverError(messageOf(error)))
    })
    audit.subscriptions.push(subscription)
    // An idle sender sends a heartbeat every 5 s only, but answers at once.
    requestHeads(nc, { filter: subject, addressing, prefix }, flags.timeout).then(
      answers => {
        for (const { origin, head } of answers)
          if (E.isRight(Origin.parse(addressing)(origin))) update(origin, Row.onAnswer(head))
      },
      () => undefined,
    )
    const originOf = ControlSubject.originOfHeartbeat(prefix, addressing)
    nc.subscribe(ControlSubject.heartbeats(prefix, addressing)(subject), {
      callback: (error, msg) => {
        if (error !== null) return
        const origin = originOf(msg.subject)
        const head = Head.parse(msg.string())
        if (E.isRight(origin) && E.isRight(head)) update(origin.right.name, Row.onHeartbeat(head.right, Date.now()))
      },
    })
  }
  for (const subject of subjects) follow(subject, flags.addressing)
  return audit
}

const frameInterval = 500

/** The rate of each origin between two frames. */
const createRates = (): ((report: AuditReport) => formats.RateOf) => {
  let before = { now: 0, messages: new Map<string, number>() }
  return ({ now, rows }) => {
    const { now: then, messages } = before
    before = { now, messages: new Map(rows.map(row => [row.origin, row.messages])) }
    return row => ((row.messages - (messages.get(row.origin) ?? 0)) * 1000) / Math.max(now - then, 1)
  }
}

/** Shows a live table on a terminal until the returned function is called. */
const showLive = (audit: Audit, { out }: Io): (() => void) => {
  if (!out.isTerminal) return () => undefined
  const ratesOf = createRates()
  ratesOf(audit.report())
  const show = (): void => {
    const report = audit.report()
    const rate = ratesOf(report)
    const shown = formats.worstFirst(report.rows, Math.max(out.size().rows - 6, 3))
    const hidden = report.rows.length - shown.length
    const lines = [
      formats.table(shown, report.now, rate, out.colors),
      ...(hidden > 0 ? [out.colors.dim(`and ${hidden} more origins`)] : []),
      '',
      formats.summary(report),
      out.colors.dim('Ctrl-C ends the audit and prints the report.'),
    ]
    out.frame(lines.join('\n'))
  }
  show()
  const timer = setInterval(show, frameInterval)
  return () => {
    clearInterval(timer)
    out.endFrames(false)
  }
}

/** Resolves when the audit is over: by `--for`, by Ctrl-C, or never. */
const over = async (flags: AuditFlags, { stop }: Io): Promise<void> => {
  let timer: NodeJS.Timeout | undefined
  const elapsed = new Promise<void>(resolve => {
    if (flags.for !== undefined) timer = setTimeout(resolve, flags.for)
  })
  await Promise.race([elapsed, stop.asked])
  clearTimeout(timer)
}

const printReport = async (report: AuditReport, flags: AuditFlags, { out }: Io): Promise<number> => {
  const code = Report.failures(flags, report).length > 0 ? ExitCode.loss : ExitCode.done
  switch (flags.format) {
    case 'text':
      await out.line(formats.text(report, flags, out.colors))
      return code
    case 'json':
      await out.line(formats.json(report, flags))
      return code
    case 'prometheus':
      await out.line(formats.prometheus(report))
      return code
    case 'nagios': {
      const { line, code: nagiosCode } = formats.nagios(report, flags)
      await out.line(line)
      return nagiosCode
    }
  }
}

const audit = async (
  nc: NatsConnection,
  subjects: ReadonlyArray<Filter>,
  flags: AuditFlags,
  io: Io,
): Promise<number> => {
  const audited = await startAudit(nc, subjects, flags, io)
  const endLive = flags.format === 'text' ? showLive(audited, io) : () => undefined
  try {
    await Promise.race([over(flags, io), audited.failed])
    // Gaps that are open now settle: recovered, or lost. A second Ctrl-C ends the process.
    await Promise.all(audited.subscriptions.map(s => s.drain()))
  } finally {
    endLive()
  }
  return printReport(audited.report(), flags, io)
}

const subjectsOf = (filters: ReadonlyArray<string>, addressing: Addressing): ReadonlyArray<Filter> =>
  filters.flatMap(filter => {
    const parsed = AuditFilter.parse(addressing)(filter)
    if (E.isLeft(parsed)) throw usageError(AuditFilter.explain(parsed.left))
    return parsed.right
  })

const examples = `
Examples:
  Watch a feed until Ctrl-C
    nats-sequenced audit 'updates.*'
  Everything below prices, for 10 minutes, in a pipeline
    nats-sequenced audit 'prices.>' --for 10m --format json | jq .totals
  As a check of Nagios: gaps are a warning, losses are critical
    nats-sequenced audit 'updates.*' --for 30s --format nagios
  For the textfile collector of Prometheus
    nats-sequenced audit 'updates.*' --for 50s --format prometheus > updates.prom

The filter is that of the messages on the wire: its last token is the number. Put it in quotes. Senders with the
addressing perSender are found by their heartbeats. The audit needs nothing from the sender but numbers: heartbeats
reveal the loss of last messages, and requests for missing messages show whether a receiver could recover them.
A message counts as lost if nobody has it, or if it does not arrive within --gap-timeout.

Columns: newest = highest number known; gaps = how often numbers were missing; silence = time without the promised
heartbeat; heartbeat = age of the last one.

Exit codes: 0 no threshold was exceeded; 1 one was, or nothing was heard; 2 usage; 3 no connection or refused.
With --format nagios: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.`

/** The command `audit`. */
export const auditCommand = (io: Io) =>
  withConnection(
    withReceiving(
      command(
        'audit',
        'watch numbered feeds from outside, and report losses',
        'Watches the numbered feeds of any sender. Shows a live table on a terminal, and a report at the end.',
      )
        .argument('<filters...>', "filters of the messages: 'updates.*', 'prices.>'")
        .addOption(
          new Option('--for <duration>', 'how long to watch (default: until Ctrl-C)').argParser(durationArgument),
        )
        .addOption(
          new Option('--format <format>', 'format of the report')
            .choices(['text', 'json', 'prometheus', 'nagios'] as const)
            .default('text' as const),
        )
        .addOption(new Option('--max-lost <n>', 'lost messages that are allowed').argParser(countArgument).default(0))
        .addOption(new Option('--max-gaps <n>', 'gaps that are allowed (default: any)').argParser(countArgument))
        .addOption(
          new Option('--max-silence <duration>', 'silence of a sender that is allowed (default: any)').argParser(
            durationArgument,
          ),
        )
        .addOption(new Option('--min-messages <n>', 'messages that must arrive').argParser(countArgument).default(0)),
    ),
  )
    .addHelpText('after', examples)
    .action((filters, flags) =>
      run(io, () => {
        const subjects = subjectsOf(filters, flags.addressing)
        const thresholds = { maxGaps: undefined, maxSilence: undefined }
        return withConnectionTo(flags, io, nc => audit(nc, subjects, { ...thresholds, ...flags }, io))
      }),
    )
