/** `pub`: numbers and publishes what standard input holds. */
import { readFile } from 'node:fs/promises'
import { Option } from '@commander-js/extra-typings'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Addressing } from '../core/protocol/Origin.ts'
import { isSequencedError } from '../nats/errors.ts'
import { explainSenderNotice } from '../nats/publish/explain.ts'
import type { Publisher } from '../nats/publish/publisher.ts'
import { publisher } from '../nats/publish/publisher.ts'
import { addressingOption, prefixOption } from './addressing.ts'
import { durationArgument, fromArgument } from './arguments.ts'
import { messageOf, usageError } from './CliError.ts'
import { command, run } from './command.ts'
import type { ConnectionFlags } from './connection.ts'
import { withConnection, withConnectionTo } from './connection.ts'
import { ExitCode } from './ExitCode.ts'
import { count, counted, perSecond } from './figures.ts'
import type { Io } from './Io.ts'
import { lines } from './lines.ts'
import type { Stop } from './Stop.ts'

interface PubFlags extends ConnectionFlags {
  readonly addressing: Addressing
  readonly sender?: string | undefined
  readonly from?: number | 'clock' | undefined
  readonly prefix?: string | undefined
  readonly files?: true | undefined
  readonly whole?: true | undefined
  readonly linger: number
}

const read = async (name: string): Promise<Uint8Array> => {
  try {
    return await readFile(name)
  } catch (cause) {
    throw usageError(`The file can't be read: ${messageOf(cause)}. With --files, each line of the input names a file.`)
  }
}

async function* whole(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks: Array<Uint8Array> = []
  for await (const chunk of input) chunks.push(chunk)
  yield Buffer.concat(chunks)
}

async function* namedFiles(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const name of lines(input)) yield await read(new TextDecoder().decode(name))
}

/** The payloads: one per line, one per named file, or the whole input. */
const payloads = (input: AsyncIterable<Uint8Array>, flags: PubFlags): AsyncGenerator<Uint8Array> => {
  if (flags.whole === true) return whole(input)
  return flags.files === true ? namedFiles(input) : lines(input)
}

/** What was published so far. */
interface Sent {
  messages: number
  bytes: number
  first: number
  last: number
}

/** How much is published before the client is flushed, so that a fast input does not fill the memory. */
const maxUnflushed = { messages: 1000, bytes: 1024 * 1024 }

const isFull = (cause: unknown): boolean => isSequencedError(cause) && cause.reason._tag === 'HistoryFull'

/** Waits for the reconnect while the history is full. `undefined` if the command is to end meanwhile. */
const publishWhenReady = async (updates: Publisher, payload: Uint8Array, stop: Stop): Promise<number | undefined> => {
  while (!stop.isAsked()) {
    try {
      return updates.publish(payload)
    } catch (cause) {
      if (!isFull(cause)) throw cause
    }
    await Promise.race([updates.ready(), stop.asked])
  }
  return undefined
}

const publishAll = async (
  nc: NatsConnection,
  updates: Publisher,
  flags: PubFlags,
  { stdin, stop }: Io,
  sent: Sent,
): Promise<void> => {
  let flushed = { messages: 0, bytes: 0 }
  void stop.asked.then(() => stdin.destroy())
  try {
    for await (const payload of payloads(stdin, flags)) {
      const number = await publishWhenReady(updates, payload, stop)
      if (number === undefined) return
      sent.last = number
      if (sent.messages === 0) sent.first = sent.last
      sent.messages += 1
      sent.bytes += payload.length
      if (
        sent.messages - flushed.messages >= maxUnflushed.messages ||
        sent.bytes - flushed.bytes >= maxUnflushed.bytes
      ) {
        // A flush fails at a disconnect. The publisher then sends again what the server has not confirmed.
        await nc.flush().catch(() => undefined)
        flushed = { messages: sent.messages, bytes: sent.bytes }
      }
    }
  } catch (cause) {
    // Standard input was destroyed to end the command.
    if (!stop.isAsked()) throw cause
  }
}

const progressInterval = 200

