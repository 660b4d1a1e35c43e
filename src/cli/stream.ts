/** `stream`: plans the stream of numbered messages, and creates or changes it. */
import { Option } from '@commander-js/extra-typings'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Addressing } from '../core/protocol/Origin.ts'
import { explainStreamPlan } from '../nats/stream/explain.ts'
import { planStream } from '../nats/stream/planStream.ts'
import type { StreamPlan } from '../nats/stream/StreamPlan.ts'
import { addressingOption, prefixOption } from './addressing.ts'
import { countArgument, durationArgument } from './arguments.ts'
import { command, run } from './command.ts'
import type { ConnectionFlags } from './connection.ts'
import { streamOptionsOf, withConnection, withConnectionTo } from './connection.ts'
import { ExitCode } from './ExitCode.ts'
import type { Io } from './Io.ts'

interface StreamFlags extends ConnectionFlags {
  readonly addressing: Addressing
  readonly apply?: true | undefined
  readonly json?: true | undefined
  readonly fence: boolean
  readonly maxAge?: number | undefined
  readonly maxBytes?: number | undefined
  readonly maxMessages?: number | undefined
  readonly storage?: 'file' | 'memory' | undefined
  readonly replicas?: number | undefined
  readonly prefix?: string | undefined
}

const toJson = (plan: StreamPlan): string =>
  JSON.stringify(plan, (_, value: unknown) => (typeof value === 'function' ? undefined : value), 2)

const stream = async (
  nc: NatsConnection,
  name: string,
  subjects: ReadonlyArray<string>,
  flags: StreamFlags,
  io: Io,
): Promise<ExitCode> => {
  const { addressing, fence, maxAge, maxBytes, maxMessages, storage, replicas, prefix } = flags
  const plan = await planStream(nc, name, {
    subjects,
    addressing,
    fence,
    ...(await streamOptionsOf(flags, io.env)),
    ...(maxAge === undefined ? {} : { maxAge }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(maxMessages === undefined ? {} : { maxMessages }),
    ...(storage === undefined ? {} : { storage }),
    ...(replicas === undefined ? {} : { replicas }),
    ...(prefix === undefined ? {} : { prefix }),
  })
  await io.out.line(flags.json === true ? toJson(plan) : explainStreamPlan(plan))
  if (plan._tag === 'Incompatible') return ExitCode.loss
  if (plan._tag === 'Unchanged') return ExitCode.done
  if (flags.apply !== true) {
    await io.err.line('Nothing was changed. Add --apply to do it.')
    return ExitCode.done
  }
  await plan.apply()
  await io.err.line(`Done: the stream ${name} is as planned.`)
  return ExitCode.done
}

const examples = `
Examples:
  What would be created or changed
    nats-sequenced stream UPDATES updates
  Create it, for one hour of messages
    nats-sequenced stream UPDATES updates 'prices.>' --max-age 1h --apply

Receivers request from the stream what the sender no longer has (sub --jetstream UPDATES).

Exit codes: 0 planned or done; 1 the stream can't serve these subjects; 2 usage; 3 no connection, or refused.`

/** The command `stream`. */
export const streamCommand = (io: Io) =>
  withConnection(
    command(
      'stream',
      'plan, create or change the stream of numbered messages',
      'Says what a JetStream stream of numbered messages needs. With --apply it creates or changes the stream.',
    )
      .argument('<name>', 'name of the stream: UPDATES')
      .argument('<subjects...>', 'subjects of the senders: updates, prices.>')
      .option('--apply', 'create or change the stream')
      .option('--json', 'the plan as JSON')
      .option('--no-fence', 'let the server store a second message of a number')
      .addOption(
        new Option('--max-age <duration>', 'age of the oldest message (new stream: 10m)').argParser(durationArgument),
      )
      .addOption(new Option('--max-bytes <n>', 'size of the stream (new stream: 512 MiB)').argParser(countArgument))
      .addOption(
        new Option('--max-messages <n>', 'number of messages (new stream: 1,000,000)').argParser(countArgument),
      )
      .addOption(new Option('--storage <kind>', 'where messages are kept').choices(['file', 'memory'] as const))
      .addOption(new Option('--replicas <n>', 'servers that keep the messages, 1 to 5').argParser(countArgument))
      .addOption(addressingOption())
      .addOption(prefixOption()),
  )
    .addHelpText('after', examples)
    .action((name, subjects, flags) =>
      run(io, () => withConnectionTo(flags, io, nc => stream(nc, name, subjects, flags, io))),
    )
