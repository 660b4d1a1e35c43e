/** How a command of this program is declared and run. */
import { Command } from '@commander-js/extra-typings'
import { isSequencedError } from '../nats/errors.ts'
import { CliError, messageOf } from './CliError.ts'
import { ExitCode } from './ExitCode.ts'
import type { Io } from './Io.ts'

/** A new subcommand. Errors of its command line end the process with `ExitCode.usage` (see `main.ts`). */
export const command = (name: string, summary: string, description: string) =>
  new Command(name)
    .summary(summary)
    .description(description)
    .exitOverride()
    .showHelpAfterError(`Run \`nats-sequenced ${name} --help\` for its options and examples.`)

/** What is wrong with an argument, a server or a stream: the exit code of an error of the library. */
const codeOf = (cause: unknown): ExitCode => {
  if (cause instanceof CliError) return cause.code
  if (!isSequencedError(cause)) return ExitCode.server
  switch (cause.reason._tag) {
    case 'Unconfirmed':
    case 'Unsettled':
    case 'Lost':
      return ExitCode.loss
    case 'SubscriptionRefused':
    case 'StreamUnavailable':
    case 'StreamRefused':
    case 'StreamIncompatible':
    case 'PlanOutdated':
    case 'Closed':
    case 'HistoryFull':
      return ExitCode.server
    default:
      return ExitCode.usage
  }
}

/** Runs the work of a command, shows its error, and sets the exit code of the process. */
export const run = async (io: Io, work: () => Promise<number>): Promise<void> => {
  try {
    process.exitCode = await work()
  } catch (cause) {
    await io.err.line(io.err.colors.red(messageOf(cause)))
    process.exitCode = codeOf(cause)
  }
}