/** Shows the progress on a terminal until the returned function is called. */
const showProgress = ({ err }: Io, sent: Sent, isReading: () => boolean): (() => void) => {
  if (!err.isTerminal) return () => undefined
  const start = Date.now()
  const show = (): void => {
    const rate = (sent.messages * 1000) / Math.max(Date.now() - start, 1)
    const phase = isReading() ? `${perSecond(rate)}/s` : 'serving replays, Ctrl-C ends'
    err.frame(err.colors.dim(`${counted(sent.messages, 'message')}, ${count(sent.bytes)} bytes, ${phase}`))
  }
  const timer = setInterval(show, progressInterval)
  return () => {
    clearInterval(timer)
    err.endFrames(false)
  }
}

const showNotices = async (updates: Publisher, { err }: Io): Promise<void> => {
  for await (const notice of updates.notices()) await err.line(err.colors.yellow(explainSenderNotice(notice)))
}

const pause = (ms: number): { readonly elapsed: Promise<void>; readonly cancel: () => void } => {
  let timer: NodeJS.Timeout | undefined
  const elapsed = new Promise<void>(resolve => {
    timer = setTimeout(resolve, ms)
  })
  return { elapsed, cancel: () => clearTimeout(timer) }
}

const pub = async (nc: NatsConnection, subject: string, flags: PubFlags, io: Io): Promise<ExitCode> => {
  const { addressing, sender, from, prefix } = flags
  const updates = publisher(nc, subject, {
    addressing,
    ...(sender === undefined ? {} : { sender }),
    ...(from === undefined ? {} : { from }),
    ...(prefix === undefined ? {} : { prefix }),
  })
  showNotices(updates, io).catch(() => undefined)
  const sent: Sent = { messages: 0, bytes: 0, first: 0, last: 0 }
  let isReading = true
  const endProgress = showProgress(io, sent, () => isReading)
  try {
    await publishAll(nc, updates, flags, io, sent)
    isReading = false
    const linger = pause(flags.linger)
    if (sent.messages > 0) await Promise.race([linger.elapsed, io.stop.asked])
    linger.cancel()
    await updates.close()
  } finally {
    endProgress()
  }
  const range = sent.messages === 0 ? '' : `: ${updates.origin}.${sent.first} to ${updates.origin}.${sent.last}`
  await io.err.line(`Published ${counted(sent.messages, 'message')}${range}.`)
  return ExitCode.done
}

const examples = `
Examples:
  One message per line
    seq 1000 | nats-sequenced pub updates
  One message per file, with its content unchanged
    ls images/*.png | nats-sequenced pub images --files
  The whole input as one message
    nats-sequenced pub configuration --whole < config.json
  Beside other senders of the same subject
    nats-sequenced pub updates --addressing perSender --sender alice

Each run begins at 1. In the addressing single, receivers report that as a restart of the sender; with --from clock
the numbers never go back. After the input has ended, the command serves replay requests for the time of --linger.
Then it announces the end of the sequence. It keeps the last 65,536 messages, 32 MiB and 5 minutes for replays.

Exit codes: 0 the server has everything; 1 it has not confirmed everything; 2 usage; 3 no connection.`

/** The command `pub`. */
export const pubCommand = (io: Io) =>
  withConnection(
    command(
      'pub',
      'number and publish lines or files from standard input',
      'Numbers and publishes what standard input holds: each line is a message. Serves replay requests until it ends.',
    )
      .argument('<subject>', 'subject of the messages: updates is sent as updates.1, updates.2 …')
      .option('--files', 'each line names a file: its content is a message')
      .option('--whole', 'the whole input is one message')
      .addOption(addressingOption())
      .option('--sender <name>', 'name of this sender, for perSender')
      .addOption(
        new Option('--from <number>', 'first number, or "clock": microseconds since 2020 (default: 1)').argParser(
          fromArgument,
        ),
      )
      .addOption(
        new Option('--linger <duration>', 'how long to serve replays after the input has ended')
          .argParser(durationArgument)
          .default(2000, '2s'),
      )
      .addOption(prefixOption()),
  )
    .addHelpText('after', examples)
    .action((subject, flags) =>
      run(io, () => {
        if (flags.files === true && flags.whole === true) throw usageError('--files and --whole exclude each other.')
        return withConnectionTo(flags, io, nc => pub(nc, subject, flags, io))
      }),
    )
