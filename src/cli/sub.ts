/** `sub`: prints numbered messages in order, and losses as they settle. */
import { Option } from '@commander-js/extra-typings'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Start } from '../core/protocol/Positions.ts'
import type { Delivery } from '../core/receiver/Delivery.ts'
import type { Subscription } from '../nats/receive/subscribe.ts'
import { subscribe } from '../nats/receive/subscribe.ts'
import { countArgument, startArgument } from './arguments.ts'
import { messageOf, serverError, usageError } from './CliError.ts'
import { command, run } from './command.ts'
import { withConnection, withConnectionTo } from './connection.ts'
import { json, noticeLine, text } from './deliveryText.ts'
import { ExitCode } from './ExitCode.ts'
import type { Io } from './Io.ts'
import type { PositionsFile } from './positionsFile.ts'
import { openPositionsFile } from './positionsFile.ts'
import type { ReceivingFlags } from './receiving.ts'
import { receivingOptions, withReceiving } from './receiving.ts'

interface SubFlags extends ReceivingFlags {
  readonly start: Start
  readonly positions?: string | undefined
  readonly count?: number | undefined
  readonly raw?: true | undefined
  readonly json?: true | undefined
}

const print = async (d: Delivery<Uint8Array>, flags: SubFlags, { out, err }: Io): Promise<void> => {
  if (flags.json === true) return out.line(json(d))
  if (flags.raw !== true) return out.line(text(d, out.colors))
  if (!('data' in d)) return err.line(noticeLine(d, err.colors))
  await out.write(d.data)
  return out.write('\n')
}

/** How often positions are saved, in ms. */
const saveInterval = 1000

/** Saves positions now and then. The returned function saves the last ones, and says if a save has failed. */
const saveRegularly = (subscription: Subscription, file: PositionsFile): (() => Promise<void>) => {
  let saving: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    saving = saving.then(() => file.save(subscription.positions()))
    saving.catch(() => subscription.close())
  }, saveInterval)
  return async () => {
    clearInterval(timer)
    await saving
    await file.save(subscription.positions())
  }
}

const sub = async (nc: NatsConnection, subject: string, flags: SubFlags, io: Io): Promise<ExitCode> => {
  const file = flags.positions === undefined ? undefined : await openPositionsFile(flags.positions)
  const options = await receivingOptions(flags, io.env)
  const subscription = subscribe(nc, subject, { ...options, start: file?.saved ?? flags.start })
  const finish = file === undefined ? async () => undefined : saveRegularly(subscription, file)
  void io.stop.asked.then(subscription.close)
  let messages = 0
  let hasLost = false
  for await (const d of subscription) {
    // This one was requested only so that the position includes the last printed one.
    if (messages === flags.count) break
    await print(d, flags, io)
    if (d._tag === 'Lost' || d._tag === 'Overflowed') hasLost = true
    if (d._tag === 'Message' || d._tag === 'Unsequenced') messages += 1
    if (messages === flags.count) subscription.close()
  }
  await finish()
  const error = await subscription.closed
  if (error !== undefined) throw serverError(messageOf(error))
  return hasLost ? ExitCode.loss : ExitCode.done
}

const examples = `
Examples:
  Print messages in order, with notices of what is missing
    nats-sequenced sub updates
  Payloads only; notices go to standard error
    nats-sequenced sub updates --raw > payloads.txt
  Numbers that were lost, as JSON
    nats-sequenced sub updates --json | jq 'select(._tag == "Lost")'
  Continue where the last run has stopped
    nats-sequenced sub updates --positions updates.json --start all

Messages after a gap wait until it is filled, at most the time of --gap-timeout. With --positions, the file has
priority over --start. The last message may be printed again after a crash. Use the file for one process at a time.

Exit codes: 0 nothing was lost (also after Ctrl-C); 1 messages were lost; 2 usage; 3 no connection or refused.`

/** The command `sub`. */
export const subCommand = (io: Io) =>
  withConnection(
    withReceiving(
      command(
        'sub',
        'print messages in order, and losses as they settle',
        'Subscribes to numbered messages, requests missing ones, and prints all in order.',
      )
        .argument('<subject>', 'subject or filter of the application: updates, prices.>')
        .option('--raw', 'payloads only, one per line')
        .option('--json', 'one line of JSON per message and notice')
        .addOption(
          new Option('--start <where>', 'new: the next message; all: the first of each run; a number')
            .argParser(startArgument)
            .default('new' satisfies Start, 'new'),
        )
        .option('--positions <file>', 'resume from this file, and save positions there')
        .addOption(new Option('--count <n>', 'end after this many messages').argParser(countArgument)),
    ),
  )
    .addHelpText('after', examples)
    .action((subject, flags) =>
      run(io, () => {
        if (flags.raw === true && flags.json === true) throw usageError('--raw and --json exclude each other.')
        return withConnectionTo(flags, io, nc => sub(nc, subject, flags, io))
      }),
    )
