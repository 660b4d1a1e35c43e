/** The options of commands that receive numbered messages. */
import type { Command } from '@commander-js/extra-typings'
import { Option } from '@commander-js/extra-typings'
import type { Addressing } from '../core/protocol/Origin.ts'
import { firstOf, fromJetStream, fromSender } from '../nats/receive/Replayer.ts'
import type { SubscribeOptions } from '../nats/receive/subscribe.ts'
import { addressingOption, prefixOption } from './addressing.ts'
import { durationArgument } from './arguments.ts'
import type { ConnectionFlags } from './connection.ts'
import { streamOptionsOf } from './connection.ts'
import type { Env } from './natsContext.ts'

/** The values of the options of `withReceiving`. */
export interface ReceivingFlags extends ConnectionFlags {
  readonly addressing: Addressing
  readonly prefix?: string | undefined
  readonly jetstream?: string | undefined
  readonly gapTimeout?: number | undefined
}

/** Adds the options of a receiver to a command. */
export const withReceiving = <A extends unknown[], O extends Record<string, unknown>>(command: Command<A, O>) =>
  command
    .addOption(addressingOption())
    .option('--jetstream <stream>', 'request what the sender no longer has from this stream')
    .addOption(
      new Option('--gap-timeout <duration>', 'how long to wait for missing messages (default: 2s)').argParser(
        durationArgument,
      ),
    )
    .addOption(prefixOption())

/** The options for `subscribe`. */
export const receivingOptions = async (flags: ReceivingFlags, env: Env): Promise<SubscribeOptions> => {
  const { addressing, prefix, jetstream, gapTimeout } = flags
  const stream = jetstream === undefined ? undefined : fromJetStream(jetstream, await streamOptionsOf(flags, env))
  return {
    addressing,
    ...(prefix === undefined ? {} : { prefix }),
    ...(stream === undefined ? {} : { replayer: firstOf(fromSender, stream) }),
    ...(gapTimeout === undefined ? {} : { gapTimeout }),
  }
}
