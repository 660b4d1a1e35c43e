/** `replay`: requests messages again, from their sender or from a stream. */
import { Argument } from '@commander-js/extra-typings'
import type { NatsConnection } from '@nats-io/transport-node'
import * as E from 'fp-ts/lib/Either.js'
import { printable } from '../core/internal/codec.ts'
import { explainNotPermitted } from '../core/protocol/notPermitted.ts'
import * as SequenceNumber from '../core/protocol/SequenceNumber.ts'
import { streamAddress } from '../nats/client/streamApi.ts'
import type { Answer, Failure, Range } from '../nats/receive/requestReplay.ts'
import { replayRange } from '../nats/receive/requestReplay.ts'
import { prefixOption } from './addressing.ts'
import * as AddressRange from './addressRange.ts'
import { rangeArgument } from './arguments.ts'
import { CliError, messageOf, serverError, usageError } from './CliError.ts'
import { command, run } from './command.ts'
import type { ConnectionFlags } from './connection.ts'
import { streamOptionsOf, withConnection, withConnectionTo } from './connection.ts'
import { headerFields, payloadFields } from './deliveryText.ts'
import { ExitCode } from './ExitCode.ts'
import { counted } from './figures.ts'
import type { Io } from './Io.ts'
import { streamMessages } from './streamMessages.ts'

interface ReplayFlags extends ConnectionFlags {
  readonly jetstream?: string | undefined
  readonly prefix?: string | undefined
  readonly raw?: true | undefined
  readonly json?: true | undefined
}

const numbers = (first: number, last: number): string => (first === last ? `${first}` : `${first} to ${last}`)

const whyGone = {
  evicted: 'not held any more, or of another run',
  tooLarge: 'larger than max_payload of the server',
  unreadable: 'this client can not read their headers',
} as const

const explainMissing = (range: Range, answer: Exclude<Answer, { _tag: 'Replayed' }>): string =>
  `# ${range.origin.name}: ${numbers(answer.first, answer.last)}: ${
    answer._tag === 'NotSentYet' ? 'not sent yet' : whyGone[answer.reason]
  }.`

const toJson = (range: Range, answer: Answer): string => {
  const origin = range.origin.name
  if (answer._tag !== 'Replayed') return JSON.stringify({ ...answer, origin })
  const { _tag, number, reply } = answer
  return JSON.stringify({
    _tag,
    origin,
    number,
    reply,
    headers: headerFields(answer.headers),
    ...payloadFields(answer.data),
  })
}

const print = async (range: Range, answer: Answer, flags: ReplayFlags, { out, err }: Io): Promise<void> => {
  if (flags.json === true) return out.line(toJson(range, answer))
  if (answer._tag !== 'Replayed') {
    const to = flags.raw === true ? err : out
    return to.line(to.colors.yellow(explainMissing(range, answer)))
  }
  if (flags.raw !== true) {
    const subject = out.colors.cyan(`${range.origin.name}.${answer.number}`)
    return out.line(`${subject}  ${printable(new TextDecoder().decode(answer.data))}`)
  }
  await out.write(answer.data)
  // A single message is written as it is, so that it can go to a file.
  if (range.first !== range.last) await out.write('\n')
}

const failure = ({ origin }: Range, e: Failure): CliError => {
  switch (e._tag) {
    case 'NoResponders':
      return new CliError(
        ExitCode.loss,
        `No sender of ${origin.name} answers. Check its subject, or request from a stream with --jetstream.`,
      )
    case 'TimedOut':
      return serverError(
        `No answer within ${e.ms} ms. Check that this user may publish to _SEQ.REPLAY.${origin.name}.*, and raise --timeout.`,
      )
    case 'NotPermitted':
      return serverError(explainNotPermitted(e))
    case 'Refused':
      return serverError(`The sender refuses the request: ${printable(e.why)}.`)
    case 'ClientError':
      return serverError(`The client refuses the request: ${messageOf(e.cause)}.`)
  }
}

/** How many numbers are requested at a time, so that a large range is printed as it arrives. */
const pageLength = 1024

async function* fromItsSender(nc: NatsConnection, range: Range, flags: ReplayFlags): AsyncGenerator<Answer> {
  const { prefix, timeout } = flags
  const request = replayRange(nc, { timeout, ...(prefix === undefined ? {} : { prefix }) })
  for (let from: number = range.first; from <= range.last; from += pageLength) {
    const first = SequenceNumber.nearest(from)
    const last = SequenceNumber.nearest(Math.min(from + pageLength - 1, range.last))
    const page = await request({ origin: range.origin, first, last })()
    if (E.isLeft(page)) throw failure(range, page.left)
    yield* page.right
  }
}

const replay = async (nc: NatsConnection, range: Range, flags: ReplayFlags, io: Io): Promise<ExitCode> => {
  const { jetstream } = flags
  const answers =
    jetstream === undefined
      ? fromItsSender(nc, range, flags)
      : streamMessages(nc, streamAddress(jetstream, await streamOptionsOf(flags, io.env)), range, flags.timeout)
  let missing = 0
  for await (const answer of answers) {
    if (io.stop.isAsked()) break
    if (answer._tag !== 'Replayed') missing += answer.last - answer.first + 1
    await print(range, answer, flags, io)
  }
  if (missing > 0) await io.err.line(`${counted(missing, 'message')} of ${AddressRange.format(range)} not available.`)
  return missing > 0 ? ExitCode.loss : ExitCode.done
}

const examples = `
Examples:
  One message from its sender
    nats-sequenced replay updates.17
  A range, as JSON
    nats-sequenced replay updates.17-57 --json
  One message from a stream into a file, unchanged
    nats-sequenced replay images.17 --jetstream IMAGES --raw > image.png
  A message of one of several senders
    nats-sequenced replay updates.alice.@k3v9x0a1bz.17

A sender keeps the last 65,536 messages, 32 MiB and 5 minutes, unless set.

Exit codes: 0 all were printed; 1 some are not available; 2 usage; 3 no connection or no answer.`

/** The command `replay`. */
export const replayCommand = (io: Io) =>
  withConnection(
    command(
      'replay',
      'request messages again, from their sender or a stream',
      'Requests messages again by their numbers, and prints them.',
    )
      .addArgument(new Argument('<address>', 'updates.17, or a range: updates.17-57').argParser(rangeArgument))
      .option('--jetstream <stream>', 'request from this stream instead of the sender')
      .option('--raw', 'payloads only; a single one is written without a line feed')
      .option('--json', 'one line of JSON per answer')
      .addOption(prefixOption()),
  )
    .addHelpText('after', examples)
    .action((range, flags) =>
      run(io, () => {
        if (flags.raw === true && flags.json === true) throw usageError('--raw and --json exclude each other.')
        return withConnectionTo(flags, io, nc => replay(nc, range, flags, io))
      }),
    )
