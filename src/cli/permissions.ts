/** `permissions`: prints what a user needs. */
import { Argument, Option } from '@commander-js/extra-typings'
import type { Role } from '../nats/permissions/permissions.ts'
import { permissions } from '../nats/permissions/permissions.ts'
import { firstOf, fromJetStream, fromSender } from '../nats/receive/Replayer.ts'
import { addressingOption, prefixOption } from './addressing.ts'
import { command, run } from './command.ts'
import { ExitCode } from './ExitCode.ts'
import type { Io } from './Io.ts'

export const roles = ['sender', 'receiver', 'auditor', 'replayer'] as const satisfies ReadonlyArray<Role>

const examples = `
Roles:
  sender     publishes the subject       auditor    detects loss, and requests no messages
  receiver   subscribes to it            replayer   only requests single messages

Examples:
  For the configuration file of a server
    nats-sequenced permissions receiver 'prices.>'
  For a user JWT, one sender of several
    nats-sequenced permissions sender updates --addressing perSender --sender alice --format jwt

A user with several roles needs the permissions of all of them. It connects to no server.

Exit codes: 0 printed; 2 usage.`

/** The command `permissions`. */
export const permissionsCommand = (io: Io) =>
  command(
    'permissions',
    'print the permissions that a user needs',
    'Prints the permissions that a user needs for a role, for the configuration of a server or for a JWT.',
  )
    .addArgument(new Argument('<role>', 'what the user does').choices(roles))
    .argument('<subject>', 'subject or filter of the application: updates, prices.>')
    .addOption(
      new Option('--format <format>', 'for a configuration file, a user JWT, or as plain lists')
        .choices(['config', 'jwt', 'json'] as const)
        .default('config' as const),
    )
    .addOption(addressingOption())
    .option('--sender <name>', 'name of the sender, for the role sender in perSender')
    .option('--jetstream <stream>', 'the receiver also requests from this stream')
    .option('--js-domain <name>', 'JetStream domain of the stream')
    .option('--inbox-prefix <subject>', 'first tokens of the inboxes of receivers (default: _INBOX)')
    .option('--allow-responses', 'a sender answers with allow_responses instead of a rule for inboxes')
    .addOption(prefixOption())
    .addHelpText('after', examples)
    .action((role, subject, flags) =>
      run(io, async () => {
        const { addressing, sender, prefix, inboxPrefix, allowResponses, jetstream, jsDomain, format } = flags
        const domain = jsDomain === undefined ? {} : { domain: jsDomain }
        const rules = permissions(role, subject, {
          addressing,
          ...(sender === undefined ? {} : { sender }),
          ...(prefix === undefined ? {} : { prefix }),
          ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
          ...(allowResponses === undefined ? {} : { allowResponses }),
          ...(jetstream === undefined ? {} : { replayer: firstOf(fromSender, fromJetStream(jetstream, domain)) }),
        })
        const { publish, subscribe, config, jwt } = rules
        const asJson = format === 'jwt' ? jwt : { publish, subscribe }
        await io.out.line(format === 'config' ? `permissions: ${config}` : JSON.stringify(asJson, undefined, 2))
        return ExitCode.done
      }),
    )
