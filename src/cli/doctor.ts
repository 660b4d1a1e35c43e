/** `doctor`: checks what a role needs, end to end, and says what to change. */
import { Option } from '@commander-js/extra-typings'
import type { NatsConnection } from '@nats-io/transport-node'
import * as ControlSubject from '../core/protocol/ControlSubject.ts'
import type { Addressing } from '../core/protocol/Origin.ts'
import * as Subject from '../core/protocol/Subject.ts'
import { inboxPrefix } from '../nats/client/inbox.ts'
import { orThrow } from '../nats/errors.ts'
import { parsePrefix } from '../nats/options.ts'
import type { Role } from '../nats/permissions/permissions.ts'
import { permissions } from '../nats/permissions/permissions.ts'
import { firstOf, fromJetStream, fromSender } from '../nats/receive/Replayer.ts'
import { explainStreamPlan } from '../nats/stream/explain.ts'
import { planStream } from '../nats/stream/planStream.ts'
import { addressingOption, prefixOption } from './addressing.ts'
import { durationArgument } from './arguments.ts'
import type { Check } from './Check.ts'
import * as Checks from './Check.ts'
import { messageOf } from './CliError.ts'
import { command, run } from './command.ts'
import type { ConnectionFlags } from './connection.ts'
import { streamOptionsOf, withConnection, withConnectionTo } from './connection.ts'
import { checkPermissions } from './doctorPermissions.ts'
import { explainTrace, traceMessage } from './doctorTrace.ts'
import { ExitCode } from './ExitCode.ts'
import { counted } from './figures.ts'
import type { Io } from './Io.ts'
import { roles } from './permissions.ts'
import type { Feed } from './senders.ts'
import { explainHeads, explainHeartbeats, listenToHeartbeats, requestHeads } from './senders.ts'
import { isAtLeast, tracesMessages } from './serverVersion.ts'

interface DoctorFlags extends ConnectionFlags {
  readonly role: Role
  readonly addressing: Addressing
  readonly sender?: string | undefined
  readonly jetstream?: string | undefined
  readonly prefix?: string | undefined
  readonly wait: number
  readonly json?: true | undefined
}

const checkServer = async (nc: NatsConnection, flags: DoctorFlags): Promise<ReadonlyArray<Check>> => {
  const { info } = nc
  const roundTrip = await nc.rtt()
  const found = `nats-server ${info?.version} at ${nc.getServer()}: round trip ${roundTrip.toFixed(1)} ms, max_payload ${info?.max_payload}, JetStream ${info?.jetstream === true ? 'on' : 'off'}.`
  return [
    { status: 'ok', area: 'server', found },
    ...(info?.headers === true
      ? []
      : [
          {
            status: 'failed',
            area: 'server',
            found: 'The server has no headers, so nobody can answer requests.',
            remedy: 'Remove no_header_support from its configuration.',
          } as const,
        ]),
    ...(tracesMessages(nc.info?.version)
      ? []
      : [
          {
            status: 'note',
            area: 'server',
            found:
              'Before 2.11 there is no message tracing, and missing messages are requested from a stream one by one.',
          } as const,
        ]),
    ...(flags.jetstream !== undefined && !isAtLeast(2, 9)(info?.version)
      ? [
          {
            status: 'failed',
            area: 'server',
            found: 'A stream as replayer needs direct get.',
            remedy: 'Use nats-server 2.9.2 or newer.',
          } as const,
        ]
      : []),
  ]
}

const required = async (subject: string, flags: DoctorFlags, nc: NatsConnection, io: Io) => {
  const { role, addressing, sender, prefix, jetstream } = flags
  const stream = jetstream === undefined ? undefined : fromJetStream(jetstream, await streamOptionsOf(flags, io.env))
  return permissions(role, subject, {
    addressing,
    inboxPrefix: inboxPrefix(nc),
    ...(sender === undefined ? {} : { sender }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(stream === undefined || role !== 'receiver' ? {} : { replayer: firstOf(fromSender, stream) }),
  })
}

const checkStream = async (
  nc: NatsConnection,
  subject: string,
  flags: DoctorFlags,
  io: Io,
): Promise<ReadonlyArray<Check>> => {
  const { jetstream, addressing, prefix } = flags
  if (jetstream === undefined) return []
  try {
    const plan = await planStream(nc, jetstream, {
      subjects: [subject],
      addressing,
      ...(prefix === undefined ? {} : { prefix }),
      ...(await streamOptionsOf(flags, io.env)),
    })
    const found = explainStreamPlan(plan)
    if (plan._tag === 'Unchanged') return [{ status: 'ok', area: 'stream', found }]
    if (plan._tag === 'Incompatible') return [{ status: 'failed', area: 'stream', found }]
    const remedy = `Run \`nats-sequenced stream ${jetstream} '${subject}' --addressing ${addressing} --apply\`.`
    return [{ status: plan._tag === 'Create' ? 'failed' : 'warning', area: 'stream', found, remedy }]
  } catch (cause) {
    return [{ status: 'failed', area: 'stream', found: messageOf(cause) }]
  }
}

/** The subjects to trace: what the role publishes. A sample of data has no number, and a trace reaches nobody. */
const traced = (role: Role, { filter, prefix }: Feed): ReadonlyArray<string> => {
  const head = Subject.isSubject(filter) ? ControlSubject.head(prefix)(filter) : ControlSubject.headOfAll(prefix)
  return role === 'sender' && Subject.isSubject(filter) ? [`${filter}.doctor`] : [head]
}

const unanswered: Check = {
  status: 'unknown',
  area: 'sender',
  found: 'No sender answers a head request. Without the permissions above that says nothing.',
}

/** All checks, in the order in which they are printed. */
async function* checks(
  nc: NatsConnection,
  subject: string,
  flags: DoctorFlags,
  io: Io,
): AsyncGenerator<ReadonlyArray<Check>> {
  const filter = orThrow(Subject.explain)(Subject.parseFilter(subject))
  const feed: Feed = { filter, addressing: flags.addressing, prefix: parsePrefix(flags.prefix) }
  const rules = await required(subject, flags, nc, io)
  const listeningSince = performance.now()
  const heartbeats = listenToHeartbeats(nc, feed)
  yield await checkServer(nc, flags)
  const permitted = await checkPermissions(nc, flags.role, rules, flags.timeout)
  yield permitted
  yield await checkStream(nc, subject, flags, io)
  const answers = await requestHeads(nc, feed, flags.timeout)
  if (answers.length > 0) yield explainHeads(answers, feed)
  else if (permitted.some(check => check.status === 'failed')) yield [unanswered]
  // The user of a sender may run the doctor before the sender starts.
  else if (flags.role !== 'sender') yield explainHeads(answers, feed)
  if (tracesMessages(nc.info?.version))
    for (const target of traced(flags.role, feed)) yield explainTrace(target, await traceMessage(nc, target))
  const rest = answers.length === 0 ? 0 : flags.wait - (performance.now() - listeningSince)
  let timer: NodeJS.Timeout | undefined
  const elapsed = new Promise<void>(resolve => {
    timer = setTimeout(resolve, rest)
  })
  await Promise.race([elapsed, io.stop.asked])
  clearTimeout(timer)
  yield explainHeartbeats(heartbeats.stop(), answers, performance.now() - listeningSince)
}

const doctor = async (nc: NatsConnection, subject: string, flags: DoctorFlags, io: Io): Promise<ExitCode> => {
  const all: Array<Check> = []
  for await (const found of checks(nc, subject, flags, io)) {
    all.push(...found)
    if (flags.json !== true) for (const check of found) await io.out.line(Checks.text(check, io.out.colors))
  }
  const failed = all.filter(check => check.status === 'failed').length
  const warnings = all.filter(check => check.status === 'warning').length
  if (flags.json === true) await io.out.line(JSON.stringify({ failed, warnings, checks: all }, undefined, 2))
  else if (failed + warnings === 0) await io.out.line(io.out.colors.green('No problem was found.'))
  else await io.out.line(`${counted(failed, 'problem')}, ${counted(warnings, 'warning')}.`)
  return failed > 0 ? ExitCode.loss : ExitCode.done
}

const examples = `
Examples:
  Why does my receiver not get its messages?
    nats-sequenced doctor updates --creds receiver.creds
  May this user send as alice?
    nats-sequenced doctor updates --role sender --addressing perSender --sender alice --creds alice.creds
  Is the stream right, and does its API answer?
    nats-sequenced doctor 'prices.>' --jetstream PRICES

Run it as the user and against the server of your application. It publishes no messages: it sends head requests, and
tries permissions with subjects that have no number. On nats-server 2.11 and newer it traces where a message would go.

Exit codes: 0 no problem (there may be warnings); 1 a problem; 2 usage; 3 no connection.`

/** The command `doctor`. */
export const doctorCommand = (io: Io) =>
  withConnection(
    command(
      'doctor',
      'check permissions, server, stream and senders, and say what to change',
      'Checks what a role needs: server, permissions, stream, head request, heartbeats. Says what to change.',
    )
      .argument('<subject>', 'subject or filter of the application: updates, prices.>')
      .addOption(new Option('--role <role>', 'what the user does').choices(roles).default('receiver' as const))
      .addOption(addressingOption())
      .option('--sender <name>', 'name of the sender, for the role sender in perSender')
      .option('--jetstream <stream>', 'the stream that stores the messages')
      .addOption(
        new Option('--wait <duration>', 'how long to listen to heartbeats')
          .argParser(durationArgument)
          .default(6000, '6s'),
      )
      .option('--json', 'the checks as JSON')
      .addOption(prefixOption()),
  )
    .addHelpText('after', examples)
    .action((subject, flags) => run(io, () => withConnectionTo(flags, io, nc => doctor(nc, subject, flags, io), false)))
